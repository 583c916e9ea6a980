"""Smart rules: which cadence, visibility and notification an invoice gets by itself. Pure: no clock, no I/O."""
