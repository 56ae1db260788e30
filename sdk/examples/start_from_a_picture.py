"""Draw a picture anew, starting from a file: `start_from_a_picture.py fox.png "a hare" hare.png`."""

import sys
from pathlib import Path

from irodori_client import Client


def main(start: str, prompt: str, file: str) -> None:
    with Client() as hub:
        picture = hub.pictures.send(Path(start))
        order = hub.generations.compose(prompt, picture=picture.sha256, strength=0.6, seed=7)
        made = hub.generations.wait(hub.generations.create(order).id)
        hub.generations.save(made, file)
        print(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
