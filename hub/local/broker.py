"""The embedded broker: a server that speaks the Redis protocol, so that Celery runs the code it runs in production.

It keeps everything in memory. That is enough, since messages are hints: the reaper sends again what a restart lost.
"""

import sys

from fakeredis import TcpFakeServer
from fakeredis._clients import _tcp_server

from hub.local.ports import HOST

# How often each connection looks for what is pushed to it. A request, or a BRPOP that ends, does not wait for it; only
# Celery's remote control does. At fakeredis's 10 ms an idle stack takes a tenth of a core.
PUSH_POLL_S = 0.25


class BrokerServer(TcpFakeServer):  # type: ignore[misc]  # fakeredis ships no types, so its class is Any
    # The default of 5 refuses connections when all workers start at once.
    request_queue_size = 128


def main(port: int) -> None:
    _tcp_server._POLL_INTERVAL = PUSH_POLL_S
    BrokerServer((HOST, port), server_type="redis").serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
