"""The key that signs receipts, and all that ever did. Never the ledger's: whoever can issue receipts can't seal blocks."""

from pathlib import Path

from hub import signing
from hub.config import hub_config
from hub.local.folder import DataFolder
from hub.settings.site import site_config
from marketplace.ledger.sealing.keys import Keyring


def receipt_keyring() -> Keyring:
    """As the settings say. Raises SigningKeyError for what can't be read; a private key may be missing."""
    named = site_config().receipt_key_file
    path = Path(named) if named else DataFolder(hub_config().data_dir).receipt_key
    current = signing.read_key(path) if path.exists() else None
    return Keyring(current, tuple(map(signing.read_public, site_config().receipt_public_keys)))
