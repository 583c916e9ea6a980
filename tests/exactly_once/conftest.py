"""Servers of these tests' own, which may be killed, and the clean logs of a small run on them."""

import os
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text

from db.engine import make_engine, transaction
from devstack.stack import Stack
from intake.setup import set_up
from tests.conftest import OWN_SERVERS
from tests.installation import Installation, newest_mail, own_namespace, zone_at_noon


@pytest.fixture(scope="module")
def mortal_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers that only this module's tests use, and may kill."""
    environ = {name: value for name, value in os.environ.items() if name not in OWN_SERVERS}
    home = tmp_path_factory.mktemp("mortal-stack")
    with Stack(home, ui=False, durable=False, fixed_ports=False, environ=environ) as running:
        engine = make_engine(running.database_url)
        set_up(engine, "Duewell Test", "ar@duewell.example")
        engine.dispose()
        yield running


@pytest.fixture
async def mortal(mortal_stack: Stack) -> AsyncIterator[Installation]:
    """An installation on servers that may be killed; it is about noon, and messages go out at any hour."""
    name = f"test_{uuid4().hex}"
    assert mortal_stack.postgres is not None
    mortal_stack.postgres.create_database(name, template=make_url(mortal_stack.database_url).database)
    url = make_url(mortal_stack.database_url).set(database=name).render_as_string(hide_password=False)
    engine = make_engine(url, 20)
    with transaction(engine) as session:
        session.execute(text("UPDATE organization SET time_zone = :zone"), {"zone": zone_at_noon()})
    client = await own_namespace(mortal_stack.temporal_address)
    installation = Installation(mortal_stack, engine, url, client, newest_mail(mortal_stack))
    installation.send_at_any_hour()
    yield installation
    engine.dispose()
