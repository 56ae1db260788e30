"""Finds names and words in text however they are cased, accented, spaced or typed in full width.

Scripts that put spaces between words match whole words only ("Scunthorpe" holds no shorter word); scripts that don't,
such as Japanese, match anywhere in the text.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import accumulate

# Combining marks of Latin, Greek and Cyrillic. Japanese voicing marks (U+3099, U+309A) are not among them: they
# change the sound, so a name without them is another name.
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# Letters that Unicode does not decompose, though readers take them for accented ones.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})
_APOSTROPHES = re.compile("['`\u2018\u2019\u02bc\u02bb\u02b9\u00b4]")
# "Example's" may be the name "Example" as well as "Examples", so such a text is read both ways.
_POSSESSIVE = re.compile(rf"{_APOSTROPHES.pattern}[sS]\b")
# Kana, Han, Thai, Lao, Burmese, Khmer: written without spaces between words.
_UNSPACED = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
)


def fold(text: str) -> str:
    """Lower-case words without accents, apostrophes or punctuation, one space between them; folding twice changes nothing."""
    folded = _folded_once(text)
    while (again := _folded_once(folded)) != folded:  # a few letters (Unicode's own exceptions) settle only then
        folded = again
    return folded


def _folded_once(text: str) -> str:
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).casefold())
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", plain)).translate(_LETTERS)
    whole = unicodedata.normalize("NFKC", bare)
    words = "".join(_letter_or_space(char) for char in whole)
    return " ".join(_UNSPACED.sub(r" \g<0> ", words).split())


def _letter_or_space(char: str) -> str:
    """Letters, marks and digits stay; invisible format characters vanish; everything else parts words."""
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    return char if category[0] in "LMN" else " "


def unspaced(text: str) -> bool:
    """Holds it a letter of a script that puts no spaces between words?"""
    return bool(_UNSPACED.search(text))


@dataclass(frozen=True)
class FoldedText:
    """A text prepared for looking up names; build it with `FoldedText.of`.

    `joined` is all of it without spaces, `edges` where words begin and end in it, in rising order.
    """

    words: frozenset[str]
    joined: str
    edges: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> "FoldedText":
        words = fold(text).split()
        if (owner := _POSSESSIVE.sub("", text)) != text:
            words += ["\n", *fold(owner).split()]  # the line break is in no name, so none is found across it
        return cls(frozenset(words), "".join(words), tuple(accumulate(map(len, words), initial=0)))
