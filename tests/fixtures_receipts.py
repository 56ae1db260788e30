"""A key that signs receipts, made for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.settings.site import site_config
from hub.signing import make_key


@pytest.fixture
def receipt_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ed25519PrivateKey]:
    path = tmp_path / "receipt-key.pem"
    monkeypatch.setenv("HUB_RECEIPT_KEY_FILE", str(path))
    site_config.cache_clear()
    yield make_key(path)
    site_config.cache_clear()
