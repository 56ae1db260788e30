"""Stage 3: one LoRA per look, trained with peft on the frozen base, saved in diffusers' and in kohya's naming."""

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from training.base import BATCH, EMPTY_CAPTIONS, TIME_IDS, Noise, TextEncoders, TrainingSet
from training.loop import Stage, train

RANK = 8
TARGETS = ("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2")


def train_style(
    unet: UNet2DConditionModel, text: TextEncoders, data: TrainingSet, look: str, folder: Path, steps: int
) -> dict[str, Tensor]:
    """Train a LoRA that turns the base's look into `look`. Returns its tensors under diffusers' names."""
    torch.manual_seed(0)
    unet.requires_grad_(False)
    unet.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=list(TARGETS)), adapter_name="style")
    noise, hidden, pooled = Noise(), *_encoded(text, data.captions)
    trainable = [parameter for parameter in unet.parameters() if parameter.requires_grad]

    def loss_of(generator: torch.Generator) -> Tensor:
        rows = torch.randint(0, len(data.latents), (BATCH,), generator=generator)
        chosen = torch.randint(0, data.captions.shape[1], (BATCH,), generator=generator)
        named = (torch.rand(BATCH, generator=generator) >= EMPTY_CAPTIONS).float()
        timestep = torch.randint(0, 1000, (BATCH,), generator=generator)
        clean = data.latents[rows]
        noisy, target = noise.mix(clean, torch.randn(clean.shape, generator=generator), timestep)
        added = {"text_embeds": pooled[rows, chosen] * named.view(-1, 1), "time_ids": TIME_IDS.expand(BATCH, -1)}
        told = hidden[rows, chosen] * named.view(-1, 1, 1)
        return functional.mse_loss(unet(noisy, timestep, told, added_cond_kwargs=added).sample, target)

    stage = Stage(f"style-{look}", steps, 2e-3, warm_up=50)
    train(stage, trainable, loss_of, folder, preview=_no_preview, averaging=0.99).swap()
    tensors = {
        f"unet.{name}": value.clone() for name, value in get_peft_model_state_dict(unet, adapter_name="style").items()
    }
    unet.delete_adapters("style")
    return tensors


def _no_preview(_step: int) -> None:
    """A style is short: its sheet is drawn at the end."""


@torch.no_grad()
def _encoded(text: TextEncoders, captions: Tensor) -> tuple[Tensor, Tensor]:
    """Every caption's embeddings, once: the text encoders no longer change."""
    flat = captions.flatten(0, 1)
    parts = [text.encode(chunk) for chunk in flat.split(256)]
    hidden = torch.cat([part[0] for part in parts]).to(torch.float16)
    pooled = torch.cat([part[1] for part in parts])
    return hidden.unflatten(0, captions.shape[:2]), pooled.unflatten(0, captions.shape[:2])


def save_style(tensors: dict[str, Tensor], folder: Path, look: str) -> None:
    """Write `<look>.safetensors` in diffusers' naming and `<look>-kohya.safetensors`, both float16."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {name: value.to(torch.float16).contiguous() for name, value in tensors.items()}
    save_file(half, folder / f"{look}.safetensors", {"format": "pt"})
    metadata = {
        "ss_base_model_version": "sdxl_base_v1-0",
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(RANK),
    }
    save_file(kohya_named(half), folder / f"{look}-kohya.safetensors", metadata)


def kohya_named(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors as kohya's scripts name them when they train with diffusers' block names."""
    renamed = {}
    for name, value in tensors.items():
        module, side = name.removeprefix("unet.").rsplit(".lora_", 1)
        flat = "lora_unet_" + module.replace(".", "_")
        renamed[f"{flat}.lora_{'down' if side == 'A.weight' else 'up'}.weight"] = value
        renamed[f"{flat}.alpha"] = torch.tensor(float(RANK), dtype=torch.float16)
    return renamed
