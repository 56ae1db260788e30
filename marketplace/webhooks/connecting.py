"""Connects to public addresses alone, within one deadline: the name is resolved once, and what was checked is what is used.

A name that has one address that is not public is refused as a whole, so that nobody can make the hub talk to its own
network by answering differently the second time.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from marketplace.webhooks.addresses import IP, is_public

CONNECT_S = 5.0
# Of a name's addresses, how many are tried.
TRIED = 3

Resolve = Callable[[str, int], list[IP]]
Allows = Callable[[IP], bool]


class NotPublicError(Exception):
    """The name stands for an address that the hub does not send to."""


class UnknownNameError(Exception):
    """The name stands for nothing."""


def resolve(host: str, port: int) -> list[IP]:
    """Every address of a name, once. Raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found))


class Deadline:
    """One moment by which everything is over, however slowly bytes come."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, at_most: float | None = None) -> float:
        """Seconds. Raises httpcore.TimeoutException when none are left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException("The time is over.")
        return left if at_most is None else min(left, at_most)


class PublicOnly(httpcore.NetworkBackend):
    """For one request. `address` is the one that it connected to."""

    def __init__(self, deadline: Deadline, *, resolve: Resolve = resolve, allows: Allows = is_public) -> None:
        self._deadline, self._resolve, self._allows = deadline, resolve, allows
        self._sockets = httpcore.SyncBackend()
        self.address = ""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises NotPublicError, UnknownNameError, and what httpcore raises."""
        addresses = self._checked(host, port)
        for number, address in enumerate(addresses, start=1):
            self.address = str(address)
            try:
                stream = self._sockets.connect_tcp(
                    str(address), port, self._deadline.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses):
                    raise
            else:
                return Timed(stream, self._deadline)
        raise UnknownNameError(host)

    def _checked(self, host: str, port: int) -> list[IP]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError, ValueError) as error:
            raise UnknownNameError(host) from error
        for address in addresses:
            if not self._allows(address):
                self.address = str(address)
                raise NotPublicError(str(address))
        return addresses[:TRIED]


class Timed(httpcore.NetworkStream):
    """A stream whose every read and write ends by the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return Timed(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
