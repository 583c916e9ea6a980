"""Tests of the building plan: each contract is broken once, to see that somebody would notice."""
