"""A person in front of a browser, for seeding and for smoke tests: fetches pages, keeps cookies, sends their forms."""

import re

import httpx

TOKEN_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
TIMEOUT = httpx.Timeout(30)


class UnexpectedAnswerError(AssertionError):
    """The hub answered something else than a page that goes on."""


class Visitor:
    """Knows addresses and forms of the pages, and nothing of the code behind them."""

    def __init__(self, url: str) -> None:
        self.session = httpx.Client(base_url=url, timeout=TIMEOUT, follow_redirects=True)

    def sign_up(self, email: str, display_name: str, password: str) -> None:
        form = {"email": email, "display_name": display_name, "password1": password}
        self._enter("/accounts/signup/", form)

    def sign_in(self, email: str, password: str) -> None:
        self._enter("/accounts/login/", {"login": email, "password": password})

    def top_up(self, amount_micro: int) -> None:
        """Choose an amount on the wallet's page and pay at the provider's checkout."""
        checkout = self.submit("/wallet/", {"amount_micro": str(amount_micro)}, action="/wallet/top-up/")
        self.submit(str(checkout.url), {})

    def make_token(self, name: str) -> str:
        """A key for programs, which may do everything."""
        body = {"name": name, "scopes": ["everything"]}
        headers = {"X-CSRFToken": self._token("/account/")}
        return str(checked(self.session.post("/api/v1/keys", json=body, headers=headers)).json()["secret"])

    def submit(self, page: str, form: dict[str, str], action: str = "") -> httpx.Response:
        """Send a form of a page, with the token that the page holds."""
        return checked(self.session.post(action or page, data={**form, "csrfmiddlewaretoken": self._token(page)}))

    def _enter(self, page: str, form: dict[str, str]) -> None:
        answer = self.submit(page, form)
        if answer.url.path == page:
            raise UnexpectedAnswerError(f"{page} refused: {_text(answer.text)}")

    def _token(self, page: str) -> str:
        found = TOKEN_FIELD.search(checked(self.session.get(page)).text)
        if not found:
            raise UnexpectedAnswerError(f"The page {page} has no form.")
        return found[1]


def checked(answer: httpx.Response) -> httpx.Response:
    """The answer, if it is a success. Raises UnexpectedAnswerError."""
    if not answer.is_success:
        where = f"{answer.request.method} {answer.request.url.copy_with(query=None)}"
        raise UnexpectedAnswerError(f"{where} answered {answer.status_code}: {answer.text[:500]}")
    return answer


def _text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())[:500]
