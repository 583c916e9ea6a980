"""Tests of the production shape, as far as they go without a container engine."""
