"""OpenAI's images API: what the code holds as tables."""

from docs.generate.tables import table
from hub.settings.site import OPENAI_NAMES
from marketplace.openai.tables import CODES, FIDELITIES, QUALITIES, QUALITY_SAID, STYLES

INTRODUCTION = """# OpenAI's images API

[How to use it](../how-to/use-the-openai-api.md) says the rest.
"""


def page() -> str:
    return "\n".join(
        [
            INTRODUCTION,
            "## Names of models\n",
            "By default the small base answers to these names, which programs have built in (`HUB_OPENAI_MODELS`):",
            ", ".join(f"`{name}`" for name in OPENAI_NAMES) + ".\n",
            "## Quality\n",
            "How many steps, as a part of those that the base does by itself; never more than its engine can.\n",
            table(
                ("quality", "steps", "said in the answer"),
                [(f"`{name}`", f"× {part:g}", QUALITY_SAID.get(name, name)) for name, part in QUALITIES.items()],
            ),
            "## Fidelity\n",
            "How much of a picture is drawn anew: `/api/v1/`'s `strength`. `low` if left out.\n",
            table(
                ("input_fidelity", "of the whole picture", "of what a mask leaves open"),
                [(f"`{name}`", f"{whole:g}", f"{masked:g}") for name, (whole, masked) in FIDELITIES.items()],
            ),
            "## Styles\n",
            "A `style` adds these words to the prompt, after a comma.\n",
            table(("style", "words"), [(f"`{name}`", words) for name, words in STYLES.items()]),
            "## Errors\n",
            table(
                ("code", "status", "type"), [(f"`{code}`", str(status), kind) for code, (status, kind) in CODES.items()]
            ),
        ]
    )
