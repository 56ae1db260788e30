"""Catalogues say everything that the sources say, in whole and well-formed translations, and are compiled as they stand."""

import re
from pathlib import Path

import pytest
from babel.messages import Catalog, Message

from docs.translations import catalogues, extracted, mo, po, read, updated

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|<[^>]+>")


def language(path: Path) -> str:
    return path.parts[-3]


@pytest.fixture(scope="module")
def template() -> Catalog:
    return extracted()


@pytest.fixture(params=catalogues(), ids=language)
def path(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


def test_japanese_is_among_them() -> None:
    assert "ja" in map(language, catalogues())


def test_a_catalogue_has_the_messages_of_the_sources_and_no_others(path: Path, template: Catalog) -> None:
    wanted, had = keys(template), keys(read(path))
    assert (wanted - had, had - wanted) == (set(), set()), "run `make translations`, then translate what is new"


def test_every_message_is_translated(path: Path) -> None:
    bad = [
        message.id for message in read(path) if message.id and (message.fuzzy or not all(translations(message) or [""]))
    ]
    assert bad == []


def test_translations_have_the_placeholders_and_tags_of_their_message(path: Path) -> None:
    bad = []
    for message in read(path):
        allowed = [placeholders(text) for text in texts(message)]
        bad += [text for text in translations(message) if message.id and placeholders(text) not in allowed]
    assert bad == []


def test_the_compiled_catalogue_is_the_one_that_people_edit(path: Path) -> None:
    assert path.with_suffix(".mo").read_bytes() == mo(read(path)), "run `make translations`"


def test_a_catalogue_that_is_brought_up_to_date_twice_is_the_same(path: Path, template: Catalog) -> None:
    once = updated(read(path), template)
    assert po(updated(once, template)) == po(once)


def test_japanese_is_written_in_the_letters_that_the_guide_asks_for() -> None:
    """Full-width punctuation in sentences, half-width digits, no space between Japanese and Latin letters."""
    japanese = r"[\u3041-\u30ff\u4e00-\u9fff]"
    wrong = re.compile(rf"[\uff10-\uff19\uff21-\uff5a]|[\uff66-\uff9f]|{japanese}[,.?!] |{japanese} [a-z]")
    catalog = read(next(path for path in catalogues() if language(path) == "ja"))
    assert [text for message in catalog if message.id for text in translations(message) if wrong.search(text)] == []


def keys(catalog: Catalog) -> set[tuple[str, str | None]]:
    return {(texts(message)[-1], message.context) for message in catalog if message.id}


def texts(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def translations(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))
