"""Trains the small byte-level BPE vocabulary of the bases that this project builds, from a text of its own.

Plain Python, so that the same text gives the same vocabulary on every machine and with every tokenizer release.
Format: CLIP's (https://arxiv.org/abs/2103.00020): bytes as printable characters, "</w>" ends a word, ids in the order
bytes, bytes that end a word, merges, start, end.
"""

import itertools
import re
from collections import Counter
from dataclasses import dataclass

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
WORDS = re.compile(r"[^\W\d_]+|\d|[^\s\w]+")
Pair = tuple[str, str]

TEXT = """
a painting of a lighthouse at dusk with long shadows on the water, painted in thick strokes of blue and orange
a portrait of an old fisher with a red scarf, soft light from the left, drawn in charcoal on grey paper
a photograph of a quiet street in the rain, neon signs, puddles, reflections, night, wide angle
a pelican and a heron standing in shallow water, morning mist, pale colours, watercolour
a cat asleep on a wooden chair by the window, warm afternoon light, detailed, sharp focus
a small house on a green hill under a large white cloud, flat colours, poster, simple shapes
a forest of tall trees in autumn, yellow and brown leaves, a narrow path, sun rays
a bowl of apples and grapes on a blue cloth, still life, oil on canvas, dark background
a mountain range with snow at sunrise, pink sky, a lake in front, calm, landscape
a robot with round eyes holding a flower, toy, plastic, bright studio light, product picture
a woodblock print of a wave and a boat, ink lines, indigo, old paper texture
a city of glass towers seen from above, evening, lights, geometric pattern
a child with a kite on the beach, wind, sand, summer, loose pencil sketch
a dancer in a flowing dress, motion, gold and black, ornament, art nouveau style
a field of poppies, soft brush strokes, impressionist style, spring, bright red
a map of an island with mountains, rivers and a harbour, hand drawn, sepia ink
a dragon of paper folded in many colours, origami, shadow, macro, shallow depth of field
a pixel art castle, sixteen colours, clear outline, game background
a cup of tea beside an open book, steam, cosy, evening lamp
abstract colour fields, smooth gradient, purple, teal and rose, gentle noise
in the style of, high quality, low quality, blurry, ugly, text, watermark, worst, best, masterpiece
one two three four five six seven eight nine ten red green blue yellow violet black white grey
the colour of the light is what the picture is about, and the shapes stand where the light falls
"""


@dataclass(frozen=True)
class Vocabulary:
    """Token -> id, and the merges in the order they are applied."""

    ids: dict[str, int]
    merges: tuple[Pair, ...]


def train(text: str = TEXT, merges: int = 700) -> Vocabulary:
    """The `merges` most useful pairs of `text`; ties go to the alphabetically first pair."""
    words = Counter(_symbols(word) for word in WORDS.findall(text.lower()))
    learnt: list[Pair] = []
    while len(learnt) < merges and (pair := _best_pair(words)):
        learnt.append(pair)
        words = Counter({_merged(word, pair): count for word, count in words.items()})
    letters = byte_letters()
    tokens = [*letters, *(letter + WORD_END for letter in letters), *dict.fromkeys(map("".join, learnt)), START, END]
    return Vocabulary({token: index for index, token in enumerate(tokens)}, tuple(learnt))


def byte_letters() -> list[str]:
    """One printable character for each byte, printable bytes first: GPT-2's table, which CLIP's tokenizer reads."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(256 - len(printable))]


def _symbols(word: str) -> tuple[str, ...]:
    return (*word[:-1], word[-1] + WORD_END)


def _best_pair(words: Counter[tuple[str, ...]]) -> Pair | None:
    pairs: Counter[Pair] = Counter()
    for word, count in words.items():
        for pair in itertools.pairwise(word):
            pairs[pair] += count
    return min(pairs, key=lambda pair: (-pairs[pair], pair), default=None)


def _merged(word: tuple[str, ...], pair: Pair) -> tuple[str, ...]:
    out: list[str] = []
    for symbol in word:
        if out and (out[-1], symbol) == pair:
            out[-1] += symbol
        else:
            out.append(symbol)
    return tuple(out)
