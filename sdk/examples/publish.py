"""Upload a style and publish it: `publish.py my-style.safetensors irodori-small "Washed Ink"`."""

import sys

from irodori_client import Client, FailedError, StatedSource, Terms


def told(sent: int, size: int) -> None:
    print(f"{sent} of {size} bytes")


def main(file: str, base: str, title: str) -> None:
    terms = Terms(
        title=title,
        sample_prompt="a cat on a green background",
        licence="irodori-standard",
        price_micro=20_000,
        creator_share_bp=7_000,
        may_be_merged=True,
        training_sources=(StatedSource(name="My own drawings", consent="own_work"),),
    )
    with Client() as hub:
        sent = hub.uploads.send(file, base_model=base, progress=told)
        try:
            ready = hub.uploads.wait(sent.id)
        except FailedError as refused:
            raise SystemExit(f"{refused} ({refused.code})") from refused
        version = hub.versions.publish(ready.id, terms)
        print(f"{version.kind} {version.id}, {version.licence.title}")


if __name__ == "__main__":
    main(*sys.argv[1:])
