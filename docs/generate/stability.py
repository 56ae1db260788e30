"""Stability's API: what the code holds as tables."""

from docs.generate.tables import table
from marketplace.stability.presets import PRESETS
from marketplace.stability.tables import RULES, SCHEDULERS, STATUS

INTRODUCTION = """# Stability's API

[How to use it](../how-to/use-the-stability-api.md) says the rest.
"""


def page() -> str:
    return "\n".join(
        [
            INTRODUCTION,
            "## Styles\n",
            "A `style_preset` adds these words to the prompt and to the negative prompt, after a comma.\n",
            table(
                ("style_preset", "prompt", "negative prompt"),
                [(f"`{name}`", preset.prompt, preset.negative) for name, preset in PRESETS.items()],
            ),
            "## Samplers\n",
            table(
                ("sampler", "scheduler of the hub"),
                [(f"`{name}`", f"`{known}`") for name, known in SCHEDULERS.items()],
            ),
            "## Sizes of named engines\n",
            "They hold where the base that answers to the id was made for such sizes.\n",
            table(
                ("ids that begin with", "error", "rule"),
                [(", ".join(f"`{each}`" for each in rule.beginnings), rule.name, rule.sentence) for rule in RULES],
            ),
            "## Errors\n",
            table(("name", "status"), [(f"`{name}`", str(status)) for name, status in STATUS.items()]),
        ]
    )
