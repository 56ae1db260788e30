"""`make translations`: collects what people read from the sources into each language's catalogue, and compiles it.

It is Babel and Django's own template reader, so it needs no gettext. What is compiled (.mo) is committed: an installed
hub speaks every language with no further step.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import django
from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("hub", "marketplace", "plugins")
LOCALE = ROOT / "marketplace" / "locale"
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def extracted() -> Catalog:
    """Every message of the sources, in the order of their paths."""
    catalog = Catalog()
    for path in sorted(_sources()):
        for _line, message, comments, context in extract("python", io.BytesIO(_code(path).encode()), keywords=KEYWORDS):
            # Lines would change with every edit above them.
            catalog.add(message, locations=[(str(path.relative_to(ROOT)), 0)], auto_comments=comments, context=context)
    return catalog


def catalogues() -> list[Path]:
    """The catalogue of each language but English, which is that of the sources."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def updated(catalog: Catalog, template: Catalog) -> Catalog:
    """What is new stands in it without a translation; what the sources no longer say is gone."""
    made = catalog.creation_date
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    # A date of today would make two catalogues of one source differ.
    catalog.creation_date = made
    return catalog


def po(catalog: Catalog) -> bytes:
    text = io.BytesIO()
    write_po(text, catalog, width=120, include_lineno=False)
    return text.getvalue()


def mo(catalog: Catalog) -> bytes:
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    return compiled.getvalue()


def _sources() -> Iterator[Path]:
    for path in (path for root in SOURCES for path in (ROOT / root).rglob("*")):
        in_templates = "templates" in path.parts
        if path.suffix in ((".html", ".txt") if in_templates else (".py",)):
            yield path


def _code(path: Path) -> str:
    """A source as Python: of a template what Django's own makemessages would have gettext read."""
    text = path.read_text()
    if path.suffix == ".py":
        return text
    # Indentation has a meaning in Python, and none in a template.
    return "\n".join(line.strip() for line in templatize(text).splitlines())


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    django.setup()
    template = extracted()
    for path in catalogues():
        catalog = updated(read(path), template)
        path.write_bytes(po(catalog))
        path.with_suffix(".mo").write_bytes(mo(catalog))
        missing = sum(not message.string for message in catalog if message.id)
        print(f"{path.relative_to(ROOT)}: {missing} to translate")  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
