"""What vectors for a word of the prompt must satisfy: the width of the base's own, one count everywhere, each word once."""

from collections import defaultdict
from collections.abc import Sequence

from hub.plugin_api import EmbeddingTarget, ModelLayout, Shape, UnsupportedFileError
from hub.tensor_file import FileHeader


def check_embeddings(targets: Sequence[EmbeddingTarget], header: FileHeader, layout: ModelLayout) -> None:
    """Raises UnsupportedFileError."""
    for target in targets:
        _check_width(target, header, layout)
        _check_count(target, header)
    _check_words(targets, header)


def matrix_of(target: EmbeddingTarget, header: FileHeader) -> Shape:
    """[vectors, width]: some trainers write a word's only vector without the first size."""
    shape = header.tensors[target.source].shape
    return shape if len(shape) == 2 else (1, *shape)


def _check_width(target: EmbeddingTarget, header: FileHeader, layout: ModelLayout) -> None:
    table = layout.shape(target.component, target.table)
    shape = matrix_of(target, header)
    if table is None or len(shape) != 2 or shape[1] != table[1]:
        raise UnsupportedFileError(
            "wrong_base",
            f"{target.source} has shape {list(header.tensors[target.source].shape)}; a vector for {target.component} of this "
            f"base has {table[1] if table else 'no'} numbers. Choose the base that the embedding was trained on.",
        )


def _check_count(target: EmbeddingTarget, header: FileHeader) -> None:
    count = matrix_of(target, header)[0]
    if count > target.most:
        raise UnsupportedFileError(
            "too_many_vectors",
            f"The embedding {target.word} has {count} vectors; {target.component} of this base reads {target.most} at a time. "
            "Train it with fewer.",
        )


def _check_words(targets: Sequence[EmbeddingTarget], header: FileHeader) -> None:
    """Prompts are read without regard to case, so Ruin and ruin are one word."""
    found: dict[str, list[EmbeddingTarget]] = defaultdict(list)
    for target in targets:
        found[target.word.lower()].append(target)
    for word, own in found.items():
        if len({target.component for target in own}) < len(own):
            raise UnsupportedFileError(
                "named_twice", f"The file has two embeddings for the word {word}. Export one of them alone."
            )
        if len({matrix_of(target, header)[0] for target in own}) > 1:
            raise UnsupportedFileError(
                "uneven_vectors",
                f"The embedding {word} has another number of vectors for one text encoder than for the other, so no trainer "
                "wrote it. Export it again.",
            )
