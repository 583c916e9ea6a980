"""Users, groups, senders and PDFs by command: each says in one line what it did, or why not."""

import re
from io import StringIO
from pathlib import Path

import pytest

from devstack.mail_store import parse
from tests.console.conftest import RunHere
from tests.installation import Installation

ANA, BO = "ana@duewell.example", "bo@duewell.example"
PDF = b"%PDF-1.7\n...\n%%EOF\n"


def test_empty_lists_say_what_holds_without_them(installation: Installation, here: RunHere) -> None:
    users, groups, senders = (here(of, "list").out for of in ("user", "group", "sender"))

    assert users == "There are no users yet, see duewell user add; to-dos go to Cash Collectors.\n"
    assert groups == "There are no groups yet, see duewell group add.\n"
    own = "the organization's own address, Duewell Test <ar@duewell.example>.\n"
    assert senders == f"There is no sender: messages go out from {own}"
    here("sender", "add", ANA, "--name", "Ana Lima")
    assert here("sender", "list").out.endswith(f"What names no sender goes out from {own}")


def test_what_is_pasted_is_taken(installation: Installation, here: RunHere) -> None:
    details = ("--phone", "+33\N{NO-BREAK SPACE}1", "--signature", "Ana\r\nTél.\N{NO-BREAK SPACE}: 1")

    assert here("user", "add", ANA, "--name", "Ana\N{NO-BREAK SPACE}Lima", *details).code == 0
    assert here("group", "add", "Cash\N{NO-BREAK SPACE}Collectors", "--member", ANA).code == 0

    told = installation.rows("SELECT name, phone, signature FROM users")
    assert told == [("Ana Lima", "+33 1", "Ana\nTél.\N{NO-BREAK SPACE}: 1")]
    assert here("group", "delete", "Cash\N{NO-BREAK SPACE}Collectors").code == 2
    assert here("group", "list", "--json").data[0]["name"] == "Cash Collectors"


def test_a_team_is_built(installation: Installation, here: RunHere) -> None:
    assert here("user", "add", ANA, "--name", "Ana Lima", "--phone", "+33 1").out == f"{ANA} is a user.\n"
    here("user", "add", BO, "--name", "Bo")
    assert here("group", "add", "Cash Collectors", "--member", ANA).out == "Cash Collectors is a group.\n"
    members = here("group", "members", "Cash Collectors", "--add", BO, "--remove", ANA, "--json")
    here("user", "change", BO, "--name", "Bo Ek", "--phone", "")

    users, groups = here("user", "list", "--json").data, here("group", "list", "--json").data

    assert members.data["members"] == [BO]
    assert [(one["email"], one["name"], one["groups"]) for one in users] == [
        (ANA, "Ana Lima", []),
        (BO, "Bo Ek", ["Cash Collectors"]),
    ]
    assert groups == [{"name": "Cash Collectors", "members": [BO], "open_todos": 0}]
    assert BO in here("group", "list").out
    assert here("user", "deactivate", BO).out == f"{BO} is inactive.\n"
    assert "inactive" in here("user", "list").out
    here("organization", "--set", f"todo_owner={ANA}")
    assert here("group", "delete", "Cash Collectors").out == "Cash Collectors is deleted.\n"


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (("user", "add", "ana", "--name", "Ana"), "'ana' is not an email address"),
        (("user", "add", ANA, "--name", " "), "' ' is no name"),
        (("user", "add", ANA, "--name", "a\nb"), "more than one line"),
        (("user", "add", ANA, "--name", "Ana", "--phone", "1\n2"), "more than one line"),
        (("user", "change", ANA, "--name", "x"), "there is no user"),
        (("user", "deactivate", ANA), "there is no user"),
        (("group", "add", "a@b"), "without @"),
        (("group", "add", "Team", "--member", ANA), "there is no user"),
        (("group", "members", "Team", "--add", ANA), "there is no group 'Team'; there is none"),
        (("group", "delete", "Team"), "there is no group"),
        (("sender", "add", "ana", "--name", "Ana"), "'ana' is not an email address"),
        (("sender", "add", ANA, "--name", "Ana", "--minute-max", "0"), "0 is no limit"),
        (("sender", "add", ANA, "--name", "Ana", "--user", BO), "no active user"),
        (("sender", "change", ANA, "--name", "x"), "there is no sender"),
        (("sender", "verify", ANA), "there is no sender"),
        (("sender", "verify", ANA, "--trusted"), "there is no sender"),
        (("sender", "verify", ANA, "--code", "x", "--trusted"), "not both"),
        (("sender", "default", ANA), "there is no sender"),
        (("sender", "delete", ANA), "there is no sender"),
        (("attach", "INV-404"), "say a file, or --remove"),
        (("attach", "INV-404", "--remove"), "there is no invoice 'INV-404'"),
        (("attach", "INV-404", "away.pdf"), "cannot be read: No such file"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    installation: Installation, here: RunHere, order: tuple[str, ...], said: str
) -> None:
    here(*order).failed(2, said)


