"""Turns an engine's glimpse of an unfinished picture into what travels with a heartbeat: a small JPEG."""

import base64
import io

from PIL import Image

from hub.plugin_api import Preview

MAX_SIDE = 128
QUALITY = 75


def encoded(preview: Preview) -> str:
    """JPEG in Base64. Raises ValueError for pixels that do not fill its width and height."""
    image = Image.frombytes("RGB", (preview.width, preview.height), preview.pixels)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return base64.b64encode(file.getvalue()).decode("ascii")
