"""The base and the styles that ship with the project: where they lie in the checkout, and whether they are all there."""

from collections.abc import Iterable
from pathlib import Path

from hub.local.servers import StartError
from hub.local.stamp import ROOT

MODELS = ROOT / "models"
BASE_MODEL = "irodori-small"
BASE = MODELS / BASE_MODEL
STYLES = MODELS / "styles"
UPSCALER = MODELS / "irodori-x2" / "model.safetensors"


def require(files: Iterable[str], models: Path = MODELS) -> None:
    """`files` are paths inside `models`. Raises StartError with what to do where one is missing."""
    missing = [file for file in (f"{BASE_MODEL}/model_index.json", *files) if not (models / file).is_file()]
    if missing:
        raise StartError(
            f"The base and styles that ship with Irodori are not complete: {models} lacks {', '.join(missing)}. Get "
            "them back with `git checkout -- models`, train them with `make base`, or name a base of your own: "
            'HUB_PLUGIN_CONFIG=\'{"sdxl": {"base": "/models/sdxl", "base_model": "sdxl-1.0"}}\''
        )
