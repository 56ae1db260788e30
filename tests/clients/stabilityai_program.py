"""Runs under the environment of PyPI's `stabilityai` 1.0.5, unmodified: `CALL RESULT_FILE`, hub and key by its own variables.

One call in each process, since the client keeps the fields of one form for the next. It prints what it sends, so the
result goes to a file.
"""

import asyncio
import base64
import io
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from stabilityai.client import AsyncStabilityClient
from stabilityai.models import (
    AccountResponseBody,
    ClipGuidancePreset,
    Engine,
    InitImageMode,
    ListEnginesResponseBody,
    Sampler,
    StylePreset,
    TextPrompt,
    Type,
)

PROMPT = "a fox on a blue background"
START = base64.b64decode(os.environ.get("START", ""))
SMALL = Engine(id="irodori-small", name="", description="", type=Type.PICTURE)
NOWHERE = Engine(id="nowhere", name="", description="", type=Type.PICTURE)
EVERYTHING: dict[str, Any] = {
    "text_prompts": [TextPrompt(text=PROMPT, weight=1.25), TextPrompt(text="red", weight=-1.0)],
    "cfg_scale": 3.0,
    "clip_guidance_preset": ClipGuidancePreset.FAST_BLUE,
    "sampler": Sampler.K_DPM_2,
    "samples": 2,
    "seed": 41,
    "steps": 11,
    "style_preset": StylePreset.line_art,
    "extras": {"adapters": []},
}
# A published version as an engine, and one to mix with the base.
VERSION = Engine(id=os.environ.get("VERSION", "none"), name="", description="", type=Type.PICTURE)
MIX = {"adapters": [{"id": os.environ.get("VERSION", "none"), "weight": 0.5}]}
Call = Callable[[AsyncStabilityClient], Awaitable[Any]]


async def models(client: AsyncStabilityClient) -> dict[str, Any]:
    """The three calls that take nothing; engines and account by the client's own models, which it does not apply itself."""
    engines: ListEnginesResponseBody = [Engine.parse_obj(each) for each in await client.get_engines()]
    account, balance = await client.get_account(), await client.get_account_balance()
    AccountResponseBody.parse_obj(account)
    return {"engines": [each.id for each in engines], "account": account, "balance": balance}


def start() -> io.BytesIO:
    return io.BytesIO(START)


CALLS: dict[str, Call] = {
    "models": models,
    "text": lambda client: client.text_to_image(text_prompt=PROMPT),
    "text, all": lambda client: client.text_to_image(engine=SMALL, width=128, height=128, **EVERYTHING),
    "simple": lambda client: client.text_to_image_simple(PROMPT, size="128x128"),
    "simple, by default": lambda client: client.text_to_image_simple(PROMPT),
    "image": lambda client: client.image_to_image(start(), text_prompt=PROMPT, image_strength=0.4),
    "image, all": lambda client: client.image_to_image(
        start(), engine=SMALL, image_strength=0.4, init_image_mode=InitImageMode.IMAGE_STRENGTH,
        **{**EVERYTHING, "extras": None},
    ),
    "version, text": lambda client: client.text_to_image(
        text_prompt=PROMPT, engine=VERSION, width=128, height=128, seed=5, steps=10
    ),
    "version, image": lambda client: client.image_to_image(
        start(), text_prompt=PROMPT, engine=VERSION, image_strength=0.4, seed=5, steps=10
    ),
    "mix, text": lambda client: client.text_to_image(
        text_prompt=PROMPT, engine=SMALL, width=128, height=128, seed=5, steps=10, extras=MIX
    ),
    "mix, image": lambda client: client.image_to_image(
        start(), text_prompt=PROMPT, engine=SMALL, image_strength=0.4, seed=5, steps=10, extras=MIX
    ),
    "upscale": lambda client: client.image_to_image_upscale(start()),
    "nowhere": lambda client: client.text_to_image(text_prompt=PROMPT, engine=NOWHERE),
}  # fmt: skip


async def made_by(call: Call) -> Any:
    async with AsyncStabilityClient() as client:
        try:
            answer = await call(client)
        except Exception as error:  # noqa: BLE001 - which one it is, the test compares
            return {"error": type(error).__name__}
    return answer if isinstance(answer, dict) else json.loads(answer.json())


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(asyncio.run(made_by(CALLS[sys.argv[1]]))))
