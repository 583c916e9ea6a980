"""Books of many invoices, each of its own customer, as the files that people import."""

import csv
import io
from datetime import date, timedelta


def book(numbers: range, today: date, due_in_days: int) -> bytes:
    """Return a file of invoices INV-n of customers C-n, whose address is c-n@customers.example."""
    due_on = today + timedelta(days=due_in_days)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = "invoice_number customer_id customer_name issue_date due_date currency total email"
    writer.writerow(header.split())
    for number in numbers:
        name, email = f"Customer {number}", f"c-{number}@customers.example"
        issued_on = due_on - timedelta(days=30)
        writer.writerow([f"INV-{number}", f"C-{number}", name, issued_on, due_on, "EUR", "100.00", email])
    return text.getvalue().encode()
