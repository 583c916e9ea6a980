"""Writes: verbs; the caller's transaction commits at the edge."""
