"""Proofs that a movement stands in the hub's ledger."""

from irodori_client.models.base import Model


class Proof(Model):
    """Entries, leaf and block are canonical JSON: their very bytes were hashed and signed."""

    entries: tuple[str, ...]
    leaf: str
    leaf_hash: str
    position: int
    path: tuple[str, ...]
    block: str
    signature: str


class SignedBlock(Model):
    block: str
    signature: str


class PublicKey(Model):
    """An Ed25519 key as a JSON Web Key; `x` is base64url."""

    kid: str
    kty: str
    crv: str
    x: str


class PublicKeys(Model):
    keys: tuple[PublicKey, ...]
