"""The programs that creator and buyer give their tokens to."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from hub.client import HubClient, UploadInfo
from hub.local.visitor import UnexpectedAnswerError, checked

PASSWORD = "vermilion-and-teal-42"


@dataclass(frozen=True)
class Image:
    """A finished generation and its bytes."""

    content: bytes
    answer: dict[str, Any]


class Program:
    """Calls the API with a token: through the hub's own client, and bare where an answer is compared as it came."""

    def __init__(self, url: str, token: str) -> None:
        self.client = HubClient(url, token)
        self.session = httpx.Client(base_url=f"{url}/api/v1/", timeout=30, headers={"Authorization": f"Bearer {token}"})

    def get(self, path: str) -> dict[str, Any]:
        return dict(checked(self.session.get(path)).json())

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(checked(self.session.post(path, json=body)).json())

    def upload(self, path: Path, base_model: str) -> UploadInfo:
        """Send a file in parts straight to the store, and wait until it is ready."""
        return self.client.wait_for_upload(self.client.upload_file(path, base_model=base_model).id)

    def publish(self, upload_id: UUID, terms: dict[str, Any]) -> int:
        """The new version's id."""
        return self.client.publish(upload_id, terms).id

    def generate(self, order: dict[str, Any]) -> Image:
        return self.wait_for_image(self.post("generations", order)["id"])

    def wait_for_image(self, id: str, patience_s: float = 90.0) -> Image:  # noqa: A002 - the API's word
        answer = self._wait(f"generations/{id}", {"succeeded"}, {"failed", "cancelled"}, patience_s)
        return Image(checked(self.session.get(f"generations/{id}/image")).content, answer)

    def _wait(self, path: str, good: set[str], bad: set[str], patience_s: float = 90.0) -> dict[str, Any]:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            answer = self.get(path)
            if answer["state"] in good:
                return answer
            if answer["state"] in bad:
                raise UnexpectedAnswerError(f"{path} ended as {answer}")
            time.sleep(0.15)
        raise UnexpectedAnswerError(f"{path} was still {answer['state']} after {patience_s:.0f} s: {answer}")
