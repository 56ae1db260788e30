"""The content policy forbids inline script and style, and every asset is our own: templates are read, not trusted."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted([*ROOT.glob("marketplace/*/templates/**/*.html"), *ROOT.glob("plugins/*/templates/**/*.html")])
FORBIDDEN = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "event attribute": re.compile(r"\s(on[a-z]+|hx-on[:\w-]*)\s*=", re.IGNORECASE),
    "javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "outside asset": re.compile(r"<(script|link|img|source|iframe)\b[^>]*(src|href)=[\"'](https?:)?//", re.IGNORECASE),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_nothing_that_the_content_policy_forbids(path: Path) -> None:
    text = path.read_text()
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == []


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        ("<script>go()</script>", "inline script"),
        ('<p style="color: red">', "inline style"),
        ('<button onclick="go()">', "event attribute"),
        ('<button hx-on:click="go()">', "event attribute"),
        ('<a href="javascript:go()">', "javascript address"),
        ('<img src="//elsewhere.example/x.png">', "outside asset"),
    ],
)
def test_the_search_finds_what_it_looks_for(bad: str, name: str) -> None:
    assert FORBIDDEN[name].search(bad)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_between_tags_go_through_gettext(path: Path) -> None:
    text = re.sub(r"{%\s*blocktrans.*?{%\s*endblocktrans\w*\s*%}", "", path.read_text(), flags=re.DOTALL)
    text = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}|<(code|title)\b.*?</\1>|<!doctype[^>]*>", "", text, flags=re.DOTALL)
    words = [word.strip() for word in re.findall(r">([^<>]+)<", text)]
    untranslated = {word for word in words if re.search(r"[A-Za-z]{2,}", word)}
    assert untranslated - {"Irodori", "&nbsp;"} == set()
