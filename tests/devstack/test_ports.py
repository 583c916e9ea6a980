"""Ports are free, low enough, and never handed out twice."""

import socket

from devstack.ports import HOST, PORT_MAX, is_free, lease_port
from tests.devstack.owners import first_line, kill_9, owner

LESSEE = """
import sys, time
from devstack.ports import lease_port
lease = lease_port(int(sys.argv[1]))
print(lease.number, flush=True)
time.sleep(600)
"""


def test_a_preferred_port_is_given_while_it_is_free() -> None:
    spare = lease_port()
    spare.release()

    lease = lease_port(spare.number)

    assert lease.number == spare.number
    lease.release()


def test_a_port_in_use_is_replaced_by_a_free_one_below_the_outgoing_range() -> None:
    with socket.socket() as server:
        spare = lease_port()
        # As servers do: connections of whoever had the port before may still be fading away.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, spare.number))
        server.listen()
        spare.release()

        lease = lease_port(spare.number)

    assert lease.number != spare.number
    assert lease.number <= PORT_MAX == 32767
    assert is_free(lease.number)
    lease.release()


def test_two_processes_never_get_the_same_port_and_a_killed_one_gives_it_back() -> None:
    spare = lease_port()
    spare.release()
    with owner(LESSEE, spare.number) as first, owner(LESSEE, spare.number) as second:
        numbers = {first_line(first), first_line(second)}
        assert len(numbers) == 2
        assert str(spare.number) in numbers
        kill_9(first)
        kill_9(second)

    lease = lease_port(spare.number)

    assert lease.number == spare.number
    lease.release()


def test_many_leases_are_as_many_ports() -> None:
    leases = [lease_port() for _ in range(300)]

    assert len({lease.number for lease in leases}) == 300

    for lease in leases:
        lease.release()


def test_a_port_whose_server_has_just_ended_is_free() -> None:
    lease = lease_port()
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, lease.number))
        server.listen()
        with socket.create_connection((HOST, lease.number)), server.accept()[0] as connection:
            connection.close()

    assert is_free(lease.number)
    lease.release()
