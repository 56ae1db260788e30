"""The API's own limit: 150 requests in 10 seconds, for each person. Its refusal has the API's own shape."""

from limits import RateLimitItem, RateLimitItemPerSecond

from marketplace.api.limits.throttles import PersonLimit

REQUESTS, SECONDS = 150, 10


class PersonThrottle(PersonLimit):
    name = "stability"

    def limit(self) -> RateLimitItem:
        return RateLimitItemPerSecond(REQUESTS, SECONDS)
