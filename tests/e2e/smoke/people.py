"""A person in front of a browser, and the program they give a token to. Both know addresses and forms, no code."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PASSWORD = "vermilion-and-teal-42"
TOKEN_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
TIMEOUT = httpx.Timeout(30)


class UnexpectedAnswerError(AssertionError):
    """The hub answered something else than the main job needs."""


class Browser:
    """Fetches pages, keeps cookies, sends forms with the token that the page held."""

    def __init__(self, url: str) -> None:
        self.session = httpx.Client(base_url=url, timeout=TIMEOUT, follow_redirects=True)

    def sign_up(self, email: str, display_name: str) -> None:
        form = {"email": email, "display_name": display_name, "password1": PASSWORD}
        answer = self.submit("/accounts/signup/", form)
        if answer.url.path == "/accounts/signup/":
            raise UnexpectedAnswerError(f"Sign-up was refused: {_errors(answer.text)}")

    def top_up(self, amount_micro: int) -> None:
        """Choose an amount on the wallet's page and pay at the provider's checkout."""
        checkout = self.submit("/wallet/", {"amount_micro": str(amount_micro)}, action="/wallet/top-up/")
        self.submit(str(checkout.url), {})

    def make_token(self) -> str:
        """A token for programs."""
        answer = self.session.post(
            "/api/v1/tokens", json={"name": "smoke"}, headers={"X-CSRFToken": self._token("/account/")}
        )
        return str(_json(answer)["token"])

    def submit(self, page: str, form: dict[str, str], action: str = "") -> httpx.Response:
        answer = self.session.post(action or page, data={**form, "csrfmiddlewaretoken": self._token(page)})
        return _ok(answer)

    def _token(self, page: str) -> str:
        found = TOKEN_FIELD.search(_ok(self.session.get(page)).text)
        if not found:
            raise UnexpectedAnswerError(f"The page {page} has no form.")
        return found[1]


@dataclass(frozen=True)
class Image:
    """A finished generation and its bytes."""

    content: bytes
    answer: dict[str, Any]


class Program:
    """Calls the API with a token."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.session = httpx.Client(base_url=f"{url}/api/v1/", timeout=TIMEOUT, headers=headers)

    def get(self, path: str) -> dict[str, Any]:
        return _json(self.session.get(path))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return _json(self.session.post(path, json=body))

    def upload(self, path: Path, base_model: str) -> dict[str, Any]:
        """Send a file in parts straight to the store, and wait until it is ready."""
        content = path.read_bytes()
        upload = self.post("uploads", {"file_name": path.name, "size": len(content), "base_model": base_model})
        parts = []
        for number in range(1, upload["part_count"] + 1):
            part = content[(number - 1) * upload["part_size"] : number * upload["part_size"]]
            address = self.post(f"uploads/{upload['id']}/parts/{number}", {})["url"]
            stored = _ok(httpx.put(address, content=part, timeout=TIMEOUT))
            parts.append({"number": number, "etag": stored.headers["etag"]})
        self.post(f"uploads/{upload['id']}/complete", {"parts": parts})
        return self._wait(f"uploads/{upload['id']}", {"ready"}, {"refused", "aborted"})

    def generate(self, order: dict[str, Any]) -> Image:
        return self.wait_for_image(self.post("generations", order)["id"])

    def wait_for_image(self, id: str, patience_s: float = 90.0) -> Image:  # noqa: A002 - the API's word
        answer = self._wait(f"generations/{id}", {"succeeded"}, {"failed", "cancelled"}, patience_s)
        return Image(_ok(self.session.get(f"generations/{id}/image")).content, answer)

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


def _ok(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        where = f"{answer.request.method} {answer.request.url.copy_with(query=None)}"
        raise UnexpectedAnswerError(f"{where} answered {answer.status_code}: {answer.text[:500]}")
    return answer


def _json(answer: httpx.Response) -> dict[str, Any]:
    value = _ok(answer).json()
    assert isinstance(value, dict)
    return value


def _errors(page: str) -> str:
    text = re.sub(r"<[^>]+>", " ", page)
    return " ".join(text.split())[:500]
