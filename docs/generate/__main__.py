"""`make docs`: write every generated page."""

import os

import django

from docs.generate.pages import ROOT, pages


def main() -> None:
    # Scopes are read from the site's addresses.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    django.setup()
    for path, text in pages().items():
        (ROOT / path).write_text(text)
        print(path)  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
