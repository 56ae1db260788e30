"""A receipt as a page and as a PDF. Another person's does not exist."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.pages.people import signed_in
from marketplace.statements.receipt_pdf import receipt_pdf
from marketplace.statements.receipts import receipt_of


@require_safe
@login_required
@never_cache
def receipt(request: HttpRequest, number: UUID) -> HttpResponse:
    return render(request, "pages/receipt.html", {"receipt": receipt_of(signed_in(request), number)})


@require_safe
@login_required
@never_cache
def receipt_file(request: HttpRequest, number: UUID) -> HttpResponse:
    content = receipt_pdf(receipt_of(signed_in(request), number))
    headers = {"Content-Disposition": f'attachment; filename="irodori-receipt-{number}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
