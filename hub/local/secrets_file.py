"""Secrets of one data folder, made once and kept in it, readable by its owner alone."""

import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hub.local.folder import read_json, write_json


def _fresh() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Secrets:
    """`demo_password` opens the two demo accounts, which exist on this machine only."""

    secret_key: str = field(default_factory=_fresh)
    s3_access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    s3_secret_key: str = field(default_factory=_fresh)
    webhook_secret: str = field(default_factory=_fresh)
    demo_password: str = field(default_factory=lambda: secrets.token_urlsafe(9))


def load_secrets(path: Path) -> Secrets:
    """The secrets in the file; those it does not have yet are made and added."""
    known = read_json(path)
    found = Secrets(**known)
    if asdict(found) != known:
        write_json(path, asdict(found), mode=0o600)
    return found
