"""My account: name, language, password, and where one is signed in."""

from dataclasses import replace
from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from console.web.agents import agent_name
from console.web.guard import needs, page_router
from console.web.languages import OFFERED
from console.web.navigation import ACCOUNT
from console.web.visit import Visit, Visiting, visit_by
from db.engine import transaction
from db.operations.refusal import Refused
from db.queries.access import Role, account_named, sessions_of
from intake.passwords import CHARACTERS_MAX, CHARACTERS_MIN, is_password

router = page_router()


@router.get(ACCOUNT, **needs(Role.MEMBER))
def account_page(visit: Visiting) -> Response:
    """Show the account."""
    return _show(visit)


@router.post(f"{ACCOUNT}/profile", **needs(Role.MEMBER))
def change_profile(visit: Visiting, name: Annotated[str, Form()], locale: Annotated[str, Form()] = "") -> Response:
    """Change name and language."""
    if locale and locale not in OFFERED and locale != visit.user.locale:
        raise Refused("This language is not offered.")
    try:
        with visit.work() as work:
            is_renamed = name.strip() != visit.user.name and work.desk.change_user(
                visit.user.email, name, None, None
            )
            if not (work.desk.set_locale(visit.user.email, locale or None) or is_renamed):
                work.nothing_changed()
    except Refused as refusal:
        return _show(visit, profile_problem=refusal.said, name=name)
    return visit.go(ACCOUNT, said=_reader_after(visit, locale).text("Your account is saved."))


@router.post(f"{ACCOUNT}/password", **needs(Role.MEMBER))
def change_password(
    visit: Visiting,
    new: Annotated[str, Form(max_length=1000)],
    repeated: Annotated[str, Form(max_length=1000)],
    current: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Change the password; all other sessions end."""
    user = visit.user
    with transaction(visit.web.engine) as session:
        account = account_named(session, user.email)
    wait_seconds = visit.web.attempts.begin(visit.address, user.email, f"session {user.session_id}")
    if wait_seconds is not None:
        return _show(visit, password_problem=visit.text("Too many attempts. Try again later."), status=429)
    if account is None or (account.password_hash and not is_password(current, account.password_hash)):
        return _show(visit, password_problem=visit.text("Your current password is not right."))
    if new != repeated:
        return _show(visit, password_problem=visit.text("The two new passwords are not the same."))
    if not CHARACTERS_MIN <= len(new) <= CHARACTERS_MAX:
        said = visit.text(
            "A password has at least %(count)s characters; a few words will do.", count=CHARACTERS_MIN
        )
        return _show(visit, password_problem=said)
    try:
        with visit.work() as work:
            work.desk.set_password(user.email, new, stays_session_id=user.session_id)
    except Refused:
        said = visit.text("This password is the first that anybody would try. Take another one.")
        return _show(visit, password_problem=said)
    return visit.go(ACCOUNT, said=visit.text("Your password is changed, and you are signed out everywhere else."))


@router.post(f"{ACCOUNT}/sessions/{{session_id}}/end", **needs(Role.MEMBER))
def end_session(visit: Visiting, session_id: int) -> Response:
    """Sign out in another browser."""
    with visit.work() as work:
        if not work.desk.end_session(visit.user.email, session_id):
            work.nothing_changed()
    return visit.go(ACCOUNT, said=visit.text("That session has ended."))


def _show(
    visit: Visit,
    *,
    profile_problem: str | None = None,
    password_problem: str | None = None,
    name: str | None = None,
    status: int | None = None,
) -> Response:
    with transaction(visit.web.engine) as session:
        sessions = sessions_of(session, visit.user.user_id, visit.now)
    return visit.page(
        "pages/account.html",
        status=status or (422 if profile_problem or password_problem else 200),
        sessions=sessions,
        agent=agent_name,
        name=visit.user.name if name is None else name,
        profile_problem=profile_problem,
        password_problem=password_problem,
        characters_min=CHARACTERS_MIN,
    )


def _reader_after(visit: Visit, locale: str) -> Visit:
    """Return the visit as its reader is from now on."""
    return visit_by(visit.request, replace(visit.user, locale=locale or None))
