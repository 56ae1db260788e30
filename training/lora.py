"""LoRAs on the base's parts: added with peft, saved under diffusers' and under kohya's names."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor, nn

UNET_TARGETS = (
    "to_q",
    "to_k",
    "to_v",
    "to_out.0",
    "proj_in",
    "proj_out",
    "ff.net.0.proj",
    "ff.net.2",
    "conv1",
    "conv2",
)
TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
KOHYA = {"unet": "lora_unet_", "text_encoder": "lora_te1_", "text_encoder_2": "lora_te2_"}
ADAPTER = "trained"


def add_lora(model: Any, rank: int, targets: Sequence[str] = UNET_TARGETS) -> list[nn.Parameter]:
    """Freeze a model and give it a LoRA that changes nothing yet; returns the LoRA's parameters."""
    torch.manual_seed(0)
    model.requires_grad_(False)
    model.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=list(targets)), adapter_name=ADAPTER)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def lora_of(model: Any, component: str) -> dict[str, Tensor]:
    """The LoRA's tensors under diffusers' names."""
    state = get_peft_model_state_dict(model, adapter_name=ADAPTER)
    return {f"{component}.{name}": value.detach().clone() for name, value in state.items()}


def save_lora(tensors: dict[str, Tensor], folder: Path, name: str) -> None:
    """Write `<name>.safetensors` in diffusers' naming and `<name>-kohya.safetensors`, both float16."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {key: value.to(torch.float16).contiguous() for key, value in tensors.items()}
    save_file(half, folder / f"{name}.safetensors", {"format": "pt", "lora_adapter_metadata": _adapter_metadata(half)})
    metadata = {
        "ss_base_model_version": "sdxl_base_v1-0",
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(max(rank_of(half, key) for key in half)),
    }
    save_file(kohya_named(half), folder / f"{name}-kohya.safetensors", metadata)


def _adapter_metadata(tensors: dict[str, Tensor]) -> str:
    """What diffusers' save_lora_weights writes beside the tensors; without it the alpha of several ranks is anyone's guess."""
    settings: dict[str, Any] = {}
    for name in tensors:
        component, rank = name.split(".", 1)[0], rank_of(tensors, name)
        targets = UNET_TARGETS if component == "unet" else TEXT_TARGETS
        own = {"r": rank, "lora_alpha": rank, "target_modules": list(targets)}
        settings |= {f"{component}.{key}": value for key, value in own.items()}
    return json.dumps(settings, sort_keys=True)


def kohya_named(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors as kohya's scripts name them when they train with diffusers' block names."""
    renamed = {}
    for name, value in tensors.items():
        component, rest = name.split(".", 1)
        module, side = rest.rsplit(".lora_", 1)
        # transformers 5 dropped `text_model.` from one encoder's own paths; in files every encoder has it.
        path = module if component == "unet" or module.startswith("text_") else f"text_model.{module}"
        flat = KOHYA[component] + path.replace(".", "_")
        renamed[f"{flat}.lora_{'down' if side == 'A.weight' else 'up'}.weight"] = value
        renamed[f"{flat}.alpha"] = torch.tensor(float(rank_of(tensors, name)), dtype=torch.float16)
    return renamed


def rank_of(tensors: dict[str, Tensor], name: str) -> int:
    return len(tensors[name.rsplit(".lora_", 1)[0] + ".lora_A.weight"])
