"""Textual inversions as creators upload them, with vectors of the size that the base's own tokens have."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

KEYS = ("clip_l", "clip_g")
Vectors = dict[str, torch.Tensor]


def vectors(engine_models: dict[str, torch.nn.Module], count: int, seed: int) -> Vectors:
    """clip_l and clip_g, [count, width] each."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for key, component in zip(KEYS, ("text_encoder", "text_encoder_2"), strict=True):
        own = engine_models[component].get_input_embeddings().weight  # type: ignore[operator] # a method of transformers' models
        found[key] = torch.randn(count, own.shape[1], generator=generator) * own.std().item()
    return found


def write_alone(own: Vectors, path: Path) -> Path:
    """What kohya's trainer writes; its word is the file's name."""
    save_file(own, path)
    return path


def write_bundled(words: dict[str, Vectors], lora: Path, path: Path) -> Path:
    """What OneTrainer writes: a LoRA's file with the vectors of its words."""
    bundles = {f"bundle_emb.{word}.{key}": tensor for word, own in words.items() for key, tensor in own.items()}
    save_file(load_file(lora) | bundles, path)
    return path
