"""The key that signs new blocks, and all that ever did, from the settings: never from the database they protect."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub import signing
from hub.config import hub_config
from hub.local.folder import DataFolder
from hub.settings.site import site_config

NO_KEY = (
    "The ledger is not being sealed: there is no key at {path}. Make one with `irodori ledger new-key {path}`, once, "
    "and keep a copy of it in a safe place."
)


@dataclass(frozen=True)
class Keyring:
    """`current` signs, where this machine has it. `others` signed before, or sign elsewhere."""

    current: Ed25519PrivateKey | None
    others: tuple[Ed25519PublicKey, ...] = ()

    @cached_property
    def public(self) -> dict[str, Ed25519PublicKey]:
        """Every key by its id, the current one first."""
        own = () if self.current is None else (self.current.public_key(),)
        return {signing.key_id(key): key for key in (*own, *self.others)}

    def verifies(self, key_id: str, signature: str, text: str) -> bool:
        """False also for a key that is not on the ring."""
        if key_id not in self.public:
            return False
        try:
            self.public[key_id].verify(signing.decode(signature), text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def keyring() -> Keyring:
    """As the settings say. Raises SigningKeyError for what can't be read; a private key may be missing."""
    path = key_path()
    current = signing.read_key(path) if path.exists() else None
    return Keyring(current, _read(site_config().ledger_public_keys))


def signing_keyring() -> Keyring:
    """For the sealer. Raises SigningKeyError where there is no private key."""
    keys = keyring()
    if keys.current is None:
        raise signing.SigningKeyError(NO_KEY.format(path=key_path()))
    return keys


def key_path() -> Path:
    named = site_config().ledger_key_file
    return Path(named) if named else DataFolder(hub_config().data_dir).ledger_key


def _read(texts: Iterable[str]) -> tuple[Ed25519PublicKey, ...]:
    return tuple(map(signing.read_public, texts))
