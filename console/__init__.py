"""SHOWS: the command line (and later the pages and the API)."""
