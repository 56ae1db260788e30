"""Servers of others for tests: real ones on loopback, that note what they are sent and answer as told."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Got:
    """One request. Names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"


@dataclass
class Receiver:
    """`reply` is asked for each request, in the server's thread."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    sni: list[str | None] = field(default_factory=list)
    reply: Callable[[Got], Reply] = lambda _got: Reply()

    @property
    def address(self) -> str:
        """As HUB_WEBHOOK_LOCAL_HOSTS names it."""
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}/hooks"


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    noted = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            noted.got.append(got)
            reply = noted.reply(got)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        noted.port = server.server_address[1]
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: noted.sni.append(name)
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield noted
        finally:
            server.shutdown()
            thread.join(5)


@contextmanager
def raw_receiver(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does with each connection what `talk` does, whether that is HTTP or not."""
    with socket.create_server((HOST, 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:  # closed: the test is over
                    return
                with connection:
                    try:
                        talk(connection)
                    except OSError:  # the other side left
                        continue

        Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
