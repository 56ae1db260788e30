"""What an error says about the device: torch says it by class, by CUDA's number, or in words of the libraries beneath."""

import pytest
import torch

from hub.plugin_api import Trouble, trouble

pytestmark = pytest.mark.torch


def answered(code: int | None, words: str) -> Exception:
    """As torch raises what CUDA answers a call."""
    error = torch.AcceleratorError(f"CUDA error: {words}")
    if code is not None:
        error.error_code = code  # type: ignore[attr-defined] # torch has no types for it
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        answered(2, "out of memory"),
    ],
)
def test_memory_is_full(error: Exception) -> None:
    assert trouble(error) is Trouble.OUT_OF_MEMORY


@pytest.mark.parametrize(
    "error",
    [
        answered(46, "CUDA-capable device(s) is/are busy or unavailable"),
        answered(214, "uncorrectable ECC error encountered"),
        answered(700, "an illegal memory access was encountered"),
        answered(702, "the launch timed out and was terminated"),
        answered(710, "device-side assert triggered"),
        answered(719, "unspecified launch failure"),
        answered(999, "unknown error"),
        answered(None, "of which nobody knows the number"),
    ],
)
def test_the_device_is_lost(error: Exception) -> None:
    assert trouble(error) is Trouble.DEVICE_LOST


@pytest.mark.parametrize(
    "error",
    [
        answered(1, "invalid argument"),
        answered(209, "no kernel image is available for execution on the device"),
        answered(701, "too many resources requested for launch"),
        answered(801, "operation not supported"),
        answered(900, "operation not permitted when stream is capturing"),
        answered(901, "operation failed due to a previous error during capture"),
        RuntimeError("shapes differ"),
    ],
)
def test_the_device_goes_on(error: Exception) -> None:
    assert trouble(error) is Trouble.OTHER
