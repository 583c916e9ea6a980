"""Tests of what is said and of how it leaves the house: templates, bytes, and a real SMTP server."""
