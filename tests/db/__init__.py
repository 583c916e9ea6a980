"""Tests of the ledger on a real PostgreSQL: its shape, its invariants, its operations, its bounds."""
