"""Smart rules in the ledger: kept in order, asked where facts change, carried out, logged, told of."""
