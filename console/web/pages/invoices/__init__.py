"""The pages about invoices: the list with what can be done to many, and one invoice whole."""
