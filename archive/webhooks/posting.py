"""One request to an address that somebody gave, without being led anywhere else. PLAIN.

The name is resolved here, every address that it has must be one of the open internet (or of a
network that the machine's keeper allows), and the connection goes to the very address that was
looked at: a name that points elsewhere a moment later changes nothing. No redirect is followed, no
proxy of the environment is used, little is read of the answer, and after some seconds it ends.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
"""Of a whole request, however slowly the other side drips."""
READ_AT_MOST = 1024
LONGEST = 500

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unsendable(Exception):
    """Nothing was sent there; the message says why."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Where may be sent to."""

    http: bool = False
    """Plain HTTP too."""
    networks: tuple[Network, ...] = ()
    """That are allowed though they are not of the open internet."""


def check_url(url: str, rules: Rules) -> SplitResult:
    """What can be said of an address without asking the network.

    Raises: Unsendable.
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise Unsendable(f"An address has up to {LONGEST} plain characters.")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise Unsendable(f"This is no address: {error}.") from error
    if parts.scheme not in (("https", "http") if rules.http else ("https",)):
        raise Unsendable("An address begins with https://.")
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise Unsendable("An address names a host, and no user, password or part of a page.")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return parts
    if not is_open(literal, rules):
        raise Unsendable(f"{literal} is no address of the open internet.")
    return parts


def is_open(address: Address, rules: Rules) -> bool:
    """Whether an address is one of the open internet, or of a network that is allowed."""
    inner = _inner(address)
    if any(inner.version == each.version and inner in each for each in rules.networks):
        return True
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or _is_odd(inner))


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, by mapping, 6to4 or Teredo."""
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo
        found = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
        return found or address
    return address


_ODD = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""Translated to IPv4 somewhere on the way: nobody here can say to which."""


def _is_odd(address: Address) -> bool:
    return any(address.version == each.version and address in each for each in _ODD)


def resolve(host: str, port: int, rules: Rules) -> str:
    """The address to connect to. One that is not open among several is reason enough to refuse.

    Raises: Unsendable.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unsendable(f"The name {host} has no address: {error}.") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    closed = [each for each in addresses if not is_open(each, rules)]
    if closed or not addresses:
        raise Unsendable(f"{host} leads to {closed[0] if closed else 'nothing'}, inside a network.")
    return str(addresses[0])


def post(url: str, body: bytes, headers: Mapping[str, str], rules: Rules) -> int:
    """Send, and give the status of the answer.

    Raises: Unsendable if it may not be sent there or nobody answered.
    """
    from urllib3.exceptions import HTTPError  # here: every command would load it and post nothing

    parts = check_url(url, rules)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = _connection(parts.scheme, resolve(host, port, rules), port, host)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        with _no_longer_than(TOTAL_SECONDS, connection):
            connection.request(
                "POST", path, body=body, headers={"Host": parts.netloc, **headers},
                preload_content=False,
            )  # fmt: skip
            response = connection.getresponse()
            response.read(READ_AT_MOST, decode_content=False)
            return int(response.status)
    except (HTTPError, HTTPException, OSError, ValueError, AttributeError) as error:
        # AttributeError: the clock closed the connection while it was read.
        raise Unsendable(f"{host} gave no answer: {error}"[:300]) from error
    finally:
        connection.close()


def _connection(scheme: str, address: str, port: int, host: str) -> HTTPConnection:
    """To the address that was looked at; the certificate must be the name's."""
    from urllib3.connection import HTTPConnection, HTTPSConnection  # as there

    if scheme == "https":
        return HTTPSConnection(
            address,
            port,
            timeout=CONNECT_SECONDS,
            server_hostname=host,
            assert_hostname=host,
            cert_reqs="CERT_REQUIRED",
        )
    return HTTPConnection(address, port, timeout=CONNECT_SECONDS)


@contextmanager
def _no_longer_than(seconds: float, connection: HTTPConnection) -> Iterator[None]:
    """Cut the line when the time is over: each piece that arrives would begin a timeout anew."""

    def cut() -> None:
        sock = connection.sock
        if sock is not None:
            with suppress(OSError):  # it was over already
                sock.shutdown(socket.SHUT_RDWR)

    clock = threading.Timer(seconds, cut)
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def networks_of(words: Sequence[str]) -> tuple[Network, ...]:
    """Raises: ValueError for what is no network."""
    return tuple(ipaddress.ip_network(word) for word in words)
