"""SHOWS: the command line and the API, each on its own, and what both show (later the pages too)."""
