"""Which hub and key are used, and who may read them."""

import stat
from pathlib import Path

import pytest

from irodori_client import Client, UsageError
from irodori_client.settings import Access, resolve, save


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With a file of its own, which says `http://kept` and `k`."""
    path = tmp_path / "config" / "client.json"
    save(Access("http://kept", "k"), path)
    return {"IRODORI_CONFIG": str(path)}


@pytest.mark.parametrize(
    ("given", "variables", "used"),
    [
        ((None, None), {}, ("http://kept", "k")),
        ((None, None), {"IRODORI_URL": "http://env", "IRODORI_API_KEY": "e"}, ("http://env", "e")),
        (("http://arg", "a"), {"IRODORI_URL": "http://env", "IRODORI_API_KEY": "e"}, ("http://arg", "a")),
        ((None, "a"), {}, ("http://kept", "a")),
        ((None, None), {"IRODORI_API_KEY": "e"}, ("http://kept", "e")),
        # The kept key belongs to the kept hub.
        (("http://arg", None), {}, ("http://arg", "")),
        (("http://kept/", None), {}, ("http://kept/", "k")),
        ((None, None), {"IRODORI_URL": "http://env"}, ("http://env", "")),
    ],
)
def test_arguments_come_before_the_environment_and_that_before_the_file(
    environment: dict[str, str], given: tuple[str | None, str | None], variables: dict[str, str], used: tuple[str, str]
) -> None:
    access = resolve(*given, environment | variables)
    assert (access.url, access.api_key) == used


def test_without_any_of_them_it_is_this_machine_and_nobody(tmp_path: Path) -> None:
    access = resolve(None, None, {"IRODORI_CONFIG": str(tmp_path / "none.json")})
    assert (access.url, access.api_key) == ("http://127.0.0.1:8000", "")


def test_the_file_is_for_its_owner_alone(environment: dict[str, str]) -> None:
    path = Path(environment["IRODORI_CONFIG"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    save(Access("http://other", "o"), path)
    assert [each.name for each in path.parent.iterdir()] == ["client.json"]
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        resolve(None, None, environment)


@pytest.mark.parametrize("text", ["", "[]", '{"url": 3}', "\udcff"])
def test_a_damaged_file_is_told_with_what_to_do(environment: dict[str, str], text: str) -> None:
    path = Path(environment["IRODORI_CONFIG"])
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match="run `iro login` again"):
        resolve(None, None, environment)


def test_a_key_never_shows() -> None:
    assert "secret" not in repr(Access("http://hub", "secret"))
    with pytest.raises(UsageError) as refused:
        Client("http://hub", "secret secret")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["nonsense", "127.0.0.1:8000", "ftp://hub", "http://hub:port", "http://"])
def test_an_address_that_can_not_be_one_is_told(url: str) -> None:
    with pytest.raises(UsageError, match="is no address of a hub"):
        Client(url, "key")


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="can't be written"):
        save(Access("http://hub", "k"), tmp_path / "file" / "client.json")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
