"""What an endpoint's address may look like. One parser alone reads it, and its parts are what is then connected to."""

import ipaddress
import re
from dataclasses import dataclass

import httpx
from django.utils.translation import gettext as _

from marketplace.errors import InvalidInput
from marketplace.webhooks.addresses import is_public

MAX_URL = 500
PORTS = (443, 8443)
DEFAULT_PORTS = {"https": 443, "http": 80}
# Names, and IPv4. What only looks like a number ("127.1", "0x7f000001") is none: resolvers read it as an address.
NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_-]{1,63}\.)*[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Destination:
    """`host` is in ASCII, as DNS and TLS want it. `is_local` says that HUB_WEBHOOK_LOCAL_HOSTS names it, and no rule binds it."""

    scheme: str
    host: str
    port: int
    target: str
    is_local: bool = False

    @property
    def authority(self) -> str:
        """For the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read_destination(url: str, *, local_hosts: tuple[str, ...] = ()) -> Destination:
    """Raises InvalidInput for what the hub never sends to."""
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput(
            _("An address has at most 500 ASCII characters, and no spaces."), code="bad_webhook_url", field="url"
        )
    try:
        parsed = httpx.URL(url)
        destination = _parts(parsed, local_hosts)
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidInput(
            _("This is no address. Give one such as https://example.org/hooks."), code="bad_webhook_url", field="url"
        ) from error
    if parsed.userinfo or parsed.fragment:
        raise InvalidInput(
            _("Leave names, passwords and fragments out of the address: the signature says who sends."),
            code="bad_webhook_url",
            field="url",
        )
    if not destination.is_local:
        _refuse_unless_public(destination)
    return destination


def _parts(parsed: httpx.URL, local_hosts: tuple[str, ...]) -> Destination:
    """Raises ValueError."""
    if parsed.scheme not in DEFAULT_PORTS:
        raise ValueError(parsed.scheme)
    host = parsed.raw_host.decode("ascii").rstrip(".")
    if not NAME.fullmatch(host):
        host = str(ipaddress.ip_address(host))
    port = DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    is_local = f"{host}:{port}" in local_hosts
    return Destination(parsed.scheme, host, port, parsed.raw_path.decode("ascii"), is_local)


def _refuse_unless_public(destination: Destination) -> None:
    if destination.scheme != "https":
        raise InvalidInput(
            _("The address must begin with https://, so that nobody in between can read it."),
            code="bad_webhook_url",
            field="url",
        )
    if destination.port not in PORTS:
        raise InvalidInput(
            _("Use port 443 or 8443: webhooks are sent to no other."), code="bad_webhook_url", field="url"
        )
    if not NAME.fullmatch(destination.host) and not is_public(ipaddress.ip_address(destination.host)):
        raise InvalidInput(
            _("This address is not public. Use one that the whole internet reaches."),
            code="bad_webhook_url",
            field="url",
        )
