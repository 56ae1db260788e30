from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

app_name = "pages"


def healthy(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the signature Django calls
    return HttpResponse("ok", content_type="text/plain")


urlpatterns: list[URLPattern] = [path("healthz", healthy, name="healthz")]
