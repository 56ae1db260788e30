"""`make docs`: write every generated page."""

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    django.setup()
    # Kinds of events stand beside models, which can't be imported before.
    from docs.generate.pages import ROOT, pages

    for path, text in pages().items():
        (ROOT / path).write_text(text)
        print(path)  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
