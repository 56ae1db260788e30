"""The schedulers a job may name, each built from the base's own scheduler configuration."""

from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
)

SCHEDULERS = {
    "euler": EulerDiscreteScheduler,
    "euler_a": EulerAncestralDiscreteScheduler,
    "ddim": DDIMScheduler,
    "dpmpp_2m": DPMSolverMultistepScheduler,
    # For few-step adapters: 1 to 8 steps without guidance.
    "lcm": LCMScheduler,
}
LCM_STEPS = 50


def new_scheduler(name: str, base_config: Any, steps: int, device: torch.device) -> Any:
    """A scheduler at its first of `steps`, with a state of its own: runs side by side must not share one."""
    scheduler = SCHEDULERS[name].from_config(base_config)
    # LCM picks its steps out of 50 that it knows; a finer row is needed for more, and this one begins at pure noise too.
    finer = {"original_inference_steps": 2 * LCM_STEPS} if name == "lcm" and steps > LCM_STEPS else {}
    scheduler.set_timesteps(steps, device=device, **finer)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    return scheduler
