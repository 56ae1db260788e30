"""Which addresses an endpoint may have."""

import pytest

from marketplace.errors import InvalidInput
from marketplace.webhooks.destinations import Destination, read_destination

GOOD = {
    "https://example.org/hooks": Destination("https", "example.org", 443, "/hooks"),
    "https://EXAMPLE.org.:8443/a?b=c": Destination("https", "example.org", 8443, "/a?b=c"),
    "https://xn--eckwd4c7c.example": Destination("https", "xn--eckwd4c7c.example", 443, "/"),
    "https://8.8.8.8/": Destination("https", "8.8.8.8", 443, "/"),
    "https://[2606:4700::1111]/": Destination("https", "2606:4700::1111", 443, "/"),
    "https://my_hooks.example.org/%0d%0aX: y".replace(" ", ""): Destination(
        "https", "my_hooks.example.org", 443, "/%0d%0aX:y"
    ),
}
BAD = (
    *(
        "",
        "example.org",
        "//example.org",
        "ftp://example.org",
        "file:///etc/passwd",
        "gopher://example.org",
        "https://",
    ),
    *("http://example.org", "https://example.org:22", "https://example.org:80", "https://example.org:0"),
    *("https://example.org:99999", "https://user@example.org", "https://user:pass@example.org", "https://a.org#x"),
    *("https://exa mple.org", "https://example.org/a b", "https://ex\u0430mple.org", "https://example.org/\r\nX: y"),
    *("https://127.0.0.1", "https://127.1", "https://0x7f.1", "https://0x7f000001", "https://2130706433", "https://0"),
    *("https://0177.0.0.1", "https://127.0.0.1.", "https://[::1]", "https://[::ffff:127.0.0.1]", "https://[fe80::1]"),
    *("https://[::ffff:a9fe:a9fe]", "https://[64:ff9b::7f00:1]", "https://[fe80::1%25eth0]", "https://169.254.169.254"),
    *("https://10.0.0.1", "https://a..b", "https://-", "https://a.org\\@127.0.0.1", "https://" + "a" * 64 + ".org"),
    *("https://example.org/" + "a" * 500, "https://[::1", "https://[v1.x]/", "javascript:alert(1)"),
)


@pytest.mark.parametrize("url", GOOD)
def test_a_good_address_is_read(url: str) -> None:
    assert read_destination(url) == GOOD[url]


@pytest.mark.parametrize("url", BAD)
def test_every_other_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_destination(url)
    assert (refused.value.code, refused.value.field, refused.value.message[-1]) == ("bad_webhook_url", "url", ".")


def test_a_setting_lets_one_host_and_port_of_ones_own_network_through() -> None:
    local = ("127.0.0.1:9000", "localhost:80")
    assert read_destination("http://127.0.0.1:9000/x", local_hosts=local).is_local
    assert read_destination("http://localhost/x", local_hosts=local).is_local
    for other in ("http://127.0.0.1:9001/x", "http://127.0.0.2:9000/x", "http://localhost:81/", "http://example.org/"):
        with pytest.raises(InvalidInput):
            read_destination(other, local_hosts=local)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://example.org/", "example.org"),
        ("https://example.org:8443/", "example.org:8443"),
        ("https://[2606:4700::1111]:8443/", "[2606:4700::1111]:8443"),
    ],
)
def test_the_host_header_is_as_http_wants_it(url: str, authority: str) -> None:
    assert read_destination(url).authority == authority
