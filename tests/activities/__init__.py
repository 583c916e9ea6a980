"""Tests of what the activities do in the ledger."""
