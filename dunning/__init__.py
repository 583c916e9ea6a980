"""DECIDES: when and whether to contact; values and pure functions."""