def test_a_sender_is_verified_by_the_code_that_it_got(installation: Installation, there: RunHere) -> None:
    added = there("sender", "add", ANA, "--name", "Ana", "--minute-max", "30", "--reply-to", BO)
    assert added.out == f"{ANA} is a sender; verify it with: duewell sender verify {ANA}.\n"
    assert "not verified" in there("sender", "list").out

    there("sender", "verify", ANA)
    (mail,) = installation.mails()
    assert installation.stack.mail is not None
    part = parse(installation.stack.mail.raw(mail.id)).get_body(("plain",))
    assert part is not None
    body = part.get_content()
    (code,) = re.findall(r"--code (\w+)", body)
    there("sender", "verify", ANA, "--code", "wrong").failed(2, "not the code")

    assert there("sender", "verify", ANA, "--code", code).out == f"{ANA} is verified.\n"
    assert there("sender", "default", ANA).out == f"messages go out from {ANA}.\n"
    (line,) = there("sender", "list", "--json").data
    assert (line["is_default"], line["minute_max"], line["reply_to"]) == (True, 30, BO)
    there("sender", "change", ANA, "--minute-max", "0")
    assert there("sender", "list", "--json").data[0]["minute_max"] is None
    there("sender", "default", "none")
    assert there("sender", "delete", ANA).out == f"{ANA} is no sender any more.\n"


def test_a_code_that_cannot_be_sent_is_said(installation: Installation, here: RunHere) -> None:
    here("sender", "add", ANA, "--name", "Ana")

    here("sender", "verify", ANA).failed(2, f"the code could not be sent to {ANA}")


def test_a_pdf_is_attached_and_taken_away(installation: Installation, here: RunHere, tmp_path: Path) -> None:
    installation.invoice("INV-1")
    path = tmp_path / "invoice 1.pdf"
    path.write_bytes(PDF)

    assert here("attach", "INV-1", str(path)).out == "invoice 1.pdf goes with messages about INV-1.\n"
    assert here("attach", "INV-1", str(path)).out == "nothing changed.\n"
    assert installation.rows("SELECT name, content FROM invoice_files") == [("invoice 1.pdf", PDF)]
    assert here("attach", "INV-1", "--remove").out == "no PDF goes with messages about INV-1.\n"
    assert installation.happened()[-2:] == ["file attached", "file removed"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04", "it is no PDF"),
        (PDF[:-7], "it is cut off"),
        (PDF + bytes(10 * 1024 * 1024), "at most 10 can be sent"),
    ],
)
def test_what_cannot_be_sent_is_not_attached(
    installation: Installation, here: RunHere, tmp_path: Path, content: bytes, said: str
) -> None:
    installation.invoice("INV-1")
    path = tmp_path / "invoice.pdf"
    path.write_bytes(content)

    here("attach", "INV-1", str(path)).failed(2, "cannot be attached", said)


def test_a_cadence_is_not_published_with_a_sender_that_is_not_there(
    installation: Installation, here: RunHere, tmp_path: Path
) -> None:
    path = tmp_path / "cadence.yaml"
    step = f"{{id: a, anchor: due_date, offset: 3, channel: email, template: reminder, sender: {ANA}}}"
    path.write_text(f"name: Ours\nsteps:\n  - {step}\n")

    here("cadence", "publish", str(path), "--yes").failed(2, f"step a: there is no sender {ANA}")
    here("sender", "add", ANA, "--name", "Ana")

    assert here("cadence", "publish", str(path), "--yes").code == 0
    checks = {check["what"]: check for check in here("doctor", "--json").data["checks"]}
    assert f"a of Ours ({ANA})" in checks["senders"]["found"]


def test_roles_and_passwords_are_set_by_command(
    installation: Installation, here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    here("user", "add", ANA, "--name", "Ana")
    here("user", "add", BO, "--name", "Bo")

    assert here("user", "role", BO, "admin").out == f"{BO} is an admin.\n"
    assert here("user", "role", BO, "admin").out == "nothing changed.\n"
    here("user", "role", ANA, "member").failed(2, "last owner")
    here("user", "role", BO, "king").failed(2, "king")
    assert [one["role"] for one in here("user", "list", "--json").data] == ["owner", "admin"]

    monkeypatch.setattr("sys.stdin", StringIO("three small words\n"))
    assert here("user", "password", BO).out == f"{BO} has a new password.\n"
    monkeypatch.setattr("sys.stdin", StringIO("short\n"))
    here("user", "password", BO).failed(2, "at least 12 characters")
    monkeypatch.setattr("sys.stdin", StringIO(""))
    here("user", "password", "nobody@duewell.example").failed(2, "no active user")
    (kept,) = installation.rows("SELECT password_hash FROM users WHERE email = :email", email=BO)
    assert str(kept[0]).startswith("$argon2id$")
    told = [verb for (verb,) in installation.rows("SELECT verb FROM audit_log ORDER BY id")]
    assert told == ["user added", "user added", "role changed", "password changed"]
