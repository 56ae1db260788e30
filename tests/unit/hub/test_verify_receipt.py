"""`irodori verify-receipt`: its sentences and exit codes, with nothing but files."""

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from hub.cli.main import app
from hub.receipts import Kind, key_set, sign
from hub.signing import key_id

KEY = Ed25519PrivateKey.generate()
IMAGE = b"an image"
NOW = int(time.time())
GRANT = {
    "grant": "6f1c1f5e-0000-4000-8000-000000000001",
    "version": 7,
    "title": "Washed Ink",
    "number": 2,
    "creator": "Mara",
    "permissions": ["commercial_use", "merging"],
    "territory": ["JP"],
    "ends_at": 1_800_000_000,
}
CLAIMS: dict[str, Any] = {
    "jti": "1",
    "iss": "https://hub.example",
    "iat": 1_790_000_000,
    "kind": "image",
    "licensee": {"organisation": "aoi", "name": "Aoi 株式会社"},
    "grants": [GRANT],
    "image": {"sha256": hashlib.sha256(IMAGE).hexdigest(), "made_at": 1_790_000_000},
    "price": {"paid_micro": 20_100, "currency": "USD"},
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    texts = {
        "receipt.jws": sign(CLAIMS, KEY, Kind.RECEIPT),
        "grant.jws": of_grant(NOW + 3600),
        "ended-grant.jws": of_grant(NOW),
        "ended.jws": sign({**CLAIMS, "grants": [GRANT | {"ends_at": NOW}]}, KEY, Kind.RECEIPT),
        "keys.json": json.dumps(key_set({key_id(KEY.public_key()): KEY.public_key()})),
        "other-keys.json": json.dumps(key_set({"x": Ed25519PrivateKey.generate().public_key()})),
        "no-keys.json": "[]",
        "broken.json": "{",
        "revoked.jws": revocations(CLAIMS["iat"] - 1),
        "revoked-later.jws": revocations(CLAIMS["iat"] + 1),
        "taken-down.jws": takedowns(7, CLAIMS["iat"] - 1),
        "taken-down-later.jws": takedowns(7, CLAIMS["iat"] + 1),
        "another-taken-down.jws": takedowns(8, CLAIMS["iat"] - 1),
        "old-list.jws": revocations(CLAIMS["iat"] - 1, exp=NOW - 1),
        "image.png": IMAGE.decode(),
        "other.png": "another",
    }
    altered = texts["receipt.jws"]
    texts["altered.jws"] = f"{altered[:300]}{'A' if altered[300] != 'A' else 'B'}{altered[301:]}"
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "binary.jws").write_bytes(b"\xff\xfe\x00")
    return {path.name: path for path in tmp_path.iterdir()}


def revocations(at: int, *, exp: int = NOW + 3600) -> str:
    entry = {"grant": GRANT["grant"], "revoked_at": at, "reason": "Without consent."}
    return sign({"exp": exp, "revocations": [entry], "takedowns": []}, KEY, Kind.REVOCATIONS)


def takedowns(version: int, at: int) -> str:
    entry = {"takedown": "t", "version": version, "style": "ink", "reason": "Not theirs.", "published_at": at}
    return sign({"exp": NOW + 3600, "revocations": [], "takedowns": [entry]}, KEY, Kind.REVOCATIONS)


def of_grant(ends_at: int) -> str:
    claims = {name: value for name, value in CLAIMS.items() if name != "image"}
    return sign({**claims, "kind": "grant", "grants": [GRANT | {"ends_at": ends_at}]}, KEY, Kind.RECEIPT)


def verify(files: dict[str, Path], receipt: str = "receipt.jws", *options: str) -> Result:
    """Options that name one of the files get its path."""
    keys = () if "--keys" in options else ("--keys", "keys.json")
    named = [str(files.get(option, option)) for option in (*keys, *options)]
    return CliRunner().invoke(app, ["verify-receipt", str(files[receipt]), *named])


