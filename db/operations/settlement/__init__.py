"""What settles invoices: payments and credit notes, their allocations, and taking them back."""
