"""One training loop for every stage: seeded, resumable, with an ETA and a loss curve.

Under torchrun every process takes a batch of its own and all learn from the average; see `training.parallel`.
"""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from rich.console import Console
from torch import Tensor, nn

from training import parallel

SAVE_SECONDS = 600
console = Console()


@dataclass(frozen=True)
class Stage:
    """What to train and for how long; `name` also names its checkpoint and its curve."""

    name: str
    steps: int
    learning_rate: float
    warm_up: int = 100
    weight_decay: float = 0.0
    seed: int = 0


class Averaged:
    """An exponential average of the weights, which samples better than the last ones."""

    def __init__(self, parameters: Iterable[nn.Parameter], decay: float) -> None:
        self.decay = decay
        self.live = list(parameters)
        self.kept = [parameter.detach().clone() for parameter in self.live]

    @torch.no_grad()
    def update(self, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.kept, [parameter.detach() for parameter in self.live], 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange live and averaged weights; call it again to go back."""
        for live, kept in zip(self.live, self.kept, strict=True):
            live.data, kept.data = kept.data, live.data


def train(
    stage: Stage,
    parameters: list[nn.Parameter],
    loss_of: Callable[[torch.Generator], Tensor],
    folder: Path,
    preview: Callable[[int], None] = lambda step: None,  # noqa: ARG005 - most stages are short
    averaging: float = 0.999,
) -> Averaged:
    """Run a stage to its end, from its checkpoint where there is one. Returns the averaged weights."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, losses_file = folder / f"{stage.name}.pt", folder / f"{stage.name}-loss.json"
    optimiser = torch.optim.AdamW(
        parameters, lr=stage.learning_rate, betas=(0.9, 0.99), weight_decay=stage.weight_decay, fused=True
    )
    averaged, first, losses = Averaged(parameters, averaging), 0, []
    if checkpoint.exists():
        first = _restore(checkpoint, parameters, averaged, optimiser)
        losses = json.loads(losses_file.read_text())
    saved = started = time.monotonic()
    for step in range(first, stage.steps):
        for group in optimiser.param_groups:
            group["lr"] = _learning_rate(stage, step)
        # A generator per step makes a resumed run draw what an unbroken one would.
        loss = loss_of(torch.Generator().manual_seed(parallel.seed(stage.seed * 10_000_019 + step)))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        parallel.average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        averaged.update(step)
        losses.append(round(loss.item(), 5))
        if parallel.agreed(time.monotonic() - saved > SAVE_SECONDS) or step + 1 == stage.steps:
            saved = time.monotonic()
            if parallel.is_first():
                _save(checkpoint, step + 1, parameters, averaged, optimiser)
                losses_file.write_text(json.dumps(losses))
                draw_curve(losses, folder / f"{stage.name}-loss.png")
                _say(stage, step + 1, first, started, losses)
            averaged.swap()
            preview(step + 1)
            averaged.swap()
    return averaged


def draw_curve(losses: list[float], path: Path) -> None:
    """A loss curve on a log scale, averaged over spans of steps: PNG, 640 x 240."""
    import math

    span = max(1, len(losses) // 300)
    means = [sum(losses[i : i + span]) / len(losses[i : i + span]) for i in range(0, len(losses), span)]
    logs = [math.log10(max(mean, 1e-6)) for mean in means]
    low, high = min(logs), max(logs) + 1e-6
    image = Image.new("RGB", (640, 240), "white")
    draw = ImageDraw.Draw(image)
    points = [
        (40 + 590 * i / max(1, len(logs) - 1), 220 - 200 * (value - low) / (high - low)) for i, value in enumerate(logs)
    ]
    draw.line([*points, points[-1]], fill="#c23b22", width=2)
    draw.text((4, 12), f"{10**high:.3f}", fill="black")
    draw.text((4, 212), f"{10**low:.3f}", fill="black")
    draw.text((500, 224), f"{len(losses)} steps", fill="black")
    image.save(path)


def _learning_rate(stage: Stage, step: int) -> float:
    """Linear warm-up, then a cosine down to a fiftieth."""
    warm = min(1.0, (step + 1) / stage.warm_up)
    cosine = 0.5 * (1 + torch.cos(torch.tensor(torch.pi * step / stage.steps)).item())
    return stage.learning_rate * warm * (0.02 + 0.98 * cosine)


def _save(
    path: Path, step: int, parameters: list[nn.Parameter], averaged: Averaged, optimiser: torch.optim.Optimizer
) -> None:
    state = {
        "step": step,
        "parameters": [parameter.detach() for parameter in parameters],
        "averaged": averaged.kept,
        "optimiser": optimiser.state_dict(),
    }
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


@torch.no_grad()
def _restore(path: Path, parameters: list[nn.Parameter], averaged: Averaged, optimiser: torch.optim.Optimizer) -> int:
    # weights_only keeps this from running anything that a foreign file might hold.
    state = torch.load(path, weights_only=True)
    for parameter, value in zip(parameters, state["parameters"], strict=True):
        parameter.copy_(value)
    averaged.kept = list(state["averaged"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])


def _say(stage: Stage, step: int, first: int, started: float, losses: list[float]) -> None:
    per_step = (time.monotonic() - started) / max(1, step - first)
    left = per_step * (stage.steps - step) / 60
    recent = sum(losses[-50:]) / len(losses[-50:])
    console.print(
        f"{stage.name}: step {step}/{stage.steps}, loss {recent:.4f}, {per_step:.2f} s a step, {left:.0f} min left"
    )
