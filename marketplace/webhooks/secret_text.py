"""Text that lies encrypted in the database: whoever reads a backup of it can't sign in the hub's name."""

import base64
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

PURPOSE = b"irodori webhook secrets"


class SecretTextField(models.TextField):  # type: ignore[type-arg]  # generic in the stubs alone
    """A TextField whose rows hold ciphertext under HUB_SECRET_KEY. What an earlier key wrote reads as empty."""

    def from_db_value(self, value: str | None, expression: Any, connection: BaseDatabaseWrapper) -> str | None:  # noqa: ARG002 - the signature Django calls
        if not value:
            return value
        try:
            return _box().decrypt(value.encode()).decode()
        except InvalidToken:
            return ""

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return _box().encrypt(text.encode()).decode() if text else text


def _box() -> MultiFernet:
    """The first key writes, all of them read."""
    return MultiFernet([_key(str(text)) for text in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(text: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(text.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
