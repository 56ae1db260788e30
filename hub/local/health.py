"""Is a process of the stack doing its work? Each check asks the process itself, in its own protocol."""

import socket
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from hub.local.ports import HOST

Check = Callable[[], bool]
TIMEOUT_S = 2.0


def http_check(port: int, path: str = "/healthz") -> Check:
    def healthy() -> bool:
        connection = HTTPConnection(HOST, port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    return healthy


def redis_check(port: int) -> Check:
    def healthy() -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=TIMEOUT_S) as connection:
                connection.sendall(b"*1\r\n$4\r\nPING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    return healthy


def s3_check(port: int, access_key: str, secret_key: str) -> Check:
    """Healthy when the store lists its buckets to someone who holds the keys."""

    def healthy() -> bool:
        if not _listens(port):
            return False
        # Imported after the processes were started: it takes half a second that they can use.
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            _impatient_client(port, access_key, secret_key).list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True

    return healthy


def file_check(path: Path) -> Check:
    """For workers: they write this file when they can take jobs."""
    return path.exists


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _impatient_client(port: int, access_key: str, secret_key: str):  # type: ignore[no-untyped-def]  # boto3's own type
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=f"http://{HOST}:{port}",
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S),
    )
