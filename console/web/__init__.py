"""The pages: what people see in a browser, on the same operations as the API and the command line."""
