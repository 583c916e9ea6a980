"""Paired, reproducible measurements."""
