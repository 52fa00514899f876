"""Nobody makes the web process call into its own network."""

import ipaddress

import pytest

from gateways.public_hosts import NotAllowed, NotFound, address_of, check, is_public, resolve

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",  # where clouds tell a machine its secrets
    "100.64.0.1",
    "0.0.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "64:ff9b::a9fe:a9fe",  # NAT64 of 169.254.169.254
    "64:ff9b::7f00:1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_an_address_of_the_world_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/events",
        "ftp://example.com/events",
        "file:///etc/passwd",
        "example.com/events",
        "https://",
        "https:///events",
        "https://user:secret@example.com/",
        "https://example.com/#part",
        "https://example.com:port/",
        "https://[::1/",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]:8443/",
        f"https://example.com/{'x' * 2_000}",
    ],
)
def test_an_address_that_cannot_be_right_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(NotAllowed):
        check(url, private=False)


def test_a_sandbox_may_use_its_own_machine_and_http() -> None:
    check("http://127.0.0.1:8080/events", private=True)
    check("https://example.com/events", private=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost", "::1"])
async def test_whatever_way_this_machine_is_written_it_is_found_out(host: str) -> None:
    """The name system reads them all; what counts is the address that it gives."""
    with pytest.raises((NotAllowed, NotFound)):
        await address_of(host, 443, resolve, scheme="https", private=False)


async def test_a_name_with_one_private_address_among_others_is_refused() -> None:
    async def both(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14", "10.0.0.1"]

    with pytest.raises(NotAllowed, match="not a public address"):
        await address_of("example.com", 443, both, scheme="https", private=False)


async def test_http_goes_to_no_public_address_even_in_a_sandbox() -> None:
    async def public(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14"]

    with pytest.raises(NotAllowed, match="https only"):
        await address_of("example.com", 80, public, scheme="http", private=True)
    assert "93.184.215.14" == await address_of("example.com", 443, public, scheme="https", private=False)
