"""Where a webhook may go: https to the outside world, and to no machine that only we can reach.

Whoever subscribes an address must not get our service to knock at doors inside (SSRF). The name is looked up once,
every address that it has is judged, and the connection goes to the address that was judged: a name that means something
else a moment later changes nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

LONGEST = 500
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotAllowed(Exception):
    """Nothing goes there. `uitleg`: why, for people."""

    def __init__(self, uitleg: str) -> None:
        super().__init__(uitleg)
        self.uitleg = uitleg


_INSIDE = (
    "Dit adres ligt binnen een eigen netwerk. Daar gaan geen webhooks heen, tenzij de beheerder van de installatie het "
    "netwerk noemt in RNI_WEBHOOK_NETWORKS."
)


def require_form(address: str, networks: Sequence[Network]) -> tuple[str, int]:
    """Host and port of an address that may be subscribed, as far as it can be told by reading it. NotAllowed else."""
    wrong = "Geef een adres dat met https:// begint, zonder gebruikersnaam en zonder #."
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        raise NotAllowed(wrong) from None
    plain = address.isascii() and address.isprintable() and " " not in address
    if parts.scheme != "https" or not host or "@" in parts.netloc or parts.fragment or not plain:
        raise NotAllowed(wrong)
    if len(address) > LONGEST:
        raise NotAllowed(f"Geef een adres van ten hoogste {LONGEST} tekens.")
    try:
        written = ipaddress.ip_address(host)
    except ValueError:
        try:
            host.encode("idna")  # as it is looked up: no empty part, none that is too long
        except UnicodeError:
            raise NotAllowed(wrong) from None
        inside = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
        if inside and not networks:
            raise NotAllowed(_INSIDE) from None
        return host, port
    if not _may(written, networks):
        raise NotAllowed(_INSIDE)
    return host, port


async def resolved(host: str, port: int, networks: Sequence[Network]) -> str:
    """The address to connect to. NotAllowed when the name has none, or one that nothing may go to."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the latter of a name that can be none
        raise NotAllowed("De naam in dit adres is niet te vinden.") from None
    addresses = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    if not addresses:
        raise NotAllowed("De naam in dit adres is niet te vinden.")
    if not all(_may(each, networks) for each in addresses):
        raise NotAllowed(_INSIDE)
    return str(addresses[0])


def _may(address: Address, networks: Sequence[Network]) -> bool:
    """Whether it is of the outside world, or the installation named its network."""
    inner = _inner(address)
    if any(each in network for each in (address, inner) for network in networks):
        return True
    return all(each.is_global and not each.is_multicast and not each.is_reserved for each in {address, inner})


def _inner(address: Address) -> Address:
    """The address of the old kind that is written within one of the new kind, if any: that is where it leads."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
