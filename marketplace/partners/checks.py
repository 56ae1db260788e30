"""What `manage.py check --deploy` says of licence receipts."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's own name

from hub.signing import SigningKeyError
from marketplace.partners.keys import receipt_keyring


@register(Tags.security, deploy=True)
def receipts_have_a_key(**_: Any) -> list[CheckMessage]:
    """A warning alone: a hub without partners needs none."""
    try:
        current = receipt_keyring().current
    except SigningKeyError as error:
        return [Error(str(error), id="partners.E001")]
    advice = "Run `irodori ledger new-key FILE` and set HUB_RECEIPT_KEY_FILE on site machines and site workers."
    return [] if current else [Warning("No key signs licence receipts.", hint=advice, id="partners.W001")]
