"""Parameters that take another's place lie in memory as that one does: compiled code knows the strides it was made for."""

import torch


def empty_beside(own: torch.Tensor) -> torch.Tensor:
    """As large as `own`, with its strides."""
    return torch.empty_strided(own.shape, own.stride(), dtype=own.dtype, device=own.device)


def laid_out_as(own: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """`tensor` with the strides, type and device of `own`; not copied where it has these already."""
    if (tensor.stride(), tensor.dtype, tensor.device) == (own.stride(), own.dtype, own.device):
        return tensor
    return empty_beside(own).copy_(tensor)
