"""Find two styles, see who would be paid for a mix of them, and draw it at that price: `mix_styles.py mix.png`."""

import sys
from itertools import islice

from irodori_client import Client


def main(file: str) -> None:
    with Client() as hub:
        found = list(islice(hub.styles.search(base_model="irodori-small"), 2))
        order = hub.generations.compose(
            "a fox on a blue background", styles={style.slug: 0.6 for style in found}, steps=12, seed=7
        )
        quote = hub.quotes.get(order)
        for line in quote.split:
            print(f"{line.payee} ({line.role}): {line.amount_micro / 1e6} USD")
        # Until quote.expires_at the order costs what the quote said, whatever prices do meanwhile.
        ordered = hub.generations.create(order.model_copy(update={"quote": quote.quote}))
        made = hub.generations.wait(ordered.id)
        hub.generations.save(made, file)
        for credit in made.credit_lines:
            print(credit)


if __name__ == "__main__":
    main(*sys.argv[1:])
