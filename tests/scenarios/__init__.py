"""Stories through the whole stack: real servers, and what happens to them."""
