"""The schedulers by the names their users know, and what may be said of each: `dpmpp_2m/karras/trailing`.

Without diffusers, so that the site can offer and check them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

BETAS = ("linear", "scaled", "cosine")
SPACINGS = ("linspace", "leading", "trailing")
KARRAS = ("karras",)


@dataclass(frozen=True)
class Sampler:
    """`maker` is diffusers' class, `settings` what makes it the one of this name."""

    maker: str
    settings: Mapping[str, object] = field(default_factory=dict)
    options: tuple[tuple[str, ...], ...] = (BETAS, SPACINGS)


KARRAS_TOO = (BETAS, SPACINGS, KARRAS)
SAMPLERS = {
    "euler": Sampler("EulerDiscreteScheduler", options=KARRAS_TOO),
    "euler_a": Sampler("EulerAncestralDiscreteScheduler"),
    "ddim": Sampler("DDIMScheduler"),
    "dpmpp_2m": Sampler("DPMSolverMultistepScheduler", options=KARRAS_TOO),
    # For few-step adapters: 1 to 8 steps without guidance. It has timesteps of its own, so no spacing.
    "lcm": Sampler("LCMScheduler", options=(BETAS,)),
    "dpmpp_2m_sde": Sampler("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}, KARRAS_TOO),
    "heun": Sampler("HeunDiscreteScheduler", options=KARRAS_TOO),
    "dpm2": Sampler("KDPM2DiscreteScheduler", options=KARRAS_TOO),
    "dpm2_a": Sampler("KDPM2AncestralDiscreteScheduler", options=KARRAS_TOO),
    "unipc": Sampler("UniPCMultistepScheduler", options=KARRAS_TOO),
    "deis": Sampler("DEISMultistepScheduler", options=KARRAS_TOO),
    "ddpm": Sampler("DDPMScheduler"),
    # PLMS: the Runge-Kutta steps that would begin it are left out, as everywhere.
    "pndm": Sampler("PNDMScheduler", {"skip_prk_steps": True}),
}
# What a menu shows: each by its plain name, and Karras' sigmas where users know them as a scheduler of their own.
OFFERED = (*SAMPLERS, "dpmpp_2m/karras", "dpmpp_2m_sde/karras")
OPTIONS = {name: sampler.options for name, sampler in SAMPLERS.items()}
