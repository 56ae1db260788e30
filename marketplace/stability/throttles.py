"""The API's own limit: 150 requests in 10 seconds, for each person and process of the site."""

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

REQUESTS, SECONDS = 150, 10


class PersonThrottle(SimpleRateThrottle):
    scope = "stability"
    rate = f"{REQUESTS}/{SECONDS}"

    def parse_rate(self, rate: str | None) -> tuple[int | None, int | None]:  # noqa: ARG002 - the framework's signature
        return REQUESTS, SECONDS

    def get_cache_key(self, request: Request, view: APIView) -> str:  # noqa: ARG002 - as above
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}
