"""Reads: return values, change nothing, every one bounded."""
