"""Python SDK of Irodori: typed, blocking and asynchronous, over one core that does no I/O.

    from irodori_client import Client

    with Client() as hub:
        order = hub.generations.compose("a fox on a blue background")
        made = hub.generations.wait(hub.generations.create(order).id)
        hub.generations.save(made, "fox.png")

`iro` is the same on the command line.
"""

from irodori_client.client import AsyncClient, Client
from irodori_client.errors import (
    ApiError,
    AuthenticationError,
    CancelledError,
    ConflictError,
    DamagedError,
    FailedError,
    InvalidInputError,
    IrodoriError,
    NotAllowedError,
    NotEnoughCreditError,
    NotFoundError,
    Problem,
    RateLimitedError,
    TooSlowError,
    UnavailableError,
    UnreachableError,
    UsageError,
)
from irodori_client.models import (
    Contributor,
    Generation,
    Order,
    StatedArtist,
    StatedSource,
    Style,
    StyleUse,
    Terms,
    Upload,
    Version,
)
from irodori_client.retries import Retries

__all__ = [
    "ApiError",
    "AsyncClient",
    "AuthenticationError",
    "CancelledError",
    "Client",
    "ConflictError",
    "Contributor",
    "DamagedError",
    "FailedError",
    "Generation",
    "InvalidInputError",
    "IrodoriError",
    "NotAllowedError",
    "NotEnoughCreditError",
    "NotFoundError",
    "Order",
    "Problem",
    "RateLimitedError",
    "Retries",
    "StatedArtist",
    "StatedSource",
    "Style",
    "StyleUse",
    "Terms",
    "TooSlowError",
    "UnavailableError",
    "UnreachableError",
    "Upload",
    "UsageError",
    "Version",
]
