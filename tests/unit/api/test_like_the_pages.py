"""Whatever a person does on the pages, a program does over REST: each page has an operation, or a reason to have none."""

from marketplace.pages.urls import urlpatterns
from tests.api_operations import operations

OPERATIONS = {
    "account": "GET account",
    "abort_upload": "DELETE uploads/{id}",
    "buy": "POST purchases",
    "costs": "GET costs",
    "create": "POST generations",
    "create_token": "POST tokens",
    "download_lora": "GET uploads/{id}/file",
    "download_purchase": "GET purchases/{id}/file",
    "earnings": "GET earnings/report",
    "gallery": "GET styles",
    "generation": "GET generations/{id}",
    "generation_cancel": "POST generations/{id}/cancel",
    "generation_download": "GET generations/{id}/image",
    "generation_image": "GET generations/{id}/image",
    "generation_status": "GET generations/{id}",
    "history": "GET generations",
    "listing": "GET listings/{id}",
    "make_lora": "POST uploads/{id}/lora",
    "picture": "GET pictures/{sha256}",
    "picture_preview": "GET listings/{id}/preview",
    "pictures": "GET listings",
    "proof": "GET ledger/proofs/{id}",
    "publish": "POST versions",
    "purchases": "GET purchases",
    "quote": "POST quotes",
    "receipt": "GET receipts/{id}",
    "receipt_file": "GET receipts/{id}/pdf",
    "revoke_token": "DELETE tokens/{key}",
    "sell": "POST listings",
    "solvency": "GET solvency",
    "statement": "GET earnings/statement.csv",
    "stop_subscription": "POST subscriptions/{creator}/stop",
    "studio": "GET account/styles",
    "style": "GET styles/{slug}",
    "subscription_offer": "PUT account/subscription",
    "top_up": "POST top-ups",
    "upload": "POST uploads",
    "uploads": "GET uploads",
    "wallet": "GET wallet/movements",
    "withdraw": "POST versions/{id}/withdraw",
    "withdraw_picture": "DELETE listings/{id}",
}
NONE = {
    "example": "a public file, whose address the API tells",
    "healthz": "for whoever watches the process",
    "language": "for the browser's pages alone",
    "theme": "for the browser's pages alone",
}


def test_every_page_has_an_operation_or_a_reason_to_have_none() -> None:
    names = {str(pattern.name) for pattern in urlpatterns}
    assert names == OPERATIONS.keys() | NONE.keys(), (
        "Name the operation of a new page in OPERATIONS, or why it has none."
    )


def test_the_operations_that_pages_have_exist() -> None:
    there = {operation.name.replace("/api/v1/", "") for operation in operations()}
    assert set(OPERATIONS.values()) <= there
