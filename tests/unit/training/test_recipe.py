"""The recipe's machinery on the smallest of problems: what it learns is not the point here."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional

from training.base import Noise, new_unet
from training.captions import words
from training.concepts import Concept
from training.loop import Stage, train
from training.lora import save_lora
from training.text import new_text_encoders
from training.tokenizer import CONTEXT, train_tokenizer

pytestmark = pytest.mark.torch

WORDS = [
    *words(Concept("1f990", "shrimp", "エビ", "animal-marine")),
    *words(Concept("1f98a", "fox", "キツネ", "animal-mammal")),
]


STEPS = 40


class CutOffError(Exception):
    pass


def cut_off_after_ten(step: int) -> None:
    if step == 10:
        raise CutOffError


def straight_line(folder: Path, preview: Callable[[int], None] = lambda step: None) -> tuple[list[float], list[float]]:
    """Fit y = 2x by the training loop; returns the live and the averaged weight, bias last."""
    torch.manual_seed(0)
    model = nn.Linear(1, 1)

    def loss_of(generator: torch.Generator) -> Tensor:
        x = torch.randn(8, 1, generator=generator)
        return functional.mse_loss(model(x), 2 * x)

    averaged = train(Stage("line", STEPS, 0.1, warm_up=1), list(model.parameters()), loss_of, folder, preview, 0.9)
    live = [parameter.item() for parameter in model.parameters()]
    return live, [kept.item() for kept in averaged.kept]


def test_a_run_that_was_cut_off_ends_where_an_unbroken_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = straight_line(tmp_path / "unbroken")
    # Cut off after the tenth step, at a checkpoint.
    monkeypatch.setattr("training.loop.SAVE_SECONDS", 0)
    broken = tmp_path / "broken"
    with pytest.raises(CutOffError):
        straight_line(broken, cut_off_after_ten)
    assert straight_line(broken) == unbroken
    assert (broken / "line-loss.png").stat().st_size > 0


def test_the_vocabulary_composes_what_it_never_saw_together() -> None:
    tokenizer = train_tokenizer(WORDS)

    def tokens(text: str) -> list[str]:
        return list(tokenizer.convert_ids_to_tokens(tokenizer(text).input_ids))[1:-1]

    assert tokens("a fox on a pink background") == ["a</w>", "fox</w>", "on</w>", "a</w>", "pink</w>", "background</w>"]
    assert (
        tokenizer.decode(tokenizer("ピンクの背景のキツネ").input_ids, skip_special_tokens=True).strip()
        == "ピンクの背景のキツネ"
    )
    assert tokenizer("🦊 ☃").input_ids.count(tokenizer.unk_token_id) <= 1  # only the end of the text


def test_the_last_step_is_pure_noise_and_the_target_then_is_the_picture() -> None:
    clean, noise = torch.ones(1, 1, 2, 2), torch.full((1, 1, 2, 2), 3.0)
    noisy, target = Noise().mix(clean, noise, torch.tensor([999]))
    assert noisy == pytest.approx(noise, abs=1e-2)
    assert target == pytest.approx(-clean, abs=1e-2)


def test_the_unet_and_the_text_encoders_fit_each_other() -> None:
    text = new_text_encoders(train_tokenizer(WORDS))
    hidden, pooled = text.encode(torch.zeros(1, CONTEXT, dtype=torch.long))
    unet = new_unet()
    assert hidden.shape == (1, CONTEXT, unet.config.cross_attention_dim)
    assert pooled.shape == (1, text.second.config.projection_dim)
    assert sum(parameter.numel() for parameter in unet.parameters()) * 2 < 28 * 2**20


def test_a_style_is_saved_in_both_namings(tmp_path: Path) -> None:
    unet = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    text = "encoder.layers.0.self_attn.q_proj"
    tensors = {
        f"{module}.lora_{side}.weight": torch.ones(shape)
        for module, rank in ((f"unet.{unet}", 8), (f"text_encoder.{text}", 2))
        for side, shape in (("A", (rank, 4)), ("B", (4, rank)))
    }
    save_lora(tensors, tmp_path, "flat")
    flat_unet = "lora_unet_" + unet.replace(".", "_")
    flat_text = "lora_te1_text_model_" + text.replace(".", "_")
    with safe_open(tmp_path / "flat-kohya.safetensors", "pt") as kohya:
        assert {key: list(kohya.get_tensor(key).shape) for key in sorted(kohya.keys())} == {
            f"{flat_text}.alpha": [],
            f"{flat_text}.lora_down.weight": [2, 4],
            f"{flat_text}.lora_up.weight": [4, 2],
            f"{flat_unet}.alpha": [],
            f"{flat_unet}.lora_down.weight": [8, 4],
            f"{flat_unet}.lora_up.weight": [4, 8],
        }
        assert [kohya.get_tensor(f"{flat}.alpha").item() for flat in (flat_text, flat_unet)] == [2, 8]
    with safe_open(tmp_path / "flat.safetensors", "pt") as diffusers:
        told = json.loads(diffusers.metadata()["lora_adapter_metadata"])
        assert sorted(diffusers.keys()) == sorted(tensors)
    alphas = {name: told[f"{name}.lora_alpha"] for name in ("unet", "text_encoder")}
    assert alphas == {"unet": 8, "text_encoder": 2}, "Of several ranks, nobody can tell alpha from the tensors."
