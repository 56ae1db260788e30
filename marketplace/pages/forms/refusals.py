"""Puts a service's refusal beside the field it is about, so that people can mend what they typed."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from marketplace.api.errors import http_status
from marketplace.errors import Refusal


def show_refusal(form: forms.Form, refusal: Refusal) -> int:
    """Add the sentence to the form; returns the HTTP status of the answer."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
    return http_status(refusal)


def refusal_fragment(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The sentence alone, for a part of a page. Status 200, or htmx would not show it."""
    return render(request, "parts/refusal.html", {"refusal": refusal})
