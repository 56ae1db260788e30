"""Runs under the environment of PyPI's `openai`, unmodified: `sync|async CALL RESULT_FILE`, hub and key by its own variables.

A call's answers, models or events, go to the file as the client made them of what it got; so does its error.
"""

import asyncio
import base64
import inspect
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from openai import APIError, AsyncOpenAI, OpenAI, Stream
from openai.pagination import SyncPage

PROMPT = "a fox on a blue background"
START = base64.b64decode(os.environ.get("START", ""))
MASK = base64.b64decode(os.environ.get("MASK", ""))
STYLE = os.environ.get("STYLE", "")
EVERYTHING: dict[str, Any] = {
    "prompt": PROMPT,
    "model": "irodori-small",
    "n": 2,
    "size": "128x128",
    "quality": "low",
    "background": "opaque",
    "output_format": "webp",
    "output_compression": 90,
    "response_format": "b64_json",
    "user": "someone",
    "safety_identifier": "hash-of-someone",
    "stream": False,
    "partial_images": 0,
}
OWN: dict[str, Any] = {"seed": 41, "negative_prompt": "red", "adapters": [{"id": STYLE, "weight": 0.5}]}
OWN_OF_A_FORM = OWN | {"adapters": json.dumps(OWN["adapters"])}
Client = OpenAI | AsyncOpenAI
CALLS: dict[str, Callable[[Any], Any]] = {
    "models": lambda client: client.models.list(),
    "model": lambda client: client.models.retrieve("irodori-small"),
    "delete": lambda client: client.models.delete("irodori-small"),
    "generate": lambda client: client.images.generate(prompt=PROMPT),
    "generate, all": lambda client: client.images.generate(**EVERYTHING, moderation="auto", style="natural", extra_body=OWN),
    "generate, a style": lambda client: client.images.generate(prompt=PROMPT, model=STYLE, size="auto"),
    "generate, gpt-image-1": lambda client: client.images.generate(prompt=PROMPT, model="gpt-image-1"),
    "generate, addresses": lambda client: client.images.generate(prompt=PROMPT, n=2, response_format="url"),
    "generate, raw": lambda client: client.images.with_raw_response.generate(prompt=PROMPT),
    "generate, stream": lambda client: client.images.generate(prompt=PROMPT, stream=True),
    "generate, partial": lambda client: client.images.generate(
        prompt=PROMPT, stream=True, partial_images=2, quality="max", output_format="jpeg", user="someone"
    ),
    "edit": lambda client: client.images.edit(prompt=PROMPT, image=START),
    "edit, all": lambda client: client.images.edit(
        **EVERYTHING, image=[("start.png", START, "image/png")], mask=MASK, input_fidelity="high",
        extra_body=OWN_OF_A_FORM,
    ),
    "edit, addresses": lambda client: client.images.edit(prompt=PROMPT, image=START, response_format="url"),
    "edit, partial": lambda client: client.images.edit(
        prompt=PROMPT, image=START, stream=True, partial_images=1, quality="max", extra_body={"seed": 43}
    ),
    "edit, several": lambda client: client.images.edit(prompt=PROMPT, image=[START, START]),
    "variation": lambda client: client.images.create_variation(image=START),
    "transparent": lambda client: client.images.generate(prompt=PROMPT, background="transparent"),
    "nowhere": lambda client: client.images.generate(prompt=PROMPT, model="nowhere", stream=True),
    "large": lambda client: client.images.edit(prompt=PROMPT, image=START, size="1024x1024"),
}  # fmt: skip


async def made_by(call: Callable[[Any], Any], *, in_loop: bool) -> Any:
    try:
        if not in_loop:
            return _dumped(call(OpenAI()))
        async with AsyncOpenAI() as client:
            answer = call(client)
            answer = await answer if inspect.isawaitable(answer) else answer
            return [each.model_dump() async for each in answer] if hasattr(answer, "__aiter__") else _dumped(answer)
    except APIError as error:
        told = {"status": getattr(error, "status_code", 0), "code": error.code, "param": error.param}
        return {"error": type(error).__name__, **told}


def _dumped(answer: Any) -> Any:
    if hasattr(answer, "parse"):  # a raw response
        answer = answer.parse()
    if isinstance(answer, Stream | SyncPage):
        return [each.model_dump() for each in answer]
    return answer.model_dump()


def fetched(answer: Any) -> Any:
    """With each picture that came as an address, fetched by a program that knows no key."""
    for each in (answer.get("data") or []) if isinstance(answer, dict) else []:
        if isinstance(each, dict) and each.get("url"):
            each["fetched"] = base64.b64encode(httpx2.get(each["url"]).raise_for_status().content).decode()
    return answer


if __name__ == "__main__":
    made = asyncio.run(made_by(CALLS[sys.argv[2]], in_loop=sys.argv[1] == "async"))
    Path(sys.argv[3]).write_text(json.dumps(fetched(made)))
