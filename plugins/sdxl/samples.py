"""Writes adapters for a base: what the tests and the tutorial's reader upload.

Their weights are random but drawn from a seed, strong enough to be seen. Names are what each trainer writes.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from plugins.kohya_lora.names import flat_name, sgm_names

ATTENTION = (".to_q", ".to_k", ".to_v", ".to_out.0", ".ff.net.0.proj", ".ff.net.2", ".proj_in", ".proj_out")
TEXT = (".q_proj", ".k_proj", ".v_proj", ".out_proj", ".fc1", ".fc2")
FILES = {
    "unet": "unet/diffusion_pytorch_model.safetensors",
    "text_encoder": "text_encoder/model.safetensors",
    "text_encoder_2": "text_encoder_2/model.safetensors",
}
Weights = dict[str, torch.Tensor]


def write_kohya_lora(base: Path, path: Path, rank: int = 8, seed: int = 0, strength: float = 0.5) -> Path:
    """A LoRA of UNet and both text encoders as sd-scripts writes it for SDXL, alpha half the rank."""
    tensors: Weights = {}
    sgm = sgm_names(module for module, _ in _modules(base, "unet"))
    for component, module, down, up in _pairs(base, rank, seed, strength):
        flat = sgm[module] if component == "unet" else flat_name(component, module)
        tensors |= {f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up}
        tensors[f"{flat}.alpha"] = torch.tensor(rank / 2)
    metadata = {
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(rank / 2),
        "ss_base_model_version": "sdxl_base_v1-0",
        "ss_output_name": path.stem,
        "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
        "modelspec.title": path.stem,
    }
    save_file(tensors, path, metadata=metadata)
    return path


def write_peft_lora(base: Path, path: Path, rank: int = 8, seed: int = 0, strength: float = 0.5) -> Path:
    """The same kind of LoRA as diffusers' save_lora_weights writes it, alpha half the rank, in its metadata."""
    tensors: Weights = {}
    for component, module, down, up in _pairs(base, rank, seed, strength):
        tensors |= {f"{component}.{module}.lora_A.weight": down, f"{component}.{module}.lora_B.weight": up}
    settings = {
        f"{component}.{name}": value
        for component in FILES
        for name, value in {
            "r": rank,
            "lora_alpha": rank / 2,
            "target_modules": sorted({module for module, _ in _targets(base, component)}),
        }.items()
    }
    save_file(tensors, path, metadata={"format": "pt", "lora_adapter_metadata": json.dumps(settings, sort_keys=True)})
    return path


def write_finetuned_unet(base: Path, path: Path, seed: int = 0, strength: float = 0.3) -> Path:
    """The base's whole UNet, each weight moved by `strength` of its own spread."""
    generator = torch.Generator().manual_seed(seed)
    tensors: Weights = {}
    with safe_open(base / FILES["unet"], "pt") as file:
        for name in sorted(file.keys()):
            weight = file.get_tensor(name)
            spread = weight.std() if weight.ndim > 1 else torch.tensor(0.0)
            tensors[name] = weight + strength * spread * torch.randn(weight.shape, generator=generator)
    save_file(tensors, path, metadata={"format": "pt"})
    return path


def _pairs(base: Path, rank: int, seed: int, strength: float) -> Iterator[tuple[str, str, torch.Tensor, torch.Tensor]]:
    """component, module, down [rank, in], up [out, rank]; the product's spread is about `strength` times W's."""
    generator = torch.Generator().manual_seed(seed)
    for component in FILES:
        for module, (out, width) in _targets(base, component):
            down = torch.randn(rank, width, generator=generator) / width**0.5
            up = torch.randn(out, rank, generator=generator) * strength / rank**0.5
            yield component, module, down, up


def _targets(base: Path, component: str) -> Iterator[tuple[str, tuple[int, int]]]:
    endings = ATTENTION if component == "unet" else TEXT
    for module, shape in _modules(base, component):
        if len(shape) == 2 and module.endswith(endings):
            yield module, (shape[0], shape[1])


def _modules(base: Path, component: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    with safe_open(base / FILES[component], "pt") as file:
        for name in sorted(file.keys()):
            if name.endswith(".weight"):
                yield name.removesuffix(".weight"), tuple(file.get_slice(name).get_shape())
