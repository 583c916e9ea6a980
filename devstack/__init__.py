"""RUNS IT: the real servers of the demo and the tests."""
