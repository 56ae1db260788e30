"""Addresses below /api/v1/: uploads."""

from django.urls import path

from marketplace.uploads.api import CompleteView, FileView, LoraView, PartView, UploadsView, UploadView

urlpatterns = [
    path("uploads", UploadsView.as_view(), name="uploads"),
    path("uploads/<uuid:id>", UploadView.as_view(), name="upload"),
    path("uploads/<uuid:id>/parts/<id:number>", PartView.as_view(), name="upload-part"),
    path("uploads/<uuid:id>/lora", LoraView.as_view(), name="upload-lora"),
    path("uploads/<uuid:id>/file", FileView.as_view(), name="upload-file"),
    path("uploads/<uuid:id>/complete", CompleteView.as_view(), name="upload-complete"),
]
