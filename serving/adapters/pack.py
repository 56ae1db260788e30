"""The canonical pack: one format for every adapter, whatever its creator's trainer wrote.

A safetensors file. `<component>.<module>.lora_A.weight`, `.lora_B.weight` and `.alpha` (F32, no dimensions) are a low-rank
addition to a module; any other name, `<component>.<parameter>`, replaces that parameter. Tensors keep the type they came
in. Same source and same layout, same bytes: names are sorted and nothing else goes in.
"""

VERSION = "1"
VERSION_KEY, KIND_KEY, LAYOUT_KEY = "irodori_pack", "kind", "layout"
DOWN, UP, ALPHA = ".lora_A.weight", ".lora_B.weight", ".alpha"
MAX_RANK = 256


def metadata(kind: str, layout_digest: str) -> dict[str, str]:
    return {VERSION_KEY: VERSION, KIND_KEY: kind, LAYOUT_KEY: layout_digest}
