"""What `manage.py check --deploy` says of the ledger."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from hub.signing import SigningKeyError
from marketplace.ledger.sealing.keys import keyring


@register(Tags.security, deploy=True)
def sealing_has_a_key(**_: Any) -> list[CheckMessage]:
    """Any key: machines that serve pages alone need only the public one."""
    try:
        found = keyring().public
    except SigningKeyError as error:
        return [Error(str(error), id="ledger.E001")]
    advice = (
        "Run `irodori ledger new-key FILE` and set HUB_LEDGER_KEY_FILE, or HUB_LEDGER_PUBLIC_KEYS where only pages run."
    )
    return [] if found else [Error("No key signs the ledger's blocks.", hint=advice, id="ledger.E001")]
