"""Secrets of programs: how they look, and the hash that the hub keeps of one.

They are 256 random bits, so a plain hash is enough: nobody can guess through it, and a row is found by the hash itself,
without looking at others and without a comparison whose time would tell something.
"""

import hashlib
from secrets import token_urlsafe

KEY_PREFIX = "irk_"
CLIENT_PREFIX = "irc_"
SECRET_PREFIX = "irs_"  # noqa: S105 - what a secret begins with
LABEL_LENGTH = 12


def new_secret(prefix: str) -> str:
    return prefix + token_urlsafe(32)


def new_client_id() -> str:
    return CLIENT_PREFIX + token_urlsafe(12)


def digest(secret: str) -> str:
    """SHA-512, as the hub has always kept them."""
    return hashlib.sha512(secret.encode()).hexdigest()
