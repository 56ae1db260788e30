"""The byte-level BPE vocabulary of the small base, learned from its own captions."""

import json
from collections.abc import Iterable

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import CLIPTokenizer

VOCABULARY_SIZE = 4000
CONTEXT = 32  # tokens; captions have at most 12, and padding to 77 would cost a third of every step
START, END = "<|startoftext|>", "<|endoftext|>"


def train_tokenizer(texts: Iterable[str]) -> CLIPTokenizer:
    """Learn merges until most names are one or two tokens, in either language."""
    letters = sorted(ByteLevel.alphabet())
    # An untrained CLIPTokenizer splits text exactly as the trained one will, so its rules are borrowed for learning.
    rules = _tokenizer({letter: index for index, letter in enumerate([*letters, START, END])}, [])._tokenizer
    learner = Tokenizer(BPE(end_of_word_suffix="</w>"))
    learner.normalizer, learner.pre_tokenizer = rules.normalizer, rules.pre_tokenizer
    trainer = BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        min_frequency=2,
        initial_alphabet=letters,
        end_of_word_suffix="</w>",
        special_tokens=[START, END],
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    model = json.loads(learner.to_str())["model"]
    ids = dict(model["vocab"])
    for letter in letters:
        # Bytes unseen at a word's end while learning must still have a token there.
        ids.setdefault(letter + "</w>", len(ids))
    return _tokenizer(ids, [tuple(pair) for pair in model["merges"]])


def _tokenizer(ids: dict[str, int], merges: list[tuple[str, str]]) -> CLIPTokenizer:
    return CLIPTokenizer(vocab=ids, merges=merges, pad_token=END, unk_token=END, model_max_length=CONTEXT)
