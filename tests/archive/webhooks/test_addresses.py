"""Where may be sent to: the open internet, over HTTPS, at the very address that was looked at."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from archive.webhooks import posting
from archive.webhooks.posting import Rules, Unsendable

OPEN = Rules()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1"),
    ],
)
def test_what_is_no_address_of_the_open_internet_is_refused(address):
    assert not posting.is_open(ipaddress.ip_address(address), OPEN)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Unsendable):
        posting.check_url(f"https://{host}/hook", OPEN)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111"])
def test_the_open_internet_is_open(address):
    assert posting.is_open(ipaddress.ip_address(address), OPEN)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "https://", "//x.org",
        "https://user:word@example.org/", "https://example.org:99999/", "https://example.org/#a",
        "https://exa mple.org/", "https://example.org/\r\nHost: x", "https://[::1/", "x" * 501,
        "https://\u0661\u0662\u0667.0.0.1/", "gopher://127.0.0.1:25/",
    ],
)  # fmt: skip
def test_addresses_that_are_none_are_refused(url):
    with pytest.raises(Unsendable):
        posting.check_url(url, OPEN)


def names(monkeypatch, *addresses: str) -> None:
    found = [(2, 1, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)


def test_a_name_that_leads_inside_is_refused_also_by_one_of_its_addresses(monkeypatch):
    names(monkeypatch, "127.0.0.1")
    with pytest.raises(Unsendable, match="inside"):
        posting.resolve("rebind.example", 443, OPEN)
    names(monkeypatch, "1.1.1.1", "10.0.0.5")
    with pytest.raises(Unsendable, match=r"10\.0\.0\.5"):
        posting.resolve("rebind.example", 443, OPEN)
    names(monkeypatch, "1.1.1.1")
    assert posting.resolve("example.org", 443, OPEN) == "1.1.1.1"


def test_the_keeper_of_the_machine_may_allow_networks_of_their_own():
    rules = Rules(networks=posting.networks_of(["10.1.0.0/16"]))
    assert posting.is_open(ipaddress.ip_address("10.1.2.3"), rules)
    assert posting.is_open(ipaddress.ip_address("::ffff:10.1.2.3"), rules)
    assert not posting.is_open(ipaddress.ip_address("10.2.0.1"), rules)
