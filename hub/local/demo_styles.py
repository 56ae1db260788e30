"""The demo's catalogue: the styles that ship with the project, who publishes them, and under which terms.

No rights holder is implied to be a member: each publisher is called "demo: ..." and each description says so. Licences
and credits are those of the artwork that a style learnt from.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DemoStyle:
    """`email` is the publisher's account, which `manage.py seed_demo` makes."""

    file_name: str
    email: str
    terms: dict[str, Any]


# The same in every look, so that the gallery shows what a style changes.
FOX, FROG, WATERMELON, PANDA = (
    "a fox on a blue background",
    "a frog on a pink background",
    "青い背景のスイカ",
    "a panda on a pink background",
)
CONCEPTS = (FOX, FROG, WATERMELON, PANDA, "a sunflower on a grey background")


def _description(look: str, holder: str) -> str:
    return (
        f"Draws animals, plants, food and drink in the look of {look}, on a background of the colour you name. "
        "English and Japanese prompts work: “a fox on a blue background”, 「青い背景のスイカ」.\n\n"
        f"A demonstration by the Irodori project, trained on openly licensed artwork. {holder} did not publish it, is no "
        "member of this hub and is paid nothing here."
    )


def _open(
    *, sample_prompt: str, artwork: str, url: str, licence: str, attribution: str, **terms: Any
) -> dict[str, Any]:
    """Terms that take nothing back of what an open licence gives."""
    return {
        "sample_prompt": sample_prompt,
        "example_prompts": [concept for concept in CONCEPTS if concept != sample_prompt],
        "licence": licence,
        "attribution": attribution,
        "training_sources": [{"name": f"{artwork}, {licence}", "consent": "open_licence", "url": url}],
        "may_be_merged": True,
        "may_be_resold": True,
        "outputs_may_train": True,
        **terms,
    }


STYLES = (
    DemoStyle(
        "twemoji.safetensors",
        "twemoji@demo.example",
        _open(
            title="Twemoji",
            description=_description("Twemoji: flat, round, without outlines", "Twitter, Inc."),
            sample_prompt=FOX,
            price_micro=20_000,
            creator_share_bp=7_000,
            artwork="Twemoji",
            url="https://github.com/jdecked/twemoji",
            licence="CC-BY-4.0",
            attribution="Twemoji artwork © Twitter, Inc. and other contributors, CC-BY-4.0",
        ),
    ),
    DemoStyle(
        "openmoji.safetensors",
        "openmoji@demo.example",
        _open(
            title="OpenMoji",
            description=_description("OpenMoji: black outlines, flat colours", "The OpenMoji project"),
            sample_prompt=FROG,
            price_micro=15_000,
            creator_share_bp=9_000,
            artwork="OpenMoji",
            url="https://openmoji.org",
            licence="CC-BY-SA-4.0",
            attribution="Artwork by OpenMoji, the open-source emoji and icon project, CC-BY-SA-4.0",
        ),
    ),
    DemoStyle(
        "fluent-emoji-flat.safetensors",
        "fluent-flat@demo.example",
        _open(
            title="Fluent Emoji Flat",
            description=_description("Fluent Emoji's flat set: simple shapes, warm colours", "Microsoft Corporation"),
            sample_prompt=WATERMELON,
            price_micro=25_000,
            creator_share_bp=8_000,
            artwork="Fluent Emoji, flat",
            url="https://github.com/microsoft/fluentui-emoji",
            licence="MIT",
            attribution="Fluent Emoji artwork © Microsoft Corporation, MIT",
        ),
    ),
    DemoStyle(
        "fluent-emoji.safetensors",
        "fluent-3d@demo.example",
        _open(
            title="Fluent Emoji 3D",
            description=_description("Fluent Emoji's colour set: soft shading, depth", "Microsoft Corporation"),
            sample_prompt=PANDA,
            price_micro=35_000,
            creator_share_bp=7_500,
            artwork="Fluent Emoji, colour",
            url="https://github.com/microsoft/fluentui-emoji",
            licence="MIT",
            attribution="Fluent Emoji artwork © Microsoft Corporation, MIT",
        ),
    ),
)
FILES = tuple(f"styles/{style.file_name}" for style in STYLES)

# What the demo's buyer asks for, each with the seed of its place: style (None is the plain base) and prompt.
PICTURES: tuple[tuple[str | None, str], ...] = (
    (None, "a fox on a blue background"),
    ("Twemoji", "a frog on a white background"),
    ("OpenMoji", "a rice cracker on a red background"),
    ("Fluent Emoji Flat", "黄色い背景のカニ"),
    ("Fluent Emoji 3D", "a watermelon on a blue background"),
)
