"""The embedded broker: a server that speaks the Redis protocol, so that Celery runs the code it runs in production.

It keeps everything in memory. That is enough, since messages are hints: the reaper sends again what a restart lost.
"""

import sys

from fakeredis import TcpFakeServer

from hub.local.ports import HOST


class BrokerServer(TcpFakeServer):  # type: ignore[misc]  # fakeredis ships no types, so its class is Any
    # The default of 5 refuses connections when all workers start at once.
    request_queue_size = 128


def main(port: int) -> None:
    BrokerServer((HOST, port), server_type="redis").serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
