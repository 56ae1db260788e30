"""Draw several pictures as one batch, awaited, each saved when it is there: `many_at_once.py "a fox" "a hare" "a wren"`."""

import asyncio
import sys

from irodori_client import AsyncClient
from irodori_client.models import BatchChoices, BatchOrder


async def main(prompts: list[str]) -> None:
    async with AsyncClient() as hub:
        first = await hub.generations.compose(prompts[0])  # finds the hub's first base
        order = BatchOrder(defaults=BatchChoices(base_model=first.base_model, seed=7), prompts=tuple(prompts))
        quote = await hub.batches.quote(order)
        batch = await hub.batches.create(order.model_copy(update={"quote": quote.quote}))
        async for item in hub.batches.results(batch.id):
            if item.failure:
                print(f"{item.prompt}: {item.failure.message}", file=sys.stderr)
            else:
                print(await hub.batches.save(item, f"{item.prompt.replace(' ', '-')}.png"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
