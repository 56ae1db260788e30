"""What was paid and earned."""

from pathlib import Path

from irodori_client import endpoints as at
from irodori_client import models
from irodori_client.calls import Asked
from irodori_client.effects import Steps
from irodori_client.models import Checkout, TopUp
from irodori_client.resources.base import Mode, Resource, operation


class Wallet(Resource[Mode]):
    @operation
    def get(self) -> Steps[models.Wallet]:
        """What is free to spend, and what is held for images that are not finished."""
        return self._calls.call(at.WALLET)

    @operation
    def top_up(self, amount_micro: int, *, idempotency_key: str | None = None) -> Steps[Checkout]:
        """Open a checkout. The wallet grows when it is paid."""
        return self._calls.call(at.TOP_UP, Asked(body=TopUp(amount_micro=amount_micro), key=idempotency_key))


class Earnings(Resource[Mode]):
    @operation
    def get(self) -> Steps[models.Earnings]:
        """What your styles have earned, by version."""
        return self._calls.call(at.EARNINGS)

    @operation
    def statement(self, month: str = "", *, organisation: str = "") -> Steps[bytes]:
        """A month's statement as CSV. `month` is such as 2026-11, in UTC; this month so far if left out."""
        return self._calls.call(at.STATEMENT, Asked(params={"month": month, "organisation": organisation}))

    @operation
    def save_statement(self, path: Path, month: str = "", *, organisation: str = "") -> Steps[Path]:
        """The same into a file, however long it is."""
        asked = Asked(params={"month": month, "organisation": organisation})
        return self._calls.save(at.STATEMENT, asked, path)
