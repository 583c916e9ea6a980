"""What the accounts state: customers, invoices and the fields that an organization adds, one or a page at once."""