def test_a_genuine_receipt_is_told_in_words(files: dict[str, Path]) -> None:
    done = verify(files, "receipt.jws", "--image", "image.png", "--revocations", "revoked-later.jws")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "Genuine: a receipt of https://hub.example, issued on 2026-09-21 14:13 UTC",
        "Licensee: Aoi 株式会社 (aoi)",
        f"Style: Washed Ink, version 2, by Mara (grant {GRANT['grant']})",
        "Permits: commercial_use, merging; JP; until 2027-01-15",
        f"Image: SHA-256 {CLAIMS['image']['sha256']}",
        "Paid: 0.020100 USD",
        f"{files['image.png']} is this image, to the byte.",
    ]


@pytest.mark.parametrize(
    ("receipt", "options", "code", "sentence"),
    [
        ("altered.jws", (), 3, "something in it was changed"),
        ("image.png", (), 3, "no signed file"),
        ("binary.jws", (), 3, "no text"),
        ("revoked.jws", (), 3, "header says something else"),
        ("receipt.jws", ("--keys", "other-keys.json"), 3, "None of these keys signed it"),
        ("receipt.jws", ("--keys", "no-keys.json"), 3, "no set of keys"),
        ("receipt.jws", ("--keys", "broken.json"), 2, "no JSON"),
        ("receipt.jws", ("--keys", "missing.json"), 2, "can't be read"),
        ("receipt.jws", ("--keys", "http://127.0.0.1:9/keys"), 4, "can't be fetched"),
        ("receipt.jws", ("--image", "other.png"), 5, "another image"),
        ("grant.jws", ("--image", "image.png"), 5, "names no image"),
        ("receipt.jws", ("--revocations", "revoked.jws"), 6, "Revoked on 2026-09-21: Without consent."),
        ("grant.jws", ("--revocations", "revoked-later.jws"), 6, "Revoked on"),
        ("receipt.jws", ("--revocations", "taken-down.jws"), 6, "Taken down on 2026-09-21: Not theirs."),
        ("grant.jws", ("--revocations", "taken-down-later.jws"), 6, "Taken down on"),
        ("ended-grant.jws", (), 7, "Its term ended on"),
        ("ended-grant.jws", ("--revocations", "revoked.jws"), 6, "Revoked on"),
        ("receipt.jws", ("--revocations", "old-list.jws"), 3, "out of date"),
        ("receipt.jws", ("--revocations", "receipt.jws"), 3, "header says something else"),
    ],
)
def test_everything_else_has_its_sentence_and_its_exit_code(
    files: dict[str, Path], receipt: str, options: tuple[str, ...], code: int, sentence: str
) -> None:
    done = verify(files, receipt, *options)
    assert (done.exit_code, sentence in done.output) == (code, True), done.output


@pytest.mark.parametrize(
    ("receipt", "options"),
    [
        ("grant.jws", ("--revocations", "another-taken-down.jws")),
        ("receipt.jws", ("--revocations", "taken-down-later.jws")),
        ("ended.jws", ()),
    ],
)
def test_what_lasts_and_what_was_made_in_time_is_in_force(
    files: dict[str, Path], receipt: str, options: tuple[str, ...]
) -> None:
    done = verify(files, receipt, *options)
    assert done.exit_code == 0, done.output


def test_a_last_line_break_in_the_file_does_no_harm(files: dict[str, Path]) -> None:
    files["receipt.jws"].write_text(files["receipt.jws"].read_text() + "\n")
    assert verify(files).exit_code == 0


def test_it_needs_neither_settings_nor_the_site(files: dict[str, Path]) -> None:
    program = (
        "import sys; from hub.cli.main import app; app(standalone_mode=False); "
        "assert not {'django', 'celery', 'boto3', 'torch'} & set(sys.modules), sorted(sys.modules)"
    )
    arguments = ["verify-receipt", str(files["receipt.jws"]), "--keys", str(files["keys.json"])]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
