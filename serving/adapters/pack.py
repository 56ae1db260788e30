"""The canonical pack: one format for every adapter, whatever its creator's trainer wrote.

A safetensors file. `<component>.<module>.lora_A.weight` and `.lora_B.weight` are a low-rank addition to a module; their
alphas are numbers of `alphas.<component>` (F32), in the order of the modules' names. A name of the form
`delta.<rule>.<component>.<parameter>.<part>` is one part of a change that no pair of low-rank matrices is:
serving/adapters/deltas.py has the rules. `vectors.<component>.<word>`, [vectors, width], are what a text encoder reads where a
prompt has this word. Any other name, `<component>.<parameter>`, replaces that parameter.
Tensors keep the type they came in; what is computed is F32. Same source and same layout, same bytes: names are sorted
and nothing else goes in.

The tensors begin on a multiple of 64 bytes, the widest types first, each type by name. So a LoRA's matrices lie in the
order of the slots' rows, and are copied there from the mapped file in a few runs (docs/decisions/0014-the-pack-is-mapped.md).
Version 1 differs in that each alpha is a tensor of its own, `<component>.<module>.alpha`, between or before the matrices.
"""

VERSION = "2"
READABLE = frozenset({"1", VERSION})
VERSION_KEY, KIND_KEY, LAYOUT_KEY = "irodori_pack", "kind", "layout"
DOWN, UP = ".lora_A.weight", ".lora_B.weight"
ALPHAS = "alphas."
ALPHA_OF_VERSION_1 = ".alpha"
# Bytes; what is aligned to it begins a line of the processor's cache.
ALIGNMENT = 64
DELTA = "delta."
VECTORS = "vectors."
MAX_RANK = 256
# A product of small matrices is written out as one pair up to this rank. Above it the pair costs more to keep and to
# run than the weight it stands for, so it is served as a delta.
EXPANDED_RANK = 64
SIDES = ("first", "second")
# The part that holds a DoRA's lengths says along which axis of the weight they lie.
MAGNITUDES = ("magnitude_per_output", "magnitude_per_input")
SCALED = ("scaled_by_output", "scaled_by_input")


def metadata(kind: str, layout_digest: str) -> dict[str, str]:
    return {VERSION_KEY: VERSION, KIND_KEY: kind, LAYOUT_KEY: layout_digest}


def vectors_name(component: str, word: str) -> str:
    return f"{VECTORS}{component}.{word}"


def vectors_key(name: str) -> tuple[str, str]:
    """Component and word of a word's vectors."""
    component, _, word = name.removeprefix(VECTORS).partition(".")
    return component, word


def delta_name(rule: str, component: str, parameter: str, part: str) -> str:
    return f"{DELTA}{rule}.{component}.{parameter}.{part}"


def delta_key(name: str) -> tuple[str, str, str, str]:
    """Rule, component, parameter and part of a delta's tensor."""
    rule, component, rest = name.removeprefix(DELTA).split(".", 2)
    parameter, _, part = rest.rpartition(".")
    return rule, component, parameter, part
