"""Uploads in every state for tests; no object lies in the store unless a test puts it there."""

import hashlib
from itertools import count
from typing import Any

from marketplace.accounts.models import User
from marketplace.uploads.models import Upload
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, tiny_sdxl_base

_numbers = count(1)


def make_upload(*, owner: User | None = None, **changes: Any) -> Upload:
    """An upload that waits for its parts."""
    fields: dict[str, Any] = {
        "file_name": f"style{next(_numbers)}.safetensors",
        "size": 4096,
        "part_size": 5 * 2**20,
        "store_upload_id": "store-upload",
    }
    fields |= changes
    fields["base_model"] = changes.get("base_model") or tiny_sdxl_base()
    return Upload.objects.create(owner=owner or make_user(), **fields)


def ready_upload(*, owner: User | None = None, **changes: Any) -> Upload:
    """An upload that its owner may publish."""
    fields: dict[str, Any] = {
        "state": Upload.State.READY,
        "sha256": hashlib.sha256(f"upload {next(_numbers)}".encode()).hexdigest(),
        "format": "kohya_lora",
        "attempt": 1,
    }
    fields |= changes
    fields["pack"] = changes.get("pack") or make_pack(base_model=fields.get("base_model"))
    return make_upload(owner=owner, **fields)
