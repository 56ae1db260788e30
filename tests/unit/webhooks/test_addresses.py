"""Only the public internet is sent to, in whatever form an address is written."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.webhooks.addresses import is_public

PUBLIC = ("93.184.215.14", "8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001:81b::200e", "64:ff9b::808:808")
NOT_PUBLIC = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "192.168.1.1"),  # noqa: S104 - nothing listens there
    *("100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
    *("198.51.100.7", "203.0.113.9", "224.0.0.1", "224.0.1.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "::ffff:10.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "2002:7f00:1::", "2002:a00:1::1", "2001::1"),
    *("2001:db8::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    *("ff0e::1", "100::1"),
)
ipv4 = st.integers(0, 2**32 - 1).map(IPv4Address)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is_sent_to(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_nothing_else_is(address: str) -> None:
    assert not is_public(ip_address(address))


@given(ipv4)
def test_an_address_within_another_is_judged_as_itself(address: IPv4Address) -> None:
    number = int(address)
    carriers = (0xFFFF << 32, 0xFFFF << 48, 0x64_FF9B << 96)
    wrapped = [IPv6Address(carrier | number) for carrier in carriers]
    wrapped.append(IPv6Address(0x2002 << 112 | number << 80 | 1))
    assert [is_public(each) for each in wrapped] == [is_public(address)] * 4


@given(ipv4)
def test_what_python_knows_as_not_global_is_never_public(address: IPv4Address) -> None:
    assert address.is_global or not is_public(address)
