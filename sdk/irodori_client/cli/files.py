"""Files that are named on the command line."""

import json
import sys
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from irodori_client.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

M = TypeVar("M", bound=BaseModel)


def read_model(path: Path, model: type[M]) -> M:
    """From YAML, TOML or JSON, by the file's ending. Raises UsageError with the first thing that is wrong."""
    try:
        return model.model_validate(_parsed(path))
    except ValidationError as error:
        raise UsageError(f"{path}: {'; '.join(_wrong(error))}.") from error
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{path} can't be read: {error}.") from error


def write(path: str, content: bytes) -> None:
    """`-` is stdout. Raises UsageError."""
    if path == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}).") from error


def check_writable(path: str) -> None:
    """Before something is ordered that would then have no place. Raises UsageError."""
    target = Path(path)
    if path != "-" and (not target.parent.is_dir() or target.is_dir()):
        raise UsageError(f"{path} can't be written: its folder is not there, or it is a folder itself.")


def _parsed(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        return tomllib.loads(text)
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def _wrong(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    ]
