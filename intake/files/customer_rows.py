"""Customer rows: whom a row is about; what rows say differently about one customer is a contradiction."""

from dataclasses import dataclass
from operator import itemgetter

from intake import cells
from intake.files.column_values import FileColumns
from intake.files.rows import CustomerRow, StatedContact, StatedCustomer
from intake.files.tables import Cell
from intake.problems import Problem, Wrong, visible

CUSTOMER_COLUMNS = (
    "customer_id",
    "customer_name",
    "locale",
    "payment_term_days",
    "contact_role",
    "email",
    "contact_first_name",
    "contact_last_name",
)

Facts = tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Party:
    """The customer of a row and the contact that it names, if it does."""

    customer: StatedCustomer
    contact: StatedContact | None


class PartyReader:
    """Reads whom the rows are about.

    Nearly all rows repeat what rows before them said of their customer. A row whose cells are the same, letter by
    letter, as those of a good row needs no second look.
    """

    def __init__(self, columns: FileColumns, custom_prefix: str, *, one_contact_per_role: bool) -> None:
        self._found = columns.found
        self._own = columns.getter(CUSTOMER_COLUMNS)
        self._custom = columns.custom(custom_prefix)
        self._empty_is_said = custom_prefix == "custom."
        self._key = itemgetter(*columns.places(CUSTOMER_COLUMNS), *self._custom.places)
        self._one_contact_per_role = one_contact_per_role
        self._parties: dict[tuple[Cell, ...], Party] = {}
        self._contradictions = Contradictions()
        self._id = columns.texts("customer_id", cells.parse_identifier)
        self._name = columns.texts("customer_name", cells.parse_name)
        self._locale = columns.texts("locale", cells.parse_locale)
        self._term = columns.texts("payment_term_days", cells.parse_term)
        self._role = columns.texts("contact_role", cells.parse_role)
        self._email = columns.texts("email", cells.parse_email)
        self._first_name = columns.texts("contact_first_name", cells.parse_name)
        self._last_name = columns.texts("contact_last_name", cells.parse_name)

    def read(self, given: list[Cell]) -> Party | None:
        """Return the party, or None after reporting what is wrong with it or contradicts earlier rows."""
        key = self._key(given)
        party = self._parties.get(key)
        if party is None and (party := self._read(given)) is not None:
            self._parties[key] = party
        return party

    def _read(self, given: list[Cell]) -> Party | None:
        before = len(self._found.problems)
        number, name, locale, term, role, email, first, last = self._own(given)
        customer_id, customer_name = self._id[number], self._name[name]
        locale_, term_days = self._locale[locale], self._term[term]
        stated = StatedContact(
            self._role[role] or "main", self._email[email], self._first_name[first], self._last_name[last]
        )
        custom = self._custom.read(given)
        if not self._empty_is_said:
            custom = tuple(pair for pair in custom if pair[1] is not None)
        if customer_id is not None:
            facts: Facts = (
                ("customer_name", customer_name),
                ("locale", locale_),
                ("payment_term_days", term_days),
            )
            if self._one_contact_per_role:
                facts += (
                    (f"{stated.role} email", stated.email),
                    (f"{stated.role} contact_first_name", stated.first_name),
                    (f"{stated.role} contact_last_name", stated.last_name),
                )
            facts += tuple((f"custom.{key}", value) for key, value in custom)
            self._found.problems += self._contradictions.of(self._found.line, customer_id, facts)
        if len(self._found.problems) > before or customer_id is None or customer_name is None:
            return None
        says_something = stated.email or stated.first_name or stated.last_name
        customer = StatedCustomer(customer_id, customer_name, locale_, term_days, custom)
        return Party(customer, stated if says_something else None)


class Contradictions:
    """Remembers what the rows said of their customers.

    Faulty rows count: mending one must not bring up a contradiction that could have been told before. A fact is
    compared where it is given; a row that leaves it empty says nothing about it.
    """

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], tuple[int, object]] = {}

    def of(self, line: int, customer_id: str, facts: Facts) -> list[Problem]:
        """Remember what is new about the customer and return what differs."""
        problems = []
        for column, value in facts:
            if value is None:
                continue
            earlier, known = self._facts.setdefault((customer_id, column), (line, value))
            if known != value:
                wrong = Wrong(
                    f"not what line {earlier} says of the same customer", f"{visible(str(known))} on all its rows"
                )
                # The facts of a contact bear its role in front of their column.
                problems.append(wrong.at(line, column.rpartition(" ")[2], str(value)))
        return problems


class CustomerRowReader:
    """Reads rows of customers, each with one contact or none."""

    def __init__(self, columns: FileColumns) -> None:
        self._found = columns.found
        self._parties = PartyReader(columns, "custom.", one_contact_per_role=False)
        self._contacts: dict[tuple[str, str], int] = {}

    def read(self, given: list[Cell]) -> CustomerRow | None:
        """Return the row, or None after reporting what is wrong with it."""
        party = self._parties.read(given)
        if party is None:
            return None
        contact, line = party.contact, self._found.line
        customer_id = party.customer.customer_id
        who = "" if contact is None else f"as {contact.role}" if contact.email is None else contact.email.lower()
        earlier = self._contacts.setdefault((customer_id, who), line)
        if earlier != line:
            wrong = Wrong(f"a repetition of line {earlier}", "every contact of a customer once")
            self._found.report("customer_id", customer_id, wrong)
            return None
        if contact is not None and contact.role == "main":
            # Messages without a role of their own go to the main contact: there is one.
            earlier = self._contacts.setdefault((customer_id, "the main contact"), line)
            if earlier != line:
                wrong = Wrong(f"a second main contact beside line {earlier}", "one main contact of a customer")
                self._found.report("contact_role", contact.role, wrong)
                return None
        return CustomerRow(line, party.customer, contact)

    def finish(self) -> list[CustomerRow]:
        """Return the rows that had to wait for the end of the file: none."""
        return []
