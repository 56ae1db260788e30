"""Draw several pictures at once, awaited: `many_at_once.py "a fox" "a hare" "a wren"`."""

import asyncio
import sys

from irodori_client import AsyncClient


async def draw(hub: AsyncClient, turn: asyncio.Semaphore, prompt: str) -> str:
    async with turn:
        order = await hub.generations.compose(prompt, seed=7)
        ordered = await hub.generations.create(order)
        made = await hub.generations.wait(ordered.id)
        file = f"{prompt.replace(' ', '-')}.png"
        await hub.generations.save(made, file)
        return file


async def main(prompts: list[str]) -> None:
    turn = asyncio.Semaphore(2)
    async with AsyncClient() as hub:
        for file in await asyncio.gather(*(draw(hub, turn, prompt) for prompt in prompts)):
            print(file)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
