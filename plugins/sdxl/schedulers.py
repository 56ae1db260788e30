"""The schedulers a job may name, each built from the base's own scheduler configuration."""

from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
)

SCHEDULERS = {
    "euler": EulerDiscreteScheduler,
    "euler_a": EulerAncestralDiscreteScheduler,
    "ddim": DDIMScheduler,
    "dpmpp_2m": DPMSolverMultistepScheduler,
}


def new_scheduler(name: str, base_config: Any, steps: int, device: torch.device) -> Any:
    """A scheduler at its first of `steps`, with a state of its own: runs side by side must not share one."""
    scheduler = SCHEDULERS[name].from_config(base_config)
    scheduler.set_timesteps(steps, device=device)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    return scheduler
