"""Changes the organization's settings, and lets every open collection look again."""

from collections.abc import Mapping
from typing import Any

from db.engine import Engine, Session, transaction
from db.operations.audit import note
from db.operations.organization import change_organization, lock_organization
from db.operations.outbox import owe_open_collections
from db.queries.organization import organization_name
from intake.clerk_orders import Clerk
from intake.organization_settings import SETTINGS, require_sound

PAGE_COLLECTIONS = 1000


class OrganizationOrders(Clerk):
    """What a person may order about the organization."""

    __slots__ = ()

    def change_settings(self, settings: Mapping[str, Any]) -> tuple[list[str], bool]:
        """Change the settings; return those that were others before, and whether they say when one is contacted.

        Then open collections have to look again: see `look_again`. Raises WrongSetting if they contradict what
        stays, and LedgerUnavailable.
        """
        with self._transaction() as session:
            before = lock_organization(session)
            require_sound({**before, **settings})
            changed = [name for name, value in settings.items() if before[name] != value]
            if changed:
                change_organization(session, **{name: settings[name] for name in changed})
                self._note_changed(session, changed)
        return changed, any(SETTINGS[name].is_about_when for name in changed)

    def change_logo(self, logo: tuple[bytes, str] | None) -> bool:
        """Show the image in messages from now on, or none; say whether that is new. Raises LedgerUnavailable."""
        content, media_type = logo or (None, None)
        with self._transaction() as session:
            if lock_organization(session)["logo"] == content:
                return False
            change_organization(session, logo=content, logo_type=media_type)
            self._note_changed(session, ["logo"])
        return True

    def _note_changed(self, session: Session, changed: list[str]) -> None:
        name = organization_name(session)
        note(session, self._acting(), "settings changed", "organization", name, changed=changed)


def look_again(engine: Engine, by: str) -> int:
    """Let every open collection look again, in pages; return how many. Raises LedgerUnavailable."""
    count, after_id = 0, 0
    while True:
        with transaction(engine) as session:
            page = owe_open_collections(session, after_id, PAGE_COLLECTIONS, {"by": by})
        if not page:
            return count
        count, after_id = count + len(page), page[-1]
