"""payment and credit-note: money of a customer is booked, seen, moved and taken back by command."""

from tests.console.conftest import RunHere
from tests.installation import Installation


def test_a_payment_is_booked_seen_moved_and_reversed(installation: Installation, here: RunHere) -> None:
    """Rules 3.14 and 3.16; each invoice of the installation is over 1,200 EUR."""
    for number in ("INV-1", "INV-2"):
        installation.invoice(number, due_in_days=20)
    customer = here("status", "INV-1", "--json").data["customer"]
    today = installation.today

    booked = here("payment", "add", customer, "1500", "eur", "--to", "INV-2=200.5", "--oldest", "--id", "P-1")
    again = here("payment", "add", customer, "1500", "EUR", "--to", "INV-2=200.5", "--oldest", "--id", "P-1")
    shown, listed = here("payment", "show", "P-1"), here("payment", "list", "--customer", customer)
    taken_off = here("payment", "unallocate", "P-1", "INV-1", "--json").data
    allocated = here("payment", "allocate", "P-1", "--to", "INV-2", "--json").data
    reversed_ = here("payment", "reverse", "P-1")

    assert booked.out.startswith(
        "P-1: booked.\n  INV-2: 200.50 EUR\n  INV-1: 1200.00 EUR\n  unallocated: 99.50 EUR\nThe processes will"
    )
    assert again.out.startswith("P-1: nothing changed.")
    assert shown.out.startswith(f"P-1: 1500.00 EUR of {today}, ")
    assert listed.out.splitlines()[1].split()[:2] == ["P-1", str(today)]
    assert (taken_off["unallocated"], taken_off["changed"]) == ("1299.50", True)
    assert allocated["allocations"] == [{"invoice": "INV-2", "amount": "1200.00"}]
    assert reversed_.out.startswith("P-1: reversed.\n")
    assert f"Reversed on {today}." in here("payment", "show", "P-1").out
    assert here("payment", "list", "--json").data["payments"][0]["reversed_on"] == str(today)


def test_a_credit_note_is_booked_and_made_void(installation: Installation, here: RunHere) -> None:
    """Rules 3.15 and 3.16."""
    installation.invoice("INV-1", due_in_days=20)
    customer = here("status", "INV-1", "--json").data["customer"]

    booked = here("credit-note", "add", customer, "CN-1", "1300", "EUR", "--to", "INV-1=100", "--json").data
    more = here("credit-note", "allocate", "CN-1", "--oldest", "--json").data
    less = here("credit-note", "unallocate", "CN-1", "--json").data
    voided = here("credit-note", "void", "CN-1")

    assert (booked["number"], booked["unallocated"], booked["told"]) == ("CN-1", "1200.00", False)
    assert more["allocations"] == [{"invoice": "INV-1", "amount": "1200.00"}]
    assert (less["allocations"], less["unallocated"]) == ([], "1300.00")
    assert voided.out == "CN-1: void.\n"
    assert "void since" in here("credit-note", "list").out
    assert here("credit-note", "show", "CN-1", "--json").data["voided_on"] == str(installation.today)


def test_what_cannot_be_booked_is_said_in_one_line(installation: Installation, here: RunHere) -> None:
    installation.invoice("INV-1", due_in_days=20)
    customer = here("status", "INV-1", "--json").data["customer"]

    here("payment", "add", customer, "5", "EUR", "--to", "INV-404").failed(2, "there is no invoice 'INV-404'")
    here("payment", "add", customer, "5", "EUR", "--to", "INV-1=x").failed(2, "'x' is not an amount")
    here("payment", "add", "C-404", "5", "EUR").failed(2, "there is no customer 'C-404'")
    here("payment", "show", "P-404").failed(2, "there is no payment 'P-404'")
    here("payment", "reverse", "P-404").failed(2, "there is no payment 'P-404'")
    here("credit-note", "void", "99").failed(2, "there is no credit note '99'")
    here("payment", "list", "--customer", "C-404").failed(2, "there is no customer 'C-404'")
    assert here("payment", "list").out == "There is nothing to list.\n"
