"""What was paid and earned."""

from pathlib import Path
from uuid import UUID

from irodori_client import endpoints as at
from irodori_client import models
from irodori_client.calls import Asked
from irodori_client.effects import Items, Steps
from irodori_client.models import (
    Bought,
    Checkout,
    Movement,
    OwnTopUp,
    Purchase,
    PurchaseQuote,
    Receipt,
    TopUp,
    Wanted,
)
from irodori_client.models.purchases import PurchaseKind
from irodori_client.resources.base import Mode, Resource, iteration, operation


class Wallet(Resource[Mode]):
    @operation
    def get(self) -> Steps[models.Wallet]:
        """What is free to spend, and what is held for images that are not finished."""
        return self._calls.call(at.WALLET)

    @operation
    def top_up(self, amount_micro: int, *, idempotency_key: str | None = None) -> Steps[Checkout]:
        """Open a checkout. The wallet grows when it is paid."""
        return self._calls.call(at.TOP_UP, Asked(body=TopUp(amount_micro=amount_micro), key=idempotency_key))

    @iteration
    def top_ups(self) -> Items[OwnTopUp]:
        """Your top-ups, newest first."""
        return self._calls.each(at.TOP_UPS)

    @operation
    def top_up_state(self, id: UUID | str) -> Steps[OwnTopUp]:  # noqa: A002 - the API's word
        """One of them: is it paid?"""
        return self._calls.call(at.OWN_TOP_UP, Asked(names={"id": id}))

    @iteration
    def movements(self) -> Items[Movement]:
        """Everything that came into your wallet or left it, newest first."""
        return self._calls.each(at.MOVEMENTS)


class Receipts(Resource[Mode]):
    @operation
    def get(self, id: UUID | str) -> Steps[Receipt]:  # noqa: A002 - as above
        """A receipt, which a movement of your wallet names."""
        return self._calls.call(at.RECEIPT, Asked(names={"id": id}))

    @operation
    def save(self, id: UUID | str, path: Path | str) -> Steps[Path]:  # noqa: A002 - as above
        """The same as a PDF."""
        return self._calls.save(at.RECEIPT_PDF, Asked(names={"id": id}), Path(path))


class Purchases(Resource[Mode]):
    @operation
    def quote(self, kind: PurchaseKind, item: object) -> Steps[PurchaseQuote]:
        """What a version's file, a subscription to a creator, or a finished picture would cost, by its id."""
        return self._calls.call(at.PURCHASE_QUOTE, Asked(body=Wanted(kind=kind, item=str(item))))

    @operation
    def buy(self, quote: PurchaseQuote, *, idempotency_key: str | None = None) -> Steps[Purchase]:
        """Buy what was quoted, at that price."""
        return self._calls.call(at.BUY, Asked(body=Bought(quote=quote.quote), key=idempotency_key))

    @operation
    def get(self, id: UUID | str) -> Steps[Purchase]:  # noqa: A002 - as above
        """One of your purchases."""
        return self._calls.call(at.PURCHASE, Asked(names={"id": id}))

    @iteration
    def all(self) -> Items[Purchase]:
        """Your purchases, newest first."""
        return self._calls.each(at.PURCHASES)

    @operation
    def save(self, id: UUID | str, path: Path | str) -> Steps[Path]:  # noqa: A002 - as above
        """The file that you bought."""
        return self._calls.save(at.PURCHASE_FILE, Asked(names={"id": id}), Path(path))


class Account(Resource[Mode]):
    @operation
    def get(self) -> Steps[models.Account]:
        """Who you are, and the organisations that you are a member of."""
        return self._calls.call(at.ACCOUNT)


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
