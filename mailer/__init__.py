"""SPEAKS: renders and sends messages."""
