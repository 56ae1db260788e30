"""Embeddings that a trainer bundled with an adapter, for every format whose files may have some.

Source: AUTOMATIC1111's pull request 13568 and OneTrainer, `bundle_emb.<word>.<key>`.
"""

import re
from collections import defaultdict
from dataclasses import replace

from hub.plugin_api import EmbeddingTarget, ModelLayout
from hub.tensor_file import FileHeader
from plugins.textual_inversion.words import targets

BUNDLE = "bundle_emb."
# The word may hold dots; a key has none but the old one of A1111.
NAME = re.compile(r"bundle_emb\.(?P<word>.+?)\.(?P<key>string_to_param\.\*|[^.]+)")


def without_bundles(header: FileHeader) -> FileHeader:
    """The file as it would be without its embeddings."""
    return replace(header, tensors={name: info for name, info in header.tensors.items() if not name.startswith(BUNDLE)})


def bundled(header: FileHeader, layout: ModelLayout) -> tuple[EmbeddingTarget, ...]:
    """Raises UnsupportedFileError for an embedding that can't be served."""
    words: dict[str, dict[str, str]] = defaultdict(dict)
    for name in sorted(header.tensors):
        if name.startswith(BUNDLE):
            match = NAME.fullmatch(name)
            word, key = (match["word"], match["key"]) if match else (name.removeprefix(BUNDLE), "")
            words[word][key] = name
    return tuple(target for word, keys in words.items() for target in targets(word, keys, layout))
