"""ACTS: every side effect of a collection, as Temporal activities."""
