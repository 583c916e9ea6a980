"""The pages about customers: who owes what, and one customer whole."""
