import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin_api import Names, fold

LATIN = st.characters(min_codepoint=0x41, max_codepoint=0x17F, categories=["Ll", "Lu"])
WORD = st.text(LATIN, min_size=2, max_size=8)
NAME = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


def holds(text: str, name: str) -> bool:
    return Names.of([(name, fold(name))]).found_in(text) == [name]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a castle by EXAMPLE ARTIST, oil", "Example Artist"),
        ("by Exämple Ártist", "Example Artist"),
        ("by Example-Artist", "Example Artist"),
        ("by example_artist.", "Example Artist"),
        ("by exampleartist", "Example Artist"),
        ("cat.Example Artist.dog", "Example Artist"),
        ("by Ｅｘａｍｐｌｅ　Ａｒｔｉｓｔ", "Example Artist"),
        ("by Exam\u200bple Ar\u00adtist", "Example Artist"),
        ("Example Artist風の絵", "Example Artist"),
        ("J.R.R. Example", "JRR Example"),
        ("Example's castle", "Examples"),
        ("in Example Artist's manner", "Example Artist"),
        ("EXAMPLE’S Artist", "Example Artist"),
        ("Exampleʼs", "Example"),
        ("Łukasz Øst", "Lukasz Ost"),
        ("STRASSE", "Straße"),
        ("見本太郎風の猫", "見本太郎"),
        ("見本　太郎の猫", "見本太郎"),
        ("ﾐﾎﾝ風", "ミホン"),
    ],
)
def test_a_name_is_found_in_every_usual_spelling(text: str, name: str) -> None:
    assert holds(text, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Scunthorpe town hall", "thorpe"),
        ("a classic assassin", "ass"),
        ("examples of artistry", "Example Artist"),
        ("Example and Artist", "Example Artist"),
        ("a man et al", "Manet"),
        ("Artist's example", "Example Artist"),
        ("バラの花", "ハラ"),
        ("anything", "..."),
        ("", "Example"),
    ],
)
def test_other_words_are_left_alone(text: str, name: str) -> None:
    assert not holds(text, name)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(NAME, st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
def test_case_never_hides_a_name(name: str, change: object) -> None:
    assert holds(f"a picture by {change(name)}, soft light", name)  # type: ignore[operator]  # one of the four above


@given(NAME, st.sampled_from("\u0301\u0308\u0323\u030a"))
def test_accents_never_hide_a_name(name: str, accent: str) -> None:
    assert holds("by " + "".join(char + accent * char.isalpha() for char in name), name)


@given(NAME, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_the_form_of_unicode_never_hides_a_name(name: str, form: str) -> None:
    assert holds(f"by {unicodedata.normalize(form, name)}.", name)  # type: ignore[arg-type]  # one of the four above


@given(st.from_regex(r"[a-z]{2,8}( [a-z]{2,8})?", fullmatch=True))
def test_full_width_never_hides_a_name(name: str) -> None:
    wide = "".join("\u3000" if char == " " else chr(ord(char) + 0xFEE0) for char in name)
    assert holds(f"絵{wide}絵", name)


@given(st.from_regex(r"[a-z]{2,8}", fullmatch=True), st.from_regex(r"[a-z]{1,5}", fullmatch=True))
def test_a_longer_word_does_not_hold_a_shorter_one(name: str, rest: str) -> None:
    assert not holds(f"the {name}{rest}", name)
    assert not holds(f"the {rest}{name}", name)


LETTERS = st.text(st.sampled_from("ab 見太.'s"), max_size=12)


def plainly_holds(text: str, name: str) -> bool:
    """What a name's being in a text means, letter by letter."""
    folded, joined = fold(name), fold(name).replace(" ", "")
    words = fold(text).split()
    readings = [words, fold(re.sub(r"'s\b", "", text)).split()]
    if any(letter in joined for letter in "見太"):
        return any(joined in "".join(reading) for reading in readings)
    runs = {
        "".join(reading[first:last])
        for reading in readings
        for first in range(len(reading))
        for last in range(first + 1, len(reading) + 1)
        if " " in folded or last == first + 1
    }
    return bool(joined) and joined in runs


@given(LETTERS, st.lists(LETTERS, max_size=6))
def test_of_many_names_those_are_found_that_the_text_holds(text: str, names: list[str]) -> None:
    found = Names.of([(name, fold(name)) for name in names]).found_in(text)
    assert found == [name for name in names if plainly_holds(text, name)]
