"""The documentation says what the code does: generated pages are up to date, links lead somewhere, commands exist."""

import re
from pathlib import Path

import pytest

from docs.generate import errors, messages, plugins, settings
from docs.generate.pages import ROOT, pages
from hub.registry import installed_plugins

MARKDOWN = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md"), *ROOT.glob("sdk/*.md")]
)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
PROSE = {"sure"}  # Words that follow "make" in a sentence.


@pytest.mark.parametrize("path", pages())
def test_a_generated_page_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text() == pages()[path], "Run `make docs` and commit what it wrote."


def test_every_setting_says_what_it_means() -> None:
    silent = [
        name
        for group in settings.CLASSES.values()
        for name, field in group.model_fields.items()
        if not field.description
    ]
    assert silent == []


def test_every_message_field_says_what_it_means() -> None:
    fields = {name for message in messages.messages() for name in message.model_fields}
    assert fields == set(messages.MEANING)


def test_every_extension_point_is_used_by_an_installed_plugin() -> None:
    used = {component.point for entry in installed_plugins().values() for component in entry.load().components}
    assert set(plugins.extension_points()) <= used


def test_error_codes_are_stable_words() -> None:
    found = errors.codes(ROOT)
    assert len(found) > 50
    assert [code for code in found if not re.fullmatch(r"[a-z0-9_]+", code.code)] == []


def test_a_value_that_names_its_own_variable_is_read_once(tmp_path: Path) -> None:
    source = 'text = later(\n    text,\n)\nraise InvalidInput(_("No."), code="no")\n'
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "refusing.py").write_text(source)
    assert errors.codes(tmp_path) == [errors.Code("400", "no", "No.")]


def test_codes_that_no_exception_of_ours_carries_are_listed_too() -> None:
    assert {("413", "body_too_large"), ("401", "not_authenticated"), ("file", "size_mismatch")} <= {
        (code.where, code.code) for code in errors.codes(ROOT)
    }


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    broken = [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_commands_that_are_named_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+(?:%)?):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = " ".join(re.findall(r"```.*?```|`[^`]+`", path.read_text(), re.DOTALL))
    named = {name for name in MAKE.findall(code) if not name.startswith("bench-")} - PROSE
    assert named <= targets


def test_the_readme_shows_two_commands_that_set_everything_up() -> None:
    first_screen = (ROOT / "README.md").read_text()[:1600]
    block = re.search(r"```sh\n(.*?)```", first_screen, re.DOTALL)
    assert block is not None
    assert [line.split("#")[0].strip() for line in block[1].splitlines()] == ["make demo", "make test"]
