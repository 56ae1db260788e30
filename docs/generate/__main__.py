"""`make docs`: write every generated page."""

from docs.generate.pages import ROOT, pages


def main() -> None:
    for path, text in pages().items():
        (ROOT / path).write_text(text)
        print(path)  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
