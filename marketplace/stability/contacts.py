"""The e-mail address that an account is told with. Programs refuse an account whose address is none."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from hub.settings.site import site_config
from marketplace.accounts.models import User
from marketplace.accounts.organisations import organisation_of
from marketplace.stability.auth import organisation_id

# What programs take for no address of anybody: RFC 6761's names, and a host of one word.
NOT_PUBLIC = frozenset({"invalid", "local", "localhost", "onion", "test", "arpa"})
# By RFC 2606 nobody's.
OF_NOBODY = "example.org"


def contact_of(account: User) -> str:
    """A person's own. An organisation has none, and its members' are not its programs' to know: one that nobody reads."""
    if organisation_of(account) is None:
        return account.email
    return f"no-reply.{organisation_id(account)}@{_domain()}"


def _domain() -> str:
    """The hub's own, where its address is a public name."""
    host = urlsplit(site_config().url).hostname or ""
    public = "." in host and host.rpartition(".")[2] not in NOT_PUBLIC and not _is_number(host)
    return host if public else OF_NOBODY


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
