"""The REST API: what the command line can do, for programs (docs/api.md)."""
