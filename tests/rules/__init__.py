"""Tests of the smart rules: what they say, what they mean, and how it is written down."""
