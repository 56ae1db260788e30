"""What every template may show."""

from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - the signature Django calls
    return {"site_name": "Irodori"}
