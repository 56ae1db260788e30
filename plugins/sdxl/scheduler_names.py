"""The schedulers by the names their users know, and what may be said of each: `dpmpp_2m/karras/trailing`.

Without diffusers, so that the site can offer and check them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

BETAS = ("linear", "scaled", "cosine")
SPACINGS = ("linspace", "leading", "trailing")
SIGMAS = ("karras", "exponential")


@dataclass(frozen=True)
class Sampler:
    """`maker` is diffusers' class or our own, `settings` what makes it the one of this name."""

    maker: str
    settings: Mapping[str, object] = field(default_factory=dict)
    options: tuple[tuple[str, ...], ...] = (BETAS, SPACINGS)


SIGMAS_TOO = (BETAS, SPACINGS, SIGMAS)
SDE = {"algorithm_type": "sde-dpmsolver++"}
SAMPLERS = {
    "euler": Sampler("EulerDiscreteScheduler", options=SIGMAS_TOO),
    "euler_a": Sampler("EulerAncestralDiscreteScheduler"),
    "ddim": Sampler("DDIMScheduler"),
    "dpmpp_2m": Sampler("DPMSolverMultistepScheduler", options=SIGMAS_TOO),
    # For LCM's adapters: 1 to 8 steps without guidance. It has timesteps of its own, so no spacing.
    "lcm": Sampler("LCMScheduler", options=(BETAS,)),
    "dpmpp_2m_sde": Sampler("DPMSolverMultistepScheduler", SDE, SIGMAS_TOO),
    "dpmpp_3m_sde": Sampler("DPMSolverMultistepScheduler", {**SDE, "solver_order": 3}, SIGMAS_TOO),
    "dpmpp_sde": Sampler("DPMSolverSDEScheduler", options=SIGMAS_TOO),
    # This one has no spacings.
    "dpmpp_2s": Sampler("DPMSolverSinglestepScheduler", options=(BETAS, SIGMAS)),
    "dpmpp_2s_a": Sampler("DPMPP2SAncestralScheduler", options=SIGMAS_TOO),
    "heun": Sampler("HeunDiscreteScheduler", options=SIGMAS_TOO),
    "dpm2": Sampler("KDPM2DiscreteScheduler", options=SIGMAS_TOO),
    "dpm2_a": Sampler("KDPM2AncestralDiscreteScheduler", options=SIGMAS_TOO),
    "lms": Sampler("LMSDiscreteScheduler", options=SIGMAS_TOO),
    "unipc": Sampler("UniPCMultistepScheduler", options=SIGMAS_TOO),
    "deis": Sampler("DEISMultistepScheduler", options=SIGMAS_TOO),
    "ddpm": Sampler("DDPMScheduler"),
    # PLMS: the Runge-Kutta steps that would begin it are left out, as everywhere.
    "pndm": Sampler("PNDMScheduler", {"skip_prk_steps": True}),
}
# What a menu shows: each by its plain name, and with options where users know that as a scheduler of its own.
OFFERED = (
    *SAMPLERS,
    "euler/trailing",
    "dpmpp_2m/karras",
    "dpmpp_2s_a/karras",
    "dpmpp_2m_sde/karras",
    "dpmpp_3m_sde/karras",
    "dpmpp_3m_sde/exponential",
    "dpmpp_sde/karras",
    "lms/karras",
)
OPTIONS = {name: sampler.options for name, sampler in SAMPLERS.items()}
