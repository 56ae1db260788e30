"""Remembers which version of some files a step was done for, so that a second start skips it."""

import hashlib
import sysconfig
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files_stamp(paths: Iterable[Path], *also: str) -> str:
    """Changes with the name or content of any of the files, or with `also`."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    digest.update("\0".join(also).encode())
    return digest.hexdigest()


def migrations_stamp(*settings: str) -> str:
    """Changes with a migration of ours, a setting, or when a package that may bring its own is installed."""
    ours = [path for part in ("marketplace", "plugins") for path in (ROOT / part).glob("*/migrations/*.py")]
    ours.append(ROOT / "hub" / "local" / "database.py")
    packages = Path(sysconfig.get_paths()["purelib"]).glob("*.dist-info")
    return files_stamp(ours, *settings, *sorted(path.name for path in packages))


def is_stamped(path: Path, stamp: str) -> bool:
    return path.exists() and path.read_text() == stamp
