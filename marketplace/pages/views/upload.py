"""The page that sends a file; the API and the object store do the rest."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.catalogue.selectors import base_models
from marketplace.pages.forms.upload import UploadForm


@require_safe
@login_required
def upload(request: HttpRequest) -> HttpResponse:
    context = {
        "form": UploadForm(),
        "bases": base_models(),
        "site_url": request.build_absolute_uri("/").removesuffix("/"),
    }
    return render(request, "pages/upload.html", context)
