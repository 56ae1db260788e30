"""What partners keep, as files: receipts, agreements, usage and statements, the same bytes by REST and on pages."""

import json
from datetime import date

from django.http import HttpResponse, StreamingHttpResponse

from hub.receipts import MEDIA_TYPE
from marketplace.licences import odrl
from marketplace.partners.agreements import as_odrl
from marketplace.partners.models import Grant, Partner, PartnerStatement, Receipt
from marketplace.partners.statements import statement_rows
from marketplace.partners.usage import usage_rows
from marketplace.statements.months import month_of
from marketplace.statements.sheet import as_csv, csv_response


def receipt_file(receipt: Receipt) -> HttpResponse:
    """A JSON Web Signature in compact form, which never changes."""
    response = HttpResponse(receipt.text, content_type=MEDIA_TYPE)
    response["Content-Disposition"] = f'attachment; filename="receipt-{receipt.pk}.jws"'
    response["ETag"] = f'"{receipt.pk}"'
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def agreement_file(grant: Grant, site: str) -> HttpResponse:
    """ODRL 2.2 as JSON-LD. `site` is the hub's address, which ends with a slash."""
    return HttpResponse(json.dumps(as_odrl(grant, site), ensure_ascii=False, indent=1), content_type=odrl.MEDIA_TYPE)


def usage_file(partner: Partner, first: date, last: date) -> StreamingHttpResponse:
    """A line per image, written while it is sent."""
    name = f"irodori-usage-{partner.organisation.slug}-{first}-{last}.csv"
    return csv_response(as_csv(usage_rows(partner, first, last)), name)


def statement_file(partner: Partner, statement: PartnerStatement) -> StreamingHttpResponse:
    """Every movement of the month, written while it is sent."""
    name = f"irodori-statement-{partner.organisation.slug}-{statement.month}.csv"
    return csv_response(as_csv(statement_rows(partner, month_of(statement.month))), name)
