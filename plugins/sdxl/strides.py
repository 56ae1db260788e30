"""How parameters lie in memory that take another's place: as that one does, since compiled code knows the strides it was made for."""

import torch


def empty_beside(own: torch.Tensor) -> torch.Tensor:
    """As large as `own`, with its strides, on its device."""
    return torch.empty_strided(own.shape, own.stride(), dtype=own.dtype, device=own.device)


def bytes_kept(tensor: torch.Tensor) -> int:
    """In this machine's memory: torch pins powers of two."""
    return 1 << (tensor.nbytes - 1).bit_length() if tensor.nbytes and tensor.is_pinned() else tensor.nbytes


def hosted_as(own: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """`tensor` with the strides and type of `own` in this machine's memory, from where CUDA fetches by itself (pinned).

    Not copied where it lies there like that already and the device can read it.
    """
    pinned = own.is_cuda
    if not pinned and (tensor.stride(), tensor.dtype, tensor.device) == (own.stride(), own.dtype, own.device):
        return tensor
    host = torch.empty_strided(own.shape, own.stride(), dtype=own.dtype, device="cpu", pin_memory=pinned)
    return host.copy_(tensor)
