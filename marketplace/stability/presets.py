"""What a `style_preset` adds to the prompt and to the negative prompt. docs/reference/stability.md publishes this table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    prompt: str
    negative: str = ""


PRESETS = {
    "enhance": Preset("highly detailed, sharp focus, balanced light", "blurry, low quality"),
    "anime": Preset("anime style, clean line work, cel shading, expressive colours", "photograph, 3d render"),
    "photographic": Preset("photograph, natural light, 35mm, fine detail", "drawing, painting, cartoon, render"),
    "digital-art": Preset("digital art, vivid colours, smooth shading, detailed", "photograph, grainy"),
    "comic-book": Preset("comic book panel, bold ink outlines, halftone shading", "photograph, realistic"),
    "fantasy-art": Preset("fantasy art, epic, intricate, dramatic light", "photograph, modern"),
    "line-art": Preset("line art, clean black lines, white background, minimal", "colour, shading, photograph"),
    "analog-film": Preset("analog film photograph, grain, faded colours, light leak", "digital, drawing, render"),
    "neon-punk": Preset("neon punk, glowing neon light, magenta and cyan, dark city", "daylight, muted colours"),
    "isometric": Preset("isometric view, miniature scene, soft shadows", "perspective view, photograph"),
    "low-poly": Preset("low poly, flat shaded triangles, simple geometry", "smooth surface, photograph, noise"),
    "origami": Preset("origami, folded paper, crisp creases, paper texture", "photograph of a person, painting"),
    "modeling-compound": Preset("modelling clay, hand-made, fingerprints, soft studio light", "drawing, flat"),
    "cinematic": Preset("cinematic still, shallow depth of field, dramatic light, wide shot", "drawing, cartoon"),
    "3d-model": Preset("3d model, physically based render, soft global light", "drawing, flat, sketch"),
    "pixel-art": Preset("pixel art, low resolution, limited palette, crisp pixels", "smooth, blurry, photograph"),
    "tile-texture": Preset("seamless tile texture, repeating pattern, even light", "border, frame, perspective"),
}
