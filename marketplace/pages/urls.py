"""The addresses of pages; every name is used by templates as pages:<name>."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.i18n import set_language

from marketplace.pages.views import (
    account,
    costs,
    credentials,
    developers,
    earnings,
    gallery,
    generate,
    generation,
    history,
    images,
    licence,
    model,
    organisations,
    proof,
    publish,
    purchases,
    receipt,
    shop,
    solvency,
    studio,
    theme,
    upload,
    wallet,
)

app_name = "pages"


def healthy(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the signature Django calls
    return HttpResponse("ok", content_type="text/plain")


urlpatterns: list[URLPattern] = [
    path("", gallery.gallery, name="gallery"),
    path("styles/<slug:slug>/", model.style, name="style"),
    path("styles/<slug:slug>/v<int:number>/licence/", licence.licence, name="licence"),
    path("examples/<int:example_id>/<str:sha256>.png", images.example, name="example"),
    path("create/", generate.create, name="create"),
    path("quote/", generate.quote, name="quote"),
    path("generations/<uuid:generation_id>/", generation.generation, name="generation"),
    path("generations/<uuid:generation_id>/status/", generation.generation_status, name="generation_status"),
    path("generations/<uuid:generation_id>/cancel/", generation.generation_cancel, name="generation_cancel"),
    path("generations/<uuid:generation_id>/image.png", images.generation_image, name="generation_image"),
    path("generations/<uuid:generation_id>/download/", images.generation_download, name="generation_download"),
    path("pictures/<str:sha256>/", images.picture, name="picture"),
    path("history/", history.history, name="history"),
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/top-up/", wallet.top_up, name="top_up"),
    path("buy/", shop.buy, name="buy"),
    path("shop/", shop.pictures, name="pictures"),
    path("shop/<uuid:listing_id>/", shop.picture, name="listing"),
    path("shop/<uuid:listing_id>/preview.webp", shop.picture_preview, name="picture_preview"),
    path("shop/<uuid:listing_id>/withdraw/", shop.withdraw, name="withdraw_picture"),
    path("generations/<uuid:generation_id>/sell/", shop.sell, name="sell"),
    path("purchases/", purchases.purchases, name="purchases"),
    path("purchases/<uuid:purchase_id>/download/", purchases.download, name="download_purchase"),
    path("subscriptions/<int:creator_id>/stop/", purchases.stop_subscription, name="stop_subscription"),
    path("studio/subscription/", purchases.subscription_offer, name="subscription_offer"),
    path("ledger/<uuid:transaction_id>/", proof.proof, name="proof"),
    path("receipts/<uuid:number>/", receipt.receipt, name="receipt"),
    path("receipts/<uuid:number>/receipt.pdf", receipt.receipt_file, name="receipt_file"),
    path("costs/", costs.costs, name="costs"),
    path("solvency/", solvency.solvency, name="solvency"),
    path("studio/", studio.studio, name="studio"),
    path("studio/uploads/", studio.uploads, name="uploads"),
    path("studio/upload/", upload.upload, name="upload"),
    path("studio/uploads/<uuid:upload_id>/abort/", studio.abort_upload, name="abort_upload"),
    path("studio/uploads/<uuid:upload_id>/lora/", studio.make_lora, name="make_lora"),
    path("studio/uploads/<uuid:upload_id>/file/", studio.download_lora, name="download_lora"),
    path("studio/uploads/<uuid:upload_id>/publish/", publish.publish, name="publish"),
    path("studio/versions/<int:version_id>/withdraw/", studio.withdraw, name="withdraw"),
    path("earnings/", earnings.earnings, name="earnings"),
    path("earnings/statement.csv", earnings.statement, name="statement"),
    path("account/", account.account, name="account"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/<slug:slug>/", organisations.organisation, name="organisation"),
    path("organisations/<slug:slug>/rename/", organisations.rename, name="rename_organisation"),
    path("organisations/<slug:slug>/top-up/", organisations.top_up, name="top_up_organisation"),
    path("organisations/<slug:slug>/members/<int:user_id>/role/", organisations.give_role, name="give_role"),
    path("organisations/<slug:slug>/members/<int:user_id>/remove/", organisations.remove, name="remove_member"),
    path("organisations/<slug:slug>/invitations/", organisations.invite, name="invite"),
    path(
        "organisations/<slug:slug>/invitations/<int:invitation_id>/withdraw/",
        organisations.withdraw,
        name="withdraw_invitation",
    ),
    path("invitations/<str:token>/", organisations.invitation, name="invitation"),
    path("developers/", developers.overview, name="developers"),
    path("developers/quick-starts/", developers.quick_starts, name="quick_starts"),
    path("developers/usage/", developers.usage, name="usage"),
    path("developers/keys/", credentials.held, {"kind": "key"}, name="keys"),
    path("developers/keys/<int:credential_id>/rotate/", credentials.rotate, {"kind": "key"}, name="rotate_key"),
    path("developers/keys/<int:credential_id>/revoke/", credentials.revoke, {"kind": "key"}, name="revoke_key"),
    path("developers/clients/", credentials.held, {"kind": "client"}, name="clients"),
    path(
        "developers/clients/<int:credential_id>/rotate/", credentials.rotate, {"kind": "client"}, name="rotate_client"
    ),
    path(
        "developers/clients/<int:credential_id>/revoke/", credentials.revoke, {"kind": "client"}, name="revoke_client"
    ),
    path("theme/", theme.theme, name="theme"),
    path("language/", set_language, name="language"),
    path("robots.txt", licence.robots, name="robots"),
    path("licence.rsl", licence.site_licence, name="site_licence"),
    path("healthz", healthy, name="healthz"),
]
