"""Tests: one folder for each package; the name of a test is a claim."""
