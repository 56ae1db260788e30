"""Carry out the core's steps with httpx: one driver blocks, the other awaits. Nothing else of this package does I/O."""

from irodori_client.drivers.asynchronous import AsyncDriver
from irodori_client.drivers.blocking import SyncDriver

__all__ = ["AsyncDriver", "SyncDriver"]
