"""Reads files of customers, invoices, payments and credit notes: from bytes to typed rows and problems."""
