"""The ledger's tables, by what they know."""
