"""The way to the servers: the settings, the ledger and the processes, or one line that says what is wrong."""
