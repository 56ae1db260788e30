"""A typed client of the hub's API, for the command line, scripts and tests.

Every failure is a HubError whose text is a sentence for people.
"""

from hub.client.answers import UploadInfo
from hub.client.client import HubClient
from hub.client.errors import HubError, RefusedError, UnreachableError, UsageError

__all__ = [
    "HubClient",
    "HubError",
    "RefusedError",
    "UnreachableError",
    "UploadInfo",
    "UsageError",
]
