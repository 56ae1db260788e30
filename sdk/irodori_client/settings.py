"""Which hub, and with which key: from arguments, else the environment, else the file that `iro login` wrote."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, ValidationError

from irodori_client.errors import UsageError

URL_VARIABLE, KEY_VARIABLE, FILE_VARIABLE = "IRODORI_URL", "IRODORI_API_KEY", "IRODORI_CONFIG"
LOCAL_HUB = "http://127.0.0.1:8000"


@dataclass(frozen=True, repr=False)  # A key must not end up in a log by way of a repr.
class Access:
    """`api_key` is empty for somebody who only looks."""

    url: str
    api_key: str


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore")

    url: str = LOCAL_HUB
    api_key: str = ""


def config_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where `iro login` keeps the hub and the key; IRODORI_CONFIG names another place."""
    named = environment.get(FILE_VARIABLE)
    return Path(named) if named else platformdirs.user_config_path("irodori") / "client.json"


def resolve(url: str | None, api_key: str | None, environment: Mapping[str, str] = os.environ) -> Access:
    """Raises UsageError for an address or a key that can't be one.

    The file's key belongs to the file's hub: it is never sent to an address from elsewhere.
    """
    asked_url, key = url or environment.get(URL_VARIABLE), api_key
    if key is None:
        key = environment.get(KEY_VARIABLE)
    if not asked_url or key is None:
        kept = _read(config_file(environment))
        if key is None:
            key = kept.api_key if not asked_url or _same(asked_url, kept.url) else ""
        asked_url = asked_url or kept.url
    _check_key(key)
    return Access(asked_url, key)


def save(access: Access, path: Path) -> None:
    """Write the file so that its owner alone can read it, at every moment. Raises UsageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({"url": access.url, "api_key": access.api_key}, file, indent=2)
        new.replace(path)
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}).") from error


def _read(path: Path) -> _File:
    """Raises UsageError for a file that is damaged or that others can read."""
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise UsageError(f"{path} holds your key and others can read it. Run: chmod 600 {path}")
        return _File.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return _File()
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path} can't be read. Remove it and run `iro login` again.") from error


def _same(first: str, second: str) -> bool:
    return first.strip().rstrip("/") == second.strip().rstrip("/")


def _check_key(key: str) -> None:
    if not all("!" <= char <= "~" for char in key):
        raise UsageError(
            "The key holds a space, a line break or a letter that no key has. Copy it again from the page that made it."
        )
