"""Addresses below /v1/, as Stability's API has them."""

from django.urls import path, re_path

from marketplace.stability.views import (
    AccountView,
    BalanceView,
    EnginesView,
    ImageToImageView,
    MaskingView,
    TextToImageView,
    UnknownAddressView,
    UpscaleView,
)

app_name = "stability"
generation = "generation/<str:engine>"
urlpatterns = [
    path("engines/list", EnginesView.as_view(), name="engines"),
    path("user/account", AccountView.as_view(), name="account"),
    path("user/balance", BalanceView.as_view(), name="balance"),
    path(f"{generation}/text-to-image", TextToImageView.as_view(), name="text-to-image"),
    path(f"{generation}/image-to-image", ImageToImageView.as_view(), name="image-to-image"),
    path(f"{generation}/image-to-image/masking", MaskingView.as_view(), name="masking"),
    path(f"{generation}/image-to-image/upscale", UpscaleView.as_view(), name="upscale"),
    re_path("^(engines|user|generation)/", UnknownAddressView.as_view()),
]
