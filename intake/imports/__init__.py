"""Imports: files that are taken into the ledger page by page, each row with what became of it."""
