"""The pages one by one: each module has a router with the routes of one subject."""
