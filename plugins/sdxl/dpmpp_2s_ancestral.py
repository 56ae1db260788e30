"""DPM++ 2S a: the DPM-Solver++ of second order in single steps, with ancestral noise, which is not among diffusers' classes."""

from typing import Any

import diffusers
import torch
from diffusers.schedulers.scheduling_k_dpm_2_ancestral_discrete import KDPM2AncestralDiscreteSchedulerOutput


class DPMPP2SAncestralScheduler(diffusers.KDPM2AncestralDiscreteScheduler):
    """Visits the same noise levels as DPM2 a: for each step from `sigma` to `down` also `middle`, their geometric mean.

    Algorithm 1 of Lu et al., DPM-Solver++ (https://arxiv.org/abs/2211.01095), with s half-way in log(1 / sigma), where

        x_down = down / sigma * x + (1 - down / sigma) * denoised_middle

    from the sample x at `sigma`, and the noise of DPM2 a after it. The half-step to `middle` is the one of DPM2 a.
    """

    def step(
        self,
        model_output: torch.Tensor,
        timestep: torch.Tensor,
        sample: torch.Tensor,
        generator: torch.Generator | None = None,
        return_dict: bool = True,
    ) -> Any:
        """Latents after this half-step and the picture that the model sees, as diffusers' output or as a tuple of the two."""
        began, second = self.sample, not self.state_in_first_order
        after, denoised = super().step(model_output, timestep, sample, generator, return_dict=False)
        if second:
            after = after + self._instead_of_dpm2(began, sample, denoised)
        if not return_dict:
            return after, denoised
        return KDPM2AncestralDiscreteSchedulerOutput(prev_sample=after, pred_original_sample=denoised)

    def _instead_of_dpm2(self, began: torch.Tensor, sample: torch.Tensor, denoised: torch.Tensor) -> torch.Tensor:
        """What the two differ by: DPM2 follows the slope at the middle, this the line from the beginning to `denoised`."""
        index = self.step_index - 2  # of the first half; both are over
        sigma, middle, down = (each[index] for each in (self.sigmas, self.sigmas_interpol, self.sigmas_down))
        instead: torch.Tensor = ((began - denoised) / sigma - (sample - denoised) / middle) * (down - sigma)
        return instead
