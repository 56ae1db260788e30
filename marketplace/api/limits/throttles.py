"""Which limit counts for whom. Each view is under all that are set by default, or names its own."""

import math
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItem, parse
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from marketplace.accounts.callers import Caller
from marketplace.api.limits.counters import counters
from marketplace.api.limits.shared import Count

# A household or a machine has as many addresses of IPv6 as it likes, in one network of this size.
IPV6_NETWORK_BITS = 64
STANDINGS = "limit_standings"


@dataclass(frozen=True)
class Standing:
    """How a request stands to a limit, itself counted in."""

    name: str
    limit: RateLimitItem
    count: Count


class Limit(BaseThrottle):
    """A subclass says how much, and whom it counts for; None where it does not hold for a request."""

    name: str
    _wait_s = 0.0

    def limit(self) -> RateLimitItem | None:
        raise NotImplementedError

    def whom(self, request: Request) -> str | None:
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - the framework's signature
        limit, whom, standings = self.limit(), self.whom(request), standings_of(request._request)
        # What another limit refused takes no place here: a program that runs wild leaves the rest to its person.
        if limit is None or whom is None or any(not standing.count.let_through for standing in standings):
            return True
        count = counters().count(limit, self.name, whom)
        standings.append(Standing(self.name, limit, count))
        self._wait_s = max(1.0, count.reset_s)
        return count.let_through

    def wait(self) -> float:
        return self._wait_s


class PersonLimit(Limit):
    """All that a person's or an organisation's account asks, with whatever keys."""

    name = "person"

    def limit(self) -> RateLimitItem | None:
        return parsed(settings.SITE.api_limit_person)

    def whom(self, request: Request) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None


class KeyLimit(Limit):
    """What one key or OAuth client asks, so that one program leaves something to the others."""

    name = "key"

    def limit(self) -> RateLimitItem | None:
        return parsed(settings.SITE.api_limit_key)

    def whom(self, request: Request) -> str | None:
        return str(request.auth.credential.pk) if isinstance(request.auth, Caller) else None


class AddressLimit(Limit):
    """What comes from one address of the network without anyone being signed in."""

    name = "address"

    def limit(self) -> RateLimitItem | None:
        return parsed(settings.SITE.api_limit_address)

    def whom(self, request: Request) -> str | None:
        return None if request.user and request.user.is_authenticated else network_of(self.get_ident(request))


class StrangerLimit(AddressLimit):
    """The same where signing in itself has failed: guessing keys is asking, too."""

    def whom(self, request: Request) -> str | None:
        return network_of(self.get_ident(request))


def too_many_failures(request: Request, view: Any) -> Throttled | None:
    """What to answer instead of 401 to those who keep trying."""
    limit = StrangerLimit()
    return None if limit.allow_request(request, view) else Throttled(wait=math.ceil(limit.wait()))


def standings_of(request: HttpRequest) -> list[Standing]:
    """What was counted for this request so far."""
    if not hasattr(request, STANDINGS):
        setattr(request, STANDINGS, [])
    found: list[Standing] = getattr(request, STANDINGS)
    return found


def network_of(address: str | None) -> str:
    """ "" where none is known, as behind a socket of the machine's own."""
    address = address or ""
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:64]  # what a proxy wrote
    return str(int(ip) >> (128 - IPV6_NETWORK_BITS)) if isinstance(ip, IPv6Address) else str(ip)


@cache
def parsed(text: str) -> RateLimitItem | None:
    """None for "": no limit."""
    return parse(text) if text else None
