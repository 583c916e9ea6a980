"""Carries out what somebody at the command line orders: reads files, asks, changes the ledger, tells processes."""
