"""Where a webhook may not go, however it is written."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.beside import waited_for
from service.connectors.addresses import NotAllowed, require_form, resolved

INSIDE = (
          "10.0.0.1", "172.16.3.4", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
          "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
          "ff02::1", "::", "240.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_as_it_is_read(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(NotAllowed, match="eigen netwerk"):
        require_form(f"https://{host}/x", ())


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_refused_when_it_is_looked_up(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [outside, (family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(NotAllowed, match="eigen netwerk"):
        waited_for(resolved("naam.example", 443, ()))


@given(st.ip_addresses())
def test_what_is_allowed_is_of_the_outside_world(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    try:
        require_form(f"https://{host}/", ())
    except NotAllowed:
        return
    assert address.is_global and not address.is_multicast


@pytest.mark.parametrize(
    "address",
    [
        "http://ontvanger.example/x",
        "ftp://ontvanger.example",
        "https://naam@ontvanger.example",
        "https://naam:woord@ontvanger.example/",
        "https:///x",
        "https://ontvanger.example/#deel",
        "https://ontvanger.example/een pad",
        "https://ontvanger.example\n/x",
        "https://ontvánger.example/",
        "https://ontvanger.example:99999/",
        "https://ontvanger..example/",
        "https://.ontvanger.example/",
        f"https://{'x' * 64}.example/",
        "https://[",
        "",
        "https://ontvanger.example/" + "x" * 500,
    ],
)
def test_what_is_no_plain_https_address_is_refused(address: str) -> None:
    with pytest.raises(NotAllowed):
        require_form(address, ())


def test_a_network_that_the_installation_names_may_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = (ipaddress.ip_network("10.20.0.0/16"),)
    assert require_form("https://10.20.3.4:8443/x", ours) == ("10.20.3.4", 8443)
    with pytest.raises(NotAllowed):
        require_form("https://10.21.3.4/x", ours)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.20.3.4", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert waited_for(resolved("binnen.example", 443, ours)) == "10.20.3.4"


@pytest.mark.parametrize("name", ["ontvanger..example", ".ontvanger.example", f"{'x' * 64}.example"])
def test_a_name_that_can_be_none_is_told_as_one_that_nobody_knows(name: str) -> None:
    with pytest.raises(NotAllowed, match="niet te vinden"):
        waited_for(resolved(name, 443, ()))


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(NotAllowed, match="niet te vinden"):
        waited_for(resolved("bestaat-niet.invalid", 443, ()))
