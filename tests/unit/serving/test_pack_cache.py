import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from hub.jobs import AdapterUse
from serving.adapters import cache as cache_module
from serving.adapters.cache import CorruptPackError, PackCache
from serving.adapters.checksums import Checksums, digests_of


class Shelf:
    """What the store holds by key, and how often each was fetched."""

    def __init__(self, *contents: bytes) -> None:
        self.objects = {f"packs/{sha(content)}": content for content in contents}
        self.fetched: list[str] = []

    def fetch(self, key: str) -> Iterable[bytes]:
        self.fetched.append(key)
        content = self.objects[key]
        return (content[at : at + 3] for at in range(0, len(content), 3))


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def use(content: bytes) -> AdapterUse:
    return AdapterUse(pack_sha256=sha(content), pack_key=f"packs/{sha(content)}", kind="lora", weight=1.0)


def read(cache: PackCache, *contents: bytes) -> list[bytes]:
    with cache.hold([use(content) for content in contents]) as packs:
        return [pack.path.read_bytes() for pack in packs]


def kept(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir()}


def test_a_pack_is_fetched_once(tmp_path: Path) -> None:
    shelf = Shelf(b"one", b"another")
    cache = PackCache(tmp_path, 1000, shelf.fetch)
    assert [read(cache, b"one", b"another"), read(cache, b"one")] == [[b"one", b"another"], [b"one"]]
    assert len(shelf.fetched) == 2
    tier = cache.tier()
    assert (tier.name, tier.hits, tier.misses, tier.used_bytes, tier.limit_bytes) == ("disk", 1, 2, 10, 1000)


def test_the_next_process_finds_it_and_checks_it_again(tmp_path: Path) -> None:
    shelf = Shelf(b"one")
    read(PackCache(tmp_path, 1000, shelf.fetch), b"one")
    read(PackCache(tmp_path, 1000, shelf.fetch), b"one")
    assert len(shelf.fetched) == 1
    (tmp_path / f"{sha(b'one')}.safetensors").write_bytes(b"on")
    assert read(PackCache(tmp_path, 1000, shelf.fetch), b"one") == [b"one"]
    assert len(shelf.fetched) == 2


def test_what_another_worker_deletes_while_it_is_checked_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(b"one")
    read(PackCache(tmp_path, 1000, shelf.fetch), b"one")

    def deleted_first(path: Path) -> tuple[str, Checksums]:
        monkeypatch.undo()
        path.unlink()
        return digests_of(path)

    monkeypatch.setattr(cache_module, "digests_of", deleted_first)
    assert read(PackCache(tmp_path, 1000, shelf.fetch), b"one") == [b"one"]
    assert len(shelf.fetched) == 2


def test_other_bytes_than_the_hash_says_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    shelf = Shelf(b"one")
    shelf.objects[f"packs/{sha(b'one')}"] = b"two"
    with pytest.raises(CorruptPackError):
        read(PackCache(tmp_path, 1000, shelf.fetch), b"one")
    assert kept(tmp_path) == set()


def test_the_longest_unused_leaves_first(tmp_path: Path) -> None:
    contents = [bytes([letter]) * 10 for letter in b"abc"]
    cache = PackCache(tmp_path, 25, Shelf(*contents).fetch)
    for age, content in zip((30, 10, 0), (contents[0], contents[1], contents[0]), strict=True):
        read(cache, content)
        path = tmp_path / f"{sha(content)}.safetensors"
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    read(cache, contents[2])
    assert kept(tmp_path) == {sha(contents[0]), sha(contents[2])}


def test_a_pack_in_use_stays_however_full_it_is(tmp_path: Path) -> None:
    contents = [bytes([letter]) * 10 for letter in b"ab"]
    cache = PackCache(tmp_path, 5, Shelf(*contents).fetch)
    with cache.hold([use(content) for content in contents]) as packs:
        assert [pack.path.read_bytes() for pack in packs] == contents
    assert kept(tmp_path) == set()
