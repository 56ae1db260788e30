"""A sealed ledger for tests, by a key made for the run."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from marketplace.ledger.sealing.keys import Keyring
from marketplace.ledger.sealing.verify import CHECKS

KEYS = Keyring(Ed25519PrivateKey.generate())


def faults(keys: Keyring = KEYS) -> list[str]:
    """Whatever `irodori ledger verify` would say."""
    return [fault for check in CHECKS for fault in check.faults(keys)]
