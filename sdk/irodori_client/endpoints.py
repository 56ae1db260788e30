"""Every address of the hub that this package calls, with what is sent there and what comes back.

The hub's tests compare this table and the models that it names with the hub's own OpenAPI document.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from irodori_client import models
from irodori_client.models import Page, Sent

T = TypeVar("T")


@dataclass(frozen=True)
class Endpoint(Generic[T]):
    """`answer` is a model, a list or page of one, bytes for a file, or NoneType.

    `keyed`: the hub takes an Idempotency-Key here, and one is made where none is given. `again`: doing it twice does it
    once, even without a key; what only reads is such by its method.
    """

    method: str
    path: str
    answer: type[T]
    body: type[Sent] | None = None
    keyed: bool = False
    again: bool = False

    @property
    def repeatable(self) -> bool:
        return self.method in {"GET", "DELETE"} or self.keyed or self.again


V1 = "/api/v1"
BASES = Endpoint("GET", f"{V1}/base-models", list[models.Base])
STYLES = Endpoint("GET", f"{V1}/styles", Page[models.Style])
STYLE = Endpoint("GET", f"{V1}/styles/{{slug}}", models.StylePage)
OWN_STYLES = Endpoint("GET", f"{V1}/account/styles", Page[models.StylePage])
ACCOUNT = Endpoint("GET", f"{V1}/account", models.Account)
VERSION = Endpoint("GET", f"{V1}/versions/{{id}}", models.VersionPage)
PUBLISH = Endpoint("POST", f"{V1}/versions", models.Version, body=models.Publication, keyed=True)
WITHDRAW = Endpoint("POST", f"{V1}/versions/{{id}}/withdraw", models.Version, again=True)
LICENCE = Endpoint("GET", f"{V1}/styles/{{slug}}/versions/{{number}}/licence", models.LicenceDocument)
# The same address with ?format=.
LICENCE_FILE = Endpoint("GET", f"{V1}/styles/{{slug}}/versions/{{number}}/licence", bytes)

QUOTE = Endpoint("POST", f"{V1}/quotes", models.Quote, body=models.Priced, again=True)
ORDER = Endpoint("POST", f"{V1}/generations", models.Generation, body=models.Order, keyed=True)
HISTORY = Endpoint("GET", f"{V1}/generations", Page[models.Generation])
GENERATION = Endpoint("GET", f"{V1}/generations/{{id}}", models.Generation)
EVENTS = Endpoint("GET", f"{V1}/generations/{{id}}/events", bytes)
CANCEL = Endpoint("POST", f"{V1}/generations/{{id}}/cancel", models.Generation, again=True)
IMAGE = Endpoint("GET", f"{V1}/generations/{{id}}/image", bytes)
PREVIEW = Endpoint("GET", f"{V1}/generations/{{id}}/preview", bytes)
# A picture is known by its hash: sent twice, it is kept once.
AS_PICTURE = Endpoint("POST", f"{V1}/generations/{{id}}/picture", models.Picture, again=True)
PICTURE_FILE = Endpoint("GET", f"{V1}/pictures/{{sha256}}", bytes)
PICTURE = Endpoint("POST", f"{V1}/pictures", models.Picture, again=True)

BATCH_QUOTE = Endpoint("POST", f"{V1}/batches/quote", models.BatchQuote, body=models.BatchRequest, again=True)
BATCH_ORDER = Endpoint("POST", f"{V1}/batches", models.Batch, body=models.BatchOrder, keyed=True)
BATCHES = Endpoint("GET", f"{V1}/batches", Page[models.Batch])
BATCH = Endpoint("GET", f"{V1}/batches/{{id}}", models.Batch)
BATCH_EVENTS = Endpoint("GET", f"{V1}/batches/{{id}}/events", bytes)
BATCH_ITEMS = Endpoint("GET", f"{V1}/batches/{{id}}/items", Page[models.BatchItem])
BATCH_CANCEL = Endpoint("POST", f"{V1}/batches/{{id}}/cancel", models.Batch, again=True)

UPLOADS = Endpoint("GET", f"{V1}/uploads", Page[models.Upload])
NEW_UPLOAD = Endpoint("POST", f"{V1}/uploads", models.Upload, body=models.NewUpload, keyed=True)
UPLOAD = Endpoint("GET", f"{V1}/uploads/{{id}}", models.Upload)
ABORT = Endpoint("DELETE", f"{V1}/uploads/{{id}}", type(None))
PART = Endpoint("POST", f"{V1}/uploads/{{id}}/parts/{{number}}", models.PartAddress, again=True)
COMPLETE = Endpoint("POST", f"{V1}/uploads/{{id}}/complete", models.Upload, body=models.SentParts, again=True)
LORA = Endpoint("POST", f"{V1}/uploads/{{id}}/lora", models.Upload, keyed=True)
LORA_FILE = Endpoint("GET", f"{V1}/uploads/{{id}}/file", bytes)

WALLET = Endpoint("GET", f"{V1}/wallet", models.Wallet)
TOP_UP = Endpoint("POST", f"{V1}/top-ups", models.Checkout, body=models.TopUp, keyed=True)
TOP_UPS = Endpoint("GET", f"{V1}/top-ups", Page[models.OwnTopUp])
OWN_TOP_UP = Endpoint("GET", f"{V1}/top-ups/{{id}}", models.OwnTopUp)
MOVEMENTS = Endpoint("GET", f"{V1}/wallet/movements", Page[models.Movement])
RECEIPT = Endpoint("GET", f"{V1}/receipts/{{id}}", models.Receipt)
RECEIPT_PDF = Endpoint("GET", f"{V1}/receipts/{{id}}/pdf", bytes)

PURCHASE_QUOTE = Endpoint("POST", f"{V1}/purchases/quotes", models.PurchaseQuote, body=models.Wanted, again=True)
BUY = Endpoint("POST", f"{V1}/purchases", models.Purchase, body=models.Bought, keyed=True)
PURCHASES = Endpoint("GET", f"{V1}/purchases", Page[models.Purchase])
PURCHASE = Endpoint("GET", f"{V1}/purchases/{{id}}", models.Purchase)
PURCHASE_FILE = Endpoint("GET", f"{V1}/purchases/{{id}}/file", bytes)

EARNINGS = Endpoint("GET", f"{V1}/earnings", models.Earnings)
STATEMENT = Endpoint("GET", f"{V1}/earnings/statement.csv", bytes)

PARTNER_TERMS = Endpoint("GET", f"{V1}/partner/terms", models.PartnerTerms)
LICENSABLE = Endpoint("GET", f"{V1}/partner/licensable", Page[models.Licensable])
GRANT_QUOTE = Endpoint("POST", f"{V1}/partner/quotes", models.GrantQuote, body=models.GrantWanted, again=True)
ACCEPT = Endpoint("POST", f"{V1}/partner/grants", models.Grant, body=models.Acceptance, keyed=True)
GRANTS = Endpoint("GET", f"{V1}/partner/grants", Page[models.Grant])
GRANT = Endpoint("GET", f"{V1}/partner/grants/{{id}}", models.Grant)
GRANT_AGREEMENT = Endpoint("GET", f"{V1}/partner/grants/{{id}}/agreement", bytes)
GRANT_RECEIPT = Endpoint("GET", f"{V1}/partner/grants/{{id}}/receipt", bytes)
IMAGE_RECEIPT = Endpoint("GET", f"{V1}/generations/{{id}}/receipt", bytes)
USAGE = Endpoint("GET", f"{V1}/partner/usage", models.Usage)
USAGE_SHEET = Endpoint("GET", f"{V1}/partner/usage.csv", bytes)
PARTNER_STATEMENTS = Endpoint("GET", f"{V1}/partner/statements", Page[models.PartnerStatement])
PARTNER_STATEMENT = Endpoint("GET", f"{V1}/partner/statements/{{month}}.csv", bytes)
RECEIPT_KEYS = Endpoint("GET", "/.well-known/irodori-receipt-keys.json", models.PublicKeys)
REVOCATIONS = Endpoint("GET", "/.well-known/irodori-revocations.jws", bytes)

PROOF = Endpoint("GET", f"{V1}/ledger/proofs/{{id}}", models.Proof)
BLOCKS = Endpoint("GET", f"{V1}/ledger/blocks", list[models.SignedBlock])
# A well-known file beside the API, and so not in its document.
LEDGER_KEYS = Endpoint("GET", "/.well-known/irodori-ledger-keys.json", models.PublicKeys)


def endpoints() -> tuple[Endpoint[object], ...]:
    """All of them, in the order above."""
    return tuple(each for each in globals().values() if isinstance(each, Endpoint))
