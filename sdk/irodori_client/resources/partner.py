"""Licensing for organisations. Receipts are checked without the hub by `irodori_client.receipts`."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

from irodori_client import endpoints as at
from irodori_client.calls import Asked
from irodori_client.effects import Items, Steps
from irodori_client.models import (
    Acceptance,
    Grant,
    GrantQuote,
    GrantWanted,
    Licensable,
    PartnerStatement,
    PartnerTerms,
    PublicKeys,
    Usage,
)
from irodori_client.resources.base import Mode, Resource, iteration, operation


class Partner(Resource[Mode]):
    @operation
    def terms(self) -> Steps[PartnerTerms]:
        """What was agreed on with your organisation: prices, quotas, caps and territories."""
        return self._calls.call(at.PARTNER_TERMS)

    @iteration
    def licensable(self, *, permissions: Sequence[str] = (), territory: Sequence[str] = ()) -> Items[Licensable]:
        """The versions that you may license with all these permissions, for these countries."""
        asked = {"permissions": ",".join(permissions), "territory": ",".join(territory)}
        return self._calls.each(at.LICENSABLE, asked)

    @operation
    def quote(self, wanted: GrantWanted) -> Steps[GrantQuote]:
        """What a grant would cost, and who is paid. Nothing is held."""
        return self._calls.call(at.GRANT_QUOTE, Asked(body=wanted))

    @operation
    def accept(self, quote: GrantQuote | str, *, idempotency_key: str | None = None) -> Steps[Grant]:
        """Make the agreement and its grant. The same quote, or the text in it, again gives the same grant."""
        text = quote if isinstance(quote, str) else quote.quote
        return self._calls.call(at.ACCEPT, Asked(body=Acceptance(quote=text), key=idempotency_key))

    @iteration
    def grants(self) -> Items[Grant]:
        """Your organisation's grants, newest first."""
        return self._calls.each(at.GRANTS)

    @operation
    def grant(self, id: UUID | str) -> Steps[Grant]:  # noqa: A002 - the API's word
        """One of them. Order under it by `generations.create(order, grants=[id])`."""
        return self._calls.call(at.GRANT, Asked(names={"id": id}))

    @operation
    def agreement(self, id: UUID | str) -> Steps[bytes]:  # noqa: A002 - as above
        """A grant's agreement as ODRL, which other programs read."""
        return self._calls.call(at.GRANT_AGREEMENT, Asked(names={"id": id}))

    @operation
    def grant_receipt(self, id: UUID | str) -> Steps[bytes]:  # noqa: A002 - as above
        """A grant's signed receipt, a JSON Web Signature in compact form."""
        return self._calls.call(at.GRANT_RECEIPT, Asked(names={"id": id}))

    @operation
    def image_receipt(self, generation: UUID | str) -> Steps[bytes]:
        """The signed receipt of an image that was ordered under grants."""
        return self._calls.call(at.IMAGE_RECEIPT, Asked(names={"id": generation}))

    @operation
    def receipt_keys(self) -> Steps[PublicKeys]:
        """The keys that sign receipts. Keep them: a receipt is checked with keys that you kept."""
        return self._calls.call(at.RECEIPT_KEYS)

    @operation
    def revocations(self) -> Steps[bytes]:
        """The signed list of grants that were revoked."""
        return self._calls.call(at.REVOCATIONS)

    @operation
    def usage(self, first: date | None = None, last: date | None = None) -> Steps[Usage]:
        """What was made under your grants, by grant."""
        return self._calls.call(at.USAGE, Asked(params={"from": first, "to": last}))

    @operation
    def save_usage(self, path: Path | str, first: date | None = None, last: date | None = None) -> Steps[Path]:
        """The same as CSV, a line for each image."""
        return self._calls.save(at.USAGE_SHEET, Asked(params={"from": first, "to": last}), Path(path))

    @iteration
    def statements(self) -> Items[PartnerStatement]:
        """The monthly statements that were made for your organisation, newest first."""
        return self._calls.each(at.PARTNER_STATEMENTS)

    @operation
    def save_statement(self, month: str, path: Path | str) -> Steps[Path]:
        """One of them as CSV."""
        return self._calls.save(at.PARTNER_STATEMENT, Asked(names={"month": month}), Path(path))
