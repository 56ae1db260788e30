"""A LoRA on the base's UNet: added with peft, saved under diffusers' and under kohya's names."""

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor, nn

TARGETS = ("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2")
ADAPTER = "trained"


def add_lora(unet: UNet2DConditionModel, rank: int) -> list[nn.Parameter]:
    """Freeze the UNet and give it a LoRA that changes nothing yet; returns the LoRA's parameters."""
    torch.manual_seed(0)
    unet.requires_grad_(False)
    unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=list(TARGETS)), adapter_name=ADAPTER)
    return [parameter for parameter in unet.parameters() if parameter.requires_grad]


def take_lora(unet: UNet2DConditionModel) -> dict[str, Tensor]:
    """Remove the LoRA and return its tensors under diffusers' names."""
    state = get_peft_model_state_dict(unet, adapter_name=ADAPTER)
    tensors = {f"unet.{name}": value.detach().clone() for name, value in state.items()}
    unet.delete_adapters(ADAPTER)
    return tensors


def save_lora(tensors: dict[str, Tensor], folder: Path, name: str) -> None:
    """Write `<name>.safetensors` in diffusers' naming and `<name>-kohya.safetensors`, both float16."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {key: value.to(torch.float16).contiguous() for key, value in tensors.items()}
    save_file(half, folder / f"{name}.safetensors", {"format": "pt"})
    metadata = {
        "ss_base_model_version": "sdxl_base_v1-0",
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rank_of(half)),
    }
    save_file(kohya_named(half), folder / f"{name}-kohya.safetensors", metadata)


def kohya_named(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors as kohya's scripts name them when they train with diffusers' block names."""
    alpha = torch.tensor(float(rank_of(tensors)), dtype=torch.float16)
    renamed = {}
    for name, value in tensors.items():
        module, side = name.removeprefix("unet.").rsplit(".lora_", 1)
        flat = "lora_unet_" + module.replace(".", "_")
        renamed[f"{flat}.lora_{'down' if side == 'A.weight' else 'up'}.weight"] = value
        renamed[f"{flat}.alpha"] = alpha.clone()
    return renamed


def rank_of(tensors: dict[str, Tensor]) -> int:
    return next(len(value) for name, value in tensors.items() if name.endswith("lora_A.weight"))
