"""Where the web process may be sent: to public addresses, never into the network that it stands in."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import urlsplit

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host, as the name system has them at this moment. Raises OSError."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LONGEST = 2_000


class NotAllowed(Exception):
    """Nothing is sent there. One sentence."""


class NotFound(Exception):
    """The name has no address. One sentence."""


async def resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def check(url: str, *, private: bool) -> None:
    """Refuses an address by its form alone; the name system is asked when something is sent. Raises NotAllowed.

    private: whether http, and hosts that are not public, are allowed.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise NotAllowed("That is not an address: give one such as https://example.com/events.") from None
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise NotAllowed("Events go out by https only: give an address that begins with https://.")
    if not host or len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise NotAllowed("That is not an address: give one such as https://example.com/events.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise NotAllowed("The address has a user, a password or a fragment: leave them out.")
    if not private and (address := _literal(host)) and not is_public(address):
        raise NotAllowed(_not_public(host))


async def address_of(host: str, port: int, resolve: Resolve, *, scheme: str, private: bool) -> str:
    """The one address to connect to. Raises NotAllowed or NotFound.

    Of a name with several, all have to be allowed: which of them answers is nobody's choice.
    """
    try:
        found = await resolve(host, port)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise NotFound(f"The name {host} cannot be found.")
    public = all(is_public(ipaddress.ip_address(one)) for one in found)
    if not public and not private:
        raise NotAllowed(_not_public(host))
    if public and scheme == "http":
        raise NotAllowed("Events go out to the world by https only.")
    return found[0]


def is_public(address: Ip) -> bool:
    """Also of the address that stands inside of another one, to which it would lead."""
    return all(one.is_global and not one.is_multicast for one in (address, *_inside(address)))


def _inside(address: Ip) -> Iterator[Ip]:
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _literal(host: str) -> Ip | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _not_public(host: str) -> str:
    return f"{host} is not a public address: events go there only with DUNNING_OUTBOX_PRIVATE."
