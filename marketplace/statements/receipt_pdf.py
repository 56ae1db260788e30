"""A receipt as a PDF of A4 pages. Two receipts of the same payment are the same bytes.

Latin letters are set in Helvetica. All others are set in Heisei Kaku Gothic, which readers of PDF bring along: Japanese,
Greek and Cyrillic. What it lacks (Hangul, Arabic, emoji) is printed as a geta mark, as Japanese printers do.
"""

import io
import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
from reportlab.platypus.flowables import Flowable

from marketplace.ledger.lines import Role
from marketplace.ledger.money import format_credits, format_units
from marketplace.payouts.labels import SHARE_ROLES
from marketplace.statements.receipts import Receipt

CJK_FONT = "HeiseiKakuGo-W5"
registerFont(UnicodeCIDFont(CJK_FONT))
NOT_LATIN = re.compile(r"[^\x00-\xff–—…“”‘’•€]+")
GETA = "〓"

TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=10, leading=14, wordWrap="CJK")
SMALL = ParagraphStyle("small", TEXT, fontSize=8.5, leading=12, textColor=HexColor("#5c574f"))
TITLE = ParagraphStyle("title", TEXT, fontName="Helvetica-Bold", fontSize=22, leading=28)
HEADING = ParagraphStyle("heading", TEXT, fontName="Helvetica-Bold", fontSize=12, leading=18, spaceBefore=8 * mm)
NUMBER = ParagraphStyle("number", TEXT, alignment=TA_RIGHT)
WIDTH = 160 * mm
COLUMNS = (100 * mm, 30 * mm, 30 * mm)
RULED = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, HexColor("#e6e0d5")),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
    ]
)

Row = tuple[str, str, int]
"""Words, quieter words below them, micro-units."""


def receipt_pdf(receipt: Receipt) -> bytes:
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        title=_("Receipt %(number)s") % {"number": receipt.number},
        author="Irodori",
        invariant=True,
    )
    document.build([*_head(receipt), *_paid(receipt), *_split(receipt), *_returned(receipt)])
    return buffer.getvalue()


def markup(text: str) -> str:
    """As a paragraph takes it: nothing in it is markup, and each letter is in a font that has it."""
    return NOT_LATIN.sub(lambda found: f'<font name="{CJK_FONT}">{_printable(found[0])}</font>', escape(text))


def _printable(text: str) -> str:
    # Shift JIS (with its extensions) holds what the font does; an emoji would be two characters of nonsense.
    return "".join(letter if _in_font(letter) else GETA for letter in text)


def _in_font(letter: str) -> bool:
    try:
        letter.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def _head(receipt: Receipt) -> Iterable[Flowable]:
    yield Paragraph(markup(_("Receipt")), TITLE)
    yield Spacer(0, 4 * mm)
    facts = (
        (_("Number"), str(receipt.number)),
        (_("Date"), f"{receipt.at:%Y-%m-%d %H:%M} UTC"),
        (_("From"), "Irodori"),
        (_("To"), f"{receipt.buyer}, {receipt.email}"),
        (_("Prompt"), receipt.prompt),
        (_("Picture"), str(receipt.generation_id or "")),
    )
    rows = [[Paragraph(markup(name), SMALL), Paragraph(markup(value), TEXT)] for name, value in facts if value]
    yield Table(rows, colWidths=(30 * mm, WIDTH - 30 * mm), style=RULED, hAlign="LEFT")


def _paid(receipt: Receipt) -> Iterable[Flowable]:
    yield Paragraph(markup(_("Paid")), HEADING)
    yield _table([(line.what, line.detail, line.amount_micro) for line in receipt.lines], receipt)


def _split(receipt: Receipt) -> Iterable[Flowable]:
    if receipt.split:
        yield Paragraph(markup(_("Who got it")), HEADING)
        yield _table([(line.payee, _role(line.role), line.amount_micro) for line in receipt.split], receipt)


def _returned(receipt: Receipt) -> Iterable[Flowable]:
    if receipt.returned:
        yield Paragraph(markup(_("Returned to the wallet")), HEADING)
        yield _table([(f"{back.at:%Y-%m-%d %H:%M} UTC", "", back.amount_micro) for back in receipt.returned], receipt)


def _role(role: str) -> str:
    """ "" for the platform's own, whose name says it."""
    return "" if role in (Role.COMPUTE, Role.PLATFORM) else str(SHARE_ROLES.get(role, role))


def _table(rows: list[Row], receipt: Receipt) -> Flowable:
    head = ["", Paragraph(markup(_("Credits")), NUMBER), Paragraph(receipt.currency, NUMBER)]
    total = (_("Total"), "", sum(amount for *_words, amount in rows))
    return Table([head, *map(_row, [*rows, total])], colWidths=COLUMNS, style=RULED, hAlign="LEFT", repeatRows=1)


def _row(row: Row) -> list[object]:
    what, detail, amount = row
    words = [Paragraph(markup(what), TEXT), *([Paragraph(markup(detail), SMALL)] if detail else [])]
    return [words, Paragraph(format_credits(amount), NUMBER), Paragraph(format_units(amount), NUMBER)]
