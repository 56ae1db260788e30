"""Draw one picture and watch it on the way: `draw.py "a fox on a blue background" fox.png`."""

import sys

from irodori_client import Client, Generation


def told(now: Generation) -> None:
    print(f"{now.state}: step {now.step} of {now.steps}")


def main(prompt: str, file: str) -> None:
    with Client() as hub:
        order = hub.generations.compose(prompt, seed=7)
        ordered = hub.generations.create(order)
        made = hub.generations.wait(ordered.id, progress=told)
        hub.generations.save(made, file)
        print(f"{file}: {made.price_micro / 1e6} {made.currency}")


if __name__ == "__main__":
    main(*sys.argv[1:])
