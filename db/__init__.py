"""REMEMBERS: the ledger; the only package that speaks SQL."""
