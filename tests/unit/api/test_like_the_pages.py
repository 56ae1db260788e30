"""Whatever a person does on the pages, a program does over REST: each page has an operation, or a reason to have none."""

from marketplace.pages.urls import urlpatterns
from tests.api_operations import operations

OPERATIONS = {
    "account": "GET account",
    "abort_upload": "DELETE uploads/{id}",
    "add_webhook": "POST webhooks",
    "batch": "GET batches/{id}",
    "batch_cancel": "POST batches/{id}/cancel",
    "batch_quote": "POST batches/quote",
    "batches": "GET batches",
    "buy": "POST purchases",
    "change_webhook": "PATCH webhooks/{id}",
    "clients": "POST oauth-clients",
    "costs": "GET costs",
    "create": "POST generations",
    "delete_webhook": "DELETE webhooks/{id}",
    "download_lora": "GET uploads/{id}/file",
    "download_purchase": "GET purchases/{id}/file",
    "earnings": "GET earnings/report",
    "gallery": "GET styles",
    "generation": "GET generations/{id}",
    "generation_cancel": "POST generations/{id}/cancel",
    "generation_download": "GET generations/{id}/image",
    "generation_image": "GET generations/{id}/image",
    "generation_status": "GET generations/{id}",
    "give_role": "PATCH organisations/{slug}/members/{id}",
    "history": "GET generations",
    "invitation": "POST invitations/accept",
    "invite": "POST organisations/{slug}/invitations",
    "keys": "POST keys",
    "licence": "GET styles/{slug}/versions/{number}/licence",
    "listing": "GET listings/{id}",
    "make_lora": "POST uploads/{id}/lora",
    "new_batch": "POST batches",
    "organisation": "GET organisations/{slug}",
    "organisations": "GET organisations",
    "picture": "GET pictures/{sha256}",
    "picture_preview": "GET listings/{id}/preview",
    "pictures": "GET listings",
    "proof": "GET ledger/proofs/{id}",
    "publish": "POST versions",
    "purchases": "GET purchases",
    "quote": "POST quotes",
    "receipt": "GET receipts/{id}",
    "receipt_file": "GET receipts/{id}/pdf",
    "remove_member": "DELETE organisations/{slug}/members/{id}",
    "rename_organisation": "PATCH organisations/{slug}",
    "replay_webhook": "POST webhooks/{id}/deliveries/{delivery}/replay",
    "replay_webhooks": "POST webhooks/{id}/replay",
    "revoke_client": "DELETE oauth-clients/{id}",
    "revoke_key": "DELETE keys/{id}",
    "rotate_client": "POST oauth-clients/{id}/rotate",
    "rotate_key": "POST keys/{id}/rotate",
    "rotate_webhook_secret": "POST webhooks/{id}/rotate-secret",
    "sell": "POST listings",
    "solvency": "GET solvency",
    "statement": "GET earnings/statement.csv",
    "stop_subscription": "POST subscriptions/{creator}/stop",
    "studio": "GET account/styles",
    "style": "GET styles/{slug}",
    "subscription_offer": "PUT account/subscription",
    "switch_webhook": "PATCH webhooks/{id}",
    "test_webhook": "POST webhooks/{id}/test",
    "top_up": "POST top-ups",
    "top_up_organisation": "POST organisations/{slug}/top-ups",
    "upload": "POST uploads",
    "uploads": "GET uploads",
    "wallet": "GET wallet/movements",
    "usage": "GET usage",
    "webhook": "GET webhooks/{id}",
    "webhook_delivery": "GET webhooks/{id}/deliveries/{delivery}",
    "webhook_result": "GET webhooks/{id}/deliveries/{delivery}",
    "webhook_sample": "GET webhooks/kinds",
    "webhooks": "GET webhooks",
    "withdraw": "POST versions/{id}/withdraw",
    "withdraw_invitation": "DELETE organisations/{slug}/invitations/{id}",
    "withdraw_picture": "DELETE listings/{id}",
}
NONE = {
    "developers": "says in words what the OpenAPI document says",
    "example": "a public file, whose address the API tells",
    "healthz": "for whoever watches the process",
    "language": "for the browser's pages alone",
    "quick_starts": "code to copy, which is in the docs, too",
    "robots": "for crawlers, which know the address",
    "site_licence": "likewise",
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
