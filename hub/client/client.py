"""Uploads, publishing and generations over the hub's API, one request after another."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel

from hub.client.answers import GenerationInfo, UploadInfo, VersionInfo
from hub.client.errors import HubError, RefusedError, UnreachableError, UsageError

CHUNK_BYTES = 2**18
PART_TRIES = 4
POLL_SECONDS = 0.5
# Nothing was done where the hub says so: it can be asked the same again once its limit has room.
LIMIT_TRIES = 5
LONGEST_WAIT_S = 60.0
WAIT_SECONDS = 1800
Progress = Callable[[int, int, int], None]
Answer = TypeVar("Answer", bound=BaseModel)


class HubClient:
    """One person's access to one hub. `transport` and `store_transport` are for tests; use it as a context manager."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        store_transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Raises UsageError where `url` is no address or `token` can't be one."""
        timeout = httpx.Timeout(60, connect=5)
        _check_token(token)
        self._site = httpx.Client(
            base_url=_api_address(url),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=timeout,
            transport=transport,
        )
        # The store must never see the token: its addresses are signed.
        self._store = httpx.Client(timeout=timeout, transport=store_transport)

    def __enter__(self) -> "HubClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._site.close()
        self._store.close()

    def upload_file(
        self, path: Path, *, base_model: str, progress: Progress = lambda _part, _length, _sent: None
    ) -> UploadInfo:
        """Send a file in parts; it is then being checked (see `wait_for_upload`).

        `progress(part, length, sent)` is told of each chunk how many bytes left, and a negative number where a part
        has to start again; `length` is the whole part's.
        A failure cancels the upload at the hub.
        """
        announced = {"file_name": path.name, "size": path.stat().st_size, "base_model": base_model}
        upload = self._ask(UploadInfo, "POST", "uploads", announced)
        try:
            parts = [self._send_part(upload, path, number, progress) for number in range(1, upload.part_count + 1)]
        except BaseException:
            self._give_up(upload)
            raise
        return self._ask(UploadInfo, "POST", f"uploads/{upload.id}/complete", {"parts": parts})

    def upload(self, upload_id: UUID) -> UploadInfo:
        return self._ask(UploadInfo, "GET", f"uploads/{upload_id}")

    def wait_for_upload(self, upload_id: UUID, tell: Callable[[UploadInfo], None] = lambda _: None) -> UploadInfo:
        """Ask until the file is ready. Raises RefusedError with the reason if it is refused."""
        for upload in _until(lambda: self.upload(upload_id), {"ready", "refused", "aborted"}):
            tell(upload)
        if upload.refusal:
            raise RefusedError(upload.refusal.message, status=200, code=upload.refusal.code)
        return upload

    def publish(self, upload_id: UUID, terms: Mapping[str, Any]) -> VersionInfo:
        """Publish a ready upload; `terms` are the fields of POST /api/v1/versions."""
        return self._ask(VersionInfo, "POST", "versions", {**terms, "upload": str(upload_id)})

    def generate(self, request: Mapping[str, Any]) -> GenerationInfo:
        """Order an image; `request` has the fields of POST /api/v1/generations."""
        return self._ask(GenerationInfo, "POST", "generations", request)

    def generation(self, generation_id: UUID) -> GenerationInfo:
        return self._ask(GenerationInfo, "GET", f"generations/{generation_id}")

    def wait_for_generation(
        self, generation_id: UUID, tell: Callable[[GenerationInfo], None] = lambda _: None
    ) -> GenerationInfo:
        """Ask until the image is there. Raises RefusedError with the reason if there is to be none."""
        for generation in _until(lambda: self.generation(generation_id), {"succeeded", "failed", "cancelled"}):
            tell(generation)
        if generation.failure:
            raise RefusedError(generation.failure.message, status=200, code=generation.failure.code)
        return generation

    def image(self, generation_id: UUID) -> bytes:
        return self._send("GET", f"generations/{generation_id}/image").content

    def download(self, generation_id: UUID, path: Path) -> None:
        path.write_bytes(self.image(generation_id))

    def _send_part(self, upload: UploadInfo, path: Path, number: int, progress: Progress) -> dict[str, Any]:
        for attempt in range(1, PART_TRIES + 1):
            # A fresh address each time: the last one may have expired.
            url = str(self._send("POST", f"uploads/{upload.id}/parts/{number}").json()["url"])
            try:
                return {"number": number, "etag": self._put(url, path, upload, number, progress)}
            except (httpx.TransportError, UnreachableError) as error:
                if attempt == PART_TRIES:
                    raise UnreachableError(
                        f"Part {number} could not be sent to the hub's store ({error}). Try again in a minute."
                    ) from error
                time.sleep(0.25 * 2**attempt)
        raise AssertionError("the loop returns or raises")

    def _put(self, url: str, path: Path, upload: UploadInfo, number: int, progress: Progress) -> str:
        first = (number - 1) * upload.part_size
        length = min(upload.part_size, path.stat().st_size - first)
        sent = 0

        def counted() -> Iterator[bytes]:
            nonlocal sent
            for chunk in _slice(path, first, length):
                yield chunk
                sent += len(chunk)
                progress(number, length, len(chunk))

        try:
            # With the length said, the body is not sent in HTTP chunks, which S3 does not take.
            answer = self._store.put(url, content=counted(), headers={"Content-Length": str(length)})
            if not answer.is_success:
                raise UnreachableError(f"the store answered {answer.status_code}")
            return str(answer.headers["ETag"])
        except Exception:
            progress(number, length, -sent)
            raise

    def _give_up(self, upload: UploadInfo) -> None:
        # The hub forgets it by itself after a day; the first failure is the one to tell.
        with suppress(HubError):
            self._send("DELETE", f"uploads/{upload.id}")

    def _ask(self, model: type[Answer], method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        return model.model_validate(self._send(method, path, body).json())

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        try:
            answer = self._site.request(method, path, json=body)
            for _ in range(LIMIT_TRIES):
                if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    break
                time.sleep(_seconds(answer.headers.get("Retry-After", "")))
                answer = self._site.request(method, path, json=body)
        except httpx.TransportError as error:
            raise UnreachableError(
                f"The hub at {self._site.base_url.host} does not answer ({error}). Is it running?"
            ) from error
        if answer.status_code >= 500 or answer.is_redirect:
            raise UnreachableError(
                f"The hub answered {answer.status_code}. Check the address, or try again in a minute."
            )
        if answer.is_error:
            raise _refusal(answer)
        return answer


def _api_address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(f"{url.strip().rstrip('/')}/api/v1/")
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in {"http", "https"} or not address.host:
        raise UsageError(f"“{url}” is no address of a hub. It begins with http:// or https://.")
    return address


def _check_token(token: str) -> None:
    if not token or not all("!" <= char <= "~" for char in token):
        raise UsageError(
            "The token is empty, or holds a space, a line break or a letter that no token has. "
            "Copy it again from the page that made it."
        )


def _refusal(answer: httpx.Response) -> RefusedError:
    """The first of the sentences in the answer, or one of our own where there is none."""
    try:
        error = answer.json()["errors"][0]
        message, code, field = str(error["detail"]), str(error["code"]), error["attr"]
    except (ValueError, KeyError, IndexError, TypeError):
        message, code, field = f"The hub answered {answer.status_code}. Is this its address?", "not_a_hub", None
    return RefusedError(message, status=answer.status_code, code=code, field=field)


def _seconds(retry_after: str) -> float:
    return min(float(retry_after), LONGEST_WAIT_S) if retry_after.isdecimal() else 1.0


Stateful = TypeVar("Stateful", UploadInfo, GenerationInfo)


def _until(ask: Callable[[], Stateful], ends: set[str]) -> Iterator[Stateful]:
    """Each answer, up to the first whose state is an end. Raises UnreachableError when that takes half an hour."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        answer = ask()
        yield answer
        if answer.state in ends:
            return
        time.sleep(POLL_SECONDS)
    raise UnreachableError("The hub has taken half an hour over this. Look at it on the hub's own pages.")


def _slice(path: Path, first: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        while length > 0:
            chunk = file.read(min(CHUNK_BYTES, length))
            if not chunk:
                raise HubError(f"{path.name} became shorter while it was sent. Send it again.")
            length -= len(chunk)
            yield chunk
