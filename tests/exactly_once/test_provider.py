"""What a plan does to a message, it does to the next one if that message never comes so far."""

import smtplib
from pathlib import Path

import pytest

from devstack.ports import HOST
from tests.exactly_once.faults import Deed, Fault, Place
from tests.exactly_once.journal import Journal
from tests.exactly_once.smtp_provider import SmtpProvider

MESSAGE = b"Message-ID: <1@helios.example>\r\nSubject: Reminder\r\n\r\nPlease pay.\r\n" + b"x" * 300


@pytest.mark.parametrize("place", list(Place))
def test_a_kill_whose_message_is_broken_off_hits_the_next_one(tmp_path: Path, place: Place) -> None:
    killed: list[bool] = []
    with (
        Journal(tmp_path / "journal") as journal,
        SmtpProvider(journal, {1: Fault(place, Deed.KILL)}, lambda: killed.append(True)).running() as provider,
    ):
        with smtplib.SMTP(HOST, provider.port) as broken_off:
            broken_off.mail("ar@duewell.example")

        assert not killed

        with smtplib.SMTP(HOST, provider.port) as whole:
            whole.mail("ar@duewell.example")
            whole.rcpt("ap@helios.example")
            if place is Place.AFTER_ANSWER:
                whole.data(MESSAGE)
            else:
                with pytest.raises(smtplib.SMTPServerDisconnected):
                    whole.data(MESSAGE)

        assert killed == [True]
