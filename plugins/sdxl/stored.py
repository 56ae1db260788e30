"""Where the weights of a base lie: in a diffusers folder, in parts there, or in one file in Stability's layout."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from safetensors import safe_open

from hub.plugin_api import ModelLayout, Shape, StoredTensor
from plugins.sdxl.checkpoint_names import checkpoint_places
from plugins.sdxl.plugin import is_one_file

STEMS = {
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
    "text_encoder_2": "model",
}
# One of SDXL's text encoders lost it in transformers 5, its files did not.
ROOT = "text_model."
Places = dict[str, dict[str, StoredTensor]]


def stored_weights(base: str, layout: ModelLayout) -> Places:
    """Component -> parameter -> its place, of each component that is here whole. An id of the hub has none."""
    found = _in_one_file(Path(base), layout) if is_one_file(base) else _in_folder(Path(base), layout)
    return {name: places for name, places in found.items() if places.keys() == layout.components[name].keys()}


def _in_one_file(file: Path, layout: ModelLayout) -> Places:
    shapes = _shapes(file) if file.is_file() else {}
    return {
        component: {
            parameter: StoredTensor(file, place.name, place.view)
            for parameter, place in places.items()
            if place.name in shapes
        }
        for component, places in checkpoint_places(layout, shapes).items()
        if component in layout.components
    }


def _in_folder(folder: Path, layout: ModelLayout) -> Places:
    return {
        component: dict(_named(_files(folder / component, STEMS[component]), parameters))
        for component, parameters in layout.components.items()
    }


def _named(files: Mapping[str, Path], parameters: Mapping[str, Shape]) -> Iterator[tuple[str, StoredTensor]]:
    for parameter in parameters:
        for name in (parameter, ROOT + parameter, parameter.removeprefix(ROOT)):
            if name in files:
                yield parameter, StoredTensor(files[name], name)
                break


def _files(folder: Path, stem: str) -> dict[str, Path]:
    """Tensor -> the file that has it: one, or, by their index, several."""
    whole, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    if whole.is_file():
        return dict.fromkeys(_shapes(whole), whole)
    if not index.is_file():
        return {}
    listed = json.loads(index.read_text())["weight_map"]
    return {name: folder / file for name, file in listed.items() if (folder / file).is_file()}


def _shapes(file: Path) -> dict[str, Shape]:
    with safe_open(file, "np") as opened:
        return {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118 - no dict
