"""Which IP addresses the hub sends to: those of the public internet, whatever form they are written in. Pure."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IP = IPv4Address | IPv6Address

# IPv6 that carries an IPv4 address, and how many bits lie behind it.
CARRIERS = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
# What `is_global` leaves open in one release of Python or another, and public addresses that answer with secrets.
NEVER: tuple[IPv4Network | IPv6Network, ...] = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("168.63.129.16/32"),  # metadata of a cloud's machines
    IPv6Network("2001::/23"),
    IPv6Network("3fff::/20"),
)
# Of IPv6, all that was ever given out.
GIVEN_OUT = IPv6Network("2000::/3")


def is_public(address: IP) -> bool:
    """May the hub connect to it? An address that carries another is judged by the one that it carries."""
    if (carried := carried_by(address)) is not None:
        return is_public(carried)
    if any(address in network for network in NEVER if network.version == address.version):
        return False
    if isinstance(address, IPv6Address) and address not in GIVEN_OUT:
        return False
    return address.is_global and not address.is_multicast


def carried_by(address: IP) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    for network, behind in CARRIERS:
        if address in network:
            return IPv4Address((int(address) >> behind) & 0xFFFF_FFFF)
    return None
