"""Addresses below /v1/, as OpenAI's API has them."""

from django.urls import path, re_path

from marketplace.openai.views import (
    EditsView,
    FileView,
    GenerationsView,
    ModelsView,
    ModelView,
    UnknownAddressView,
)

app_name = "openai"
urlpatterns = [
    path("models", ModelsView.as_view(), name="models"),
    path("models/<str:model>", ModelView.as_view(), name="model"),
    path("images/generations", GenerationsView.as_view(), name="generations"),
    path("images/edits", EditsView.as_view(), name="edits"),
    path("images/files/<str:token>/<str:name>", FileView.as_view(), name="file"),
    re_path("^(models|images)/", UnknownAddressView.as_view()),
]
