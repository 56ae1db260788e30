"""Tells callers how they stand to the limits, as draft-ietf-httpapi-ratelimit-headers-10 has it."""

import math

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from marketplace.api.limits.throttles import Standing, standings_of


def say_limits(request: HttpRequest, response: HttpResponseBase) -> None:
    """`RateLimit-Policy` names each limit with quota `q` in `w` seconds; `RateLimit` says that `r` are left and that
    the next place is free in `t` seconds."""
    standings = standings_of(request)
    if standings:
        response["RateLimit-Policy"] = ", ".join(map(_policy, standings))
        response["RateLimit"] = ", ".join(map(_left, standings))


def _policy(standing: Standing) -> str:
    return f'"{standing.name}";q={standing.limit.amount};w={standing.limit.get_expiry()}'


def _left(standing: Standing) -> str:
    return f'"{standing.name}";r={standing.count.remaining};t={math.ceil(standing.count.reset_s)}'
