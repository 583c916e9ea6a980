"""What the menu leads to, in its order: each entry is shown to those whose role may see the page."""

from dataclasses import dataclass

from console.web.words import N_
from db.queries.access import Role

ACCOUNT = "/account"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the menu."""

    path: str
    label: str
    role: Role

    def is_at(self, path: str) -> bool:
        """Say whether the path is the page, or one below it."""
        return path == self.path or path.startswith(f"{self.path}/")


ENTRIES = (
    Entry("/overview", N_("Overview"), Role.MEMBER),
    Entry("/actions", N_("Actions"), Role.MEMBER),
    Entry("/invoices", N_("Invoices"), Role.MEMBER),
    Entry("/customers", N_("Customers"), Role.MEMBER),
    Entry("/cadences", N_("Cadences"), Role.MEMBER),
    Entry("/templates", N_("Templates"), Role.MEMBER),
    Entry("/rules", N_("Smart rules"), Role.MEMBER),
    Entry("/intake", N_("Intake"), Role.ADMIN),
    Entry("/jobs", N_("Jobs"), Role.ADMIN),
    Entry("/settings", N_("Settings"), Role.ADMIN),
    Entry("/audit", N_("Audit log"), Role.ADMIN),
)


def entries_for(role: Role) -> tuple[Entry, ...]:
    """Return what the menu shows to the role."""
    return tuple(entry for entry in ENTRIES if role.may_act_as(entry.role))


def first_page(role: Role) -> str:
    """Return the page that people of the role begin with."""
    entries = entries_for(role)
    return entries[0].path if entries else ACCOUNT
