"""Tests of the core: worked examples with their dates, edges, and promises over random cadences."""
