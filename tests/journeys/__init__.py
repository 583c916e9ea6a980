"""Whole journeys of people: a real browser at the served pages, with worker, ledger, Temporal and mail behind."""
