"""Renders the artwork to RGBA at 128 x 128 and keeps it, since that takes minutes."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from PIL import Image

from training.concepts import Concept, icon_names
from training.pixels import SIDE, Pixels

MARGIN = 6  # so that no drawing touches the edge, and looks of different margins compare


def renderings(packages: Path, cache_dir: Path, look: str, concepts: tuple[Concept, ...]) -> Pixels:
    """RGBA renderings of `concepts` in `look`: uint8, (n, 128, 128, 4), in the order given."""
    kept = cache_dir / f"{look}-{len(concepts)}.npy"
    if not kept.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        np.save(kept, np.stack(list(_render(packages, look, concepts))))
    pixels: Pixels = np.load(kept, mmap_mode="r")
    return pixels


def _render(packages: Path, look: str, concepts: tuple[Concept, ...]) -> Iterator[Pixels]:
    icons = json.loads((packages / "@iconify-json" / look / "icons.json").read_text(encoding="utf-8"))
    names = icon_names(packages, look)
    for concept in concepts:
        yield _drawing(_svg(icons, names[concept.code]))


def _svg(icons: dict[str, Any], name: str) -> str:
    while name in icons.get("aliases", {}):
        name = icons["aliases"][name]["parent"]
    icon = icons["icons"][name]
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
    )


def _drawing(svg: str) -> Pixels:
    """The drawing cropped to what is visible, scaled to fit inside the margin, centred."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=2 * SIDE, height=2 * SIDE)
    image = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    box = image.getchannel("A").point(lambda alpha: 255 if alpha > 8 else 0).getbbox()
    drawing = image.crop(box)
    scale = (SIDE - 2 * MARGIN) / max(drawing.size)
    size = tuple(max(1, round(side * scale)) for side in drawing.size)
    drawing = drawing.convert("RGBa").resize((size[0], size[1]), Image.Resampling.LANCZOS).convert("RGBA")
    canvas = Image.new("RGBA", (SIDE, SIDE))
    canvas.paste(drawing, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return np.asarray(canvas)
