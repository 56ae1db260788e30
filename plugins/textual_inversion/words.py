"""A word and its vectors, one tensor for each text encoder of the base.

Source of the keys: kohya's sdxl_train_textual_inversion.py, OneTrainer, ComfyUI's sdxl_clip.py.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from hub.plugin_api import EmbeddingTarget, ModelLayout, UnsupportedFileError

ENCODERS = {"clip_l": "text_encoder", "clip_g": "text_encoder_2"}
# Embeddings of Stable Diffusion 1 and 2, whose bases have one text encoder.
FOR_ONE_ENCODER = frozenset({"emb_params", "string_to_param.*"})
TABLE, POSITIONS = "embeddings.token_embedding.weight", "embeddings.position_embedding.weight"
# One word to a reader and to a prompt: no spaces, and none of the marks that weigh words.
WORD = re.compile(r"<?\w(?:[\w.-]*\w)?>?")
LONGEST_WORD = 64


def targets(word: str, keys: Mapping[str, str], layout: ModelLayout) -> tuple[EmbeddingTarget, ...]:
    """`keys` is what the file calls each of the word's tensors -> its name. Raises UnsupportedFileError."""
    _refuse_keys(word, frozenset(keys))
    return tuple(_targets(_checked(word), keys, layout))


def _targets(word: str, keys: Mapping[str, str], layout: ModelLayout) -> Iterator[EmbeddingTarget]:
    for key, component in ENCODERS.items():
        table, positions = (_parameter(layout, component, ending) for ending in (TABLE, POSITIONS))
        context = layout.components[component][positions][0]
        yield EmbeddingTarget(component, table, word, keys[key], most=context - 2)  # beside start and end


def _parameter(layout: ModelLayout, component: str, ending: str) -> str:
    for name in layout.components.get(component, {}):
        if name.endswith(ending):
            return name
    raise UnsupportedFileError(
        "wrong_base", f"This base has no {component} that an embedding could be for. Choose the base it was trained on."
    )


def _checked(word: str) -> str:
    """The word as prompts are read. Raises UnsupportedFileError for what is no word."""
    word = unicodedata.normalize("NFC", word)
    if not WORD.fullmatch(word) or len(word) > LONGEST_WORD:
        raise UnsupportedFileError(
            "bad_word",
            f"“{word[:LONGEST_WORD]}” can't be written into a prompt as one word. An embedding's word is the one in its "
            "bundle, or what its file is called: letters, digits, _, - and . between them, in <> if you like. Rename it.",
        )
    return word


def _refuse_keys(word: str, keys: frozenset[str]) -> None:
    if single := keys & FOR_ONE_ENCODER:
        raise UnsupportedFileError(
            "wrong_base",
            f"The embedding {word} is for a base with one text encoder ({_listed(single)}), such as Stable Diffusion 1 or 2; "
            "this base has two. Train it for this base.",
        )
    if strange := keys - ENCODERS.keys():
        raise UnsupportedFileError(
            "unsupported_kind",
            f"The embedding {word} holds {_listed(strange)}, which is not served: only clip_l and clip_g are, what each "
            "text encoder reads. Export it without.",
        )
    if missing := ENCODERS.keys() - keys:
        raise UnsupportedFileError(
            "half_embedding",
            f"The embedding {word} lacks {_listed(missing)}, so programs disagree on what that text encoder reads. Export it "
            "with clip_l and clip_g.",
        )


def _listed(keys: frozenset[str] | set[str]) -> str:
    return " and ".join(sorted(key or "a tensor without a name" for key in keys))
