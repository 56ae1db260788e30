"""Real safetensors files as bytes, honest and hostile, built without the safetensors library."""

import json
from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

DTYPE_NAMES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64", "int64": "I64"}
MODULE = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q"


def file_of(header: object, data: bytes = b"") -> bytes:
    """A file with this header; bytes stand as they are, anything else is written as JSON."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + data


def tensor_file(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> bytes:
    """An honest file with these tensors, packed in the order given."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    data = b""
    for name, tensor in tensors.items():
        content = tensor.tobytes()
        header[name] = {
            "dtype": DTYPE_NAMES[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    return file_of(header, data)


def lora_file(
    *, rank: int = 4, width: int = 32, dtype: Any = ml_dtypes.bfloat16, metadata: Mapping[str, str] | None = None
) -> bytes:
    """A LoRA for one module in kohya's naming, with its alpha."""
    values = np.random.default_rng(7).normal(size=(rank, width))
    return tensor_file(
        {
            f"{MODULE}.lora_down.weight": values.astype(dtype),
            f"{MODULE}.lora_up.weight": values.T.copy().astype(dtype),
            f"{MODULE}.alpha": np.array(rank, dtype=np.float16),
        },
        metadata,
    )
