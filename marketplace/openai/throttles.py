"""As many requests as Stability's API takes, counted by themselves."""

from marketplace.stability.throttles import PersonThrottle as StabilityThrottle


class PersonThrottle(StabilityThrottle):
    name = "openai"
