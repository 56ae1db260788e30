"""The broker and the store of the embedded stack are real servers: these tests speak to them as the hub does."""

import hashlib
import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from kombu import Connection

from hub.object_store import ObjectStore, Part

pytestmark = pytest.mark.stack


def test_a_message_sent_over_the_embedded_broker_arrives(embedded_broker: str) -> None:
    with Connection(embedded_broker) as connection:
        queue = connection.SimpleQueue("letters")
        queue.put({"colour": "vermilion"})
        message = queue.get(timeout=5)
        message.ack()
        assert message.payload == {"colour": "vermilion"}


def test_a_broker_that_nobody_asks_leaves_the_processor_alone(embedded_broker: str) -> None:
    port = urlsplit(embedded_broker).port
    [broker] = [
        child
        for child in psutil.Process().children(recursive=True)
        if child.cmdline()[-2:] == ["hub.local.broker", str(port)]
    ]
    with ExitStack() as connections:
        for _ in range(50):
            connections.enter_context(socket.create_connection(("127.0.0.1", port or 0)))
        time.sleep(0.5)
        before = sum(broker.cpu_times()[:2])
        time.sleep(1)
        assert sum(broker.cpu_times()[:2]) - before < 0.1


def test_an_object_comes_back_as_it_was_stored(object_store_server: ObjectStore) -> None:
    content = b"colour " * 1000
    assert object_store_server.put("sources/a", content, "text/plain") == hashlib.sha256(content).hexdigest()
    assert object_store_server.get("sources/a") == content


def test_a_browser_uploads_parts_by_presigned_urls(object_store_server: ObjectStore) -> None:
    parts = [b"a" * 5 * 2**20, b"the rest"]
    upload = object_store_server.start_multipart("quarantine/x")
    urls = [
        object_store_server.presign_part("quarantine/x", upload, number, len(part))
        for number, part in enumerate(parts, start=1)
    ]
    etags = [httpx.put(url, content=part).headers["etag"] for url, part in zip(urls, parts, strict=True)]
    object_store_server.complete_multipart(
        "quarantine/x", upload, [Part(number, etag) for number, etag in enumerate(etags, start=1)]
    )
    assert object_store_server.get("quarantine/x") == b"".join(parts)


@pytest.mark.parametrize("length", [4, 6], ids=["shorter", "longer"])
def test_a_part_of_another_length_than_signed_is_refused(object_store_server: ObjectStore, length: int) -> None:
    upload = object_store_server.start_multipart("quarantine/y")
    url = object_store_server.presign_part("quarantine/y", upload, 1, 5)
    assert httpx.put(url, content=b"x" * length).status_code == 403


def test_the_store_answers_nobody_without_a_signature(object_store_server: ObjectStore) -> None:
    object_store_server.put("outputs/private", b"mine", "text/plain")
    bare = f"{object_store_server.client.meta.endpoint_url}/{object_store_server.bucket}/outputs/private"
    assert httpx.get(bare).status_code == 403
