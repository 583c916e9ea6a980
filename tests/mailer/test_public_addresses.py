"""What is not on the public internet is never spoken to on behalf of somebody else."""

import pytest

from mailer.public_addresses import NotFound, NotPublic, is_public, require_public, resolve
from mailer.webhook_url import BadUrl, read_url

PRIVATE = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1"),
    *("172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.0.1"),
    *("100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.0.9", "192.0.2.1"),
    *("192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
    *(
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2002:c0a8:101::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ),
    "2001:db8::1",
    *("2001:10::1", "3fff::1", "100::1", "fc00::1", "fd00:ec2::254"),
    *("fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
    "5f00::1",
]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "93.184.215.14", "172.15.255.255", "172.32.0.1"),
    *("100.63.255.255", "100.128.0.1", "169.253.255.255", "223.255.255.255"),
    *("2606:4700:4700::1111", "2a00:1450:4001:82a::200e", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_on_the_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


# Spellings of 127.0.0.1 that the system's resolver takes, as it takes names.
@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "0", "::1"])
def test_odd_spellings_lead_where_they_lead(host: str) -> None:
    with pytest.raises(NotPublic, match="which is not on the public internet"):
        require_public(host, resolve(host, 443))


def test_one_private_address_among_public_ones_is_enough() -> None:
    with pytest.raises(NotPublic, match=r"hooks\.example leads to 10\.0\.0\.5"):
        require_public("hooks.example", ["8.8.8.8", "10.0.0.5"])


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".example", "a..b"])
def test_a_name_without_addresses_is_not_found(host: str) -> None:
    with pytest.raises(NotFound, match="has no address"):
        resolve(host, 443)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_",
        "https://",
        "https:///path",
        "https://ana@hooks.example/",
        "https://ana:geheim@hooks.example/",
        "https://:@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example:0/",
        "https://hooks.example:65536/",
        "https://hooks.example:port/",
        "https://hooks.example:22/",
        "https://hooks.example:25/",
        "https://hooks.example\\@127.0.0.1/",
        "https://hooks.example/a b",
        "https://hooks.example/a\r\nX-Evil: 1",
        "https://hooks.example/\x00",
        "https://hooks.example/é",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://hooks.exam%70le/",
        "http://hooks.example/",
        "https://hooks.example/" + "a" * 2000,
    ],
)
def test_a_url_that_is_none_for_webhooks_is_refused(url: str) -> None:
    with pytest.raises(BadUrl) as refusal:
        read_url(url, allows_private=False)

    assert "\n" not in str(refusal.value)
    assert "geheim" not in str(refusal.value)


def test_a_url_is_taken_apart_as_it_is_asked_for() -> None:
    plain = read_url("https://Hooks.example", allows_private=False)
    with_port = read_url("https://[2606:4700::1111]:8443/a?b=c%20d", allows_private=False)
    own = read_url("http://erp:8069/hook", allows_private=True)
    umlaut = read_url("https://bücher.example/", allows_private=False)

    assert (plain.is_tls, plain.host, plain.port, plain.authority, plain.path) == (
        *(True, "hooks.example", 443, "hooks.example", "/"),
    )
    assert (with_port.host, with_port.port, with_port.authority) == (
        *("2606:4700::1111", 8443, "[2606:4700::1111]:8443"),
    )
    assert with_port.path == "/a?b=c%20d"
    assert (own.is_tls, own.authority) == (False, "erp:8069")
    assert umlaut.host == "xn--bcher-kva.example"
