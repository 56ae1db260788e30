"""The finite check, however the bytes are cut into chunks."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.tensor_file import parse_header
from marketplace.uploads.contents import FiniteCheck
from marketplace.uploads.errors import FileRefused
from tests.factories.tensor_files import tensor_file

DTYPES = [np.float32, np.float16, ml_dtypes.bfloat16]


def check(content: bytes, chunk: int) -> None:
    header = parse_header(content, len(content))
    body = content[header.data_offset :]
    finite = FiniteCheck(header)
    for start in range(0, len(body), chunk):
        finite.feed(body[start : start + chunk])


@given(
    st.lists(st.sampled_from(DTYPES), min_size=1, max_size=4),
    st.integers(1, 64),
    st.sampled_from([float("nan"), float("inf"), float("-inf"), None]),
    st.data(),
)
def test_a_number_that_is_not_finite_is_found_wherever_it_lies(
    dtypes: list[type], chunk: int, bad: float | None, data: st.DataObject
) -> None:
    tensors: dict[str, Any] = {
        f"t{i}": np.ones(data.draw(st.integers(1, 9))).astype(dtype) for i, dtype in enumerate(dtypes)
    }
    if bad is None:
        check(tensor_file(tensors), chunk)
        return
    name = data.draw(st.sampled_from(sorted(tensors)))
    tensors[name][data.draw(st.integers(0, tensors[name].size - 1))] = bad
    with pytest.raises(FileRefused, match=f"“{name}”") as refused:
        check(tensor_file(tensors), chunk)
    assert refused.value.code == "not_finite"


def test_the_largest_numbers_of_each_type_are_finite() -> None:
    check(tensor_file({f"t{i}": np.array([ml_dtypes.finfo(t).max], t) for i, t in enumerate(DTYPES)}), 3)
