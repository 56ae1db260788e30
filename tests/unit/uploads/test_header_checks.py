"""What a header alone decides."""

from collections.abc import Mapping

import numpy as np
import pytest

from hub.plugin_api import Component, Plugin
from hub.registry import Registry
from hub.tensor_file import FileHeader, parse_header
from marketplace.uploads.contents import FiniteCheck
from marketplace.uploads.errors import FileRefused
from marketplace.uploads.header_checks import check_header, recognised_format
from marketplace.uploads.limits import MAX_LORA_BYTES
from tests.factories.tensor_files import MODULE, file_of, lora_file, tensor_file

HERE = "tests.unit.uploads.test_header_checks"


class Always:
    def __init__(self, config: object) -> None: ...

    def recognise(self, header: FileHeader) -> bool:
        return True


class Never(Always):
    def recognise(self, header: FileHeader) -> bool:
        return False


class Crashes(Always):
    def recognise(self, header: FileHeader) -> bool:
        raise KeyError("boom")


def registry(**formats: str) -> Registry:
    made = Registry()
    components = [Component("adapter_format", name, f"{HERE}:{target}") for name, target in formats.items()]
    made.add(Plugin(name="formats", summary="", components=components), {})
    return made


def header_of(content: bytes) -> FileHeader:
    return parse_header(content, len(content))


def with_long_header(content: bytes) -> bytes:
    header = parse_header(content, len(content))
    return file_of(content[8 : header.data_offset] + b" " * 2**20, content[header.data_offset :])


def lora(rank: int = 4, metadata: Mapping[str, str] | None = None) -> FileHeader:
    return header_of(lora_file(rank=rank, metadata=metadata))


def test_the_one_format_that_knows_the_file_reads_it() -> None:
    assert recognised_format(lora(), registry(a="Never", b="Always", c="Never")) == "b"


@pytest.mark.parametrize(
    ("formats", "code", "said"),
    [
        ({"a": "Never", "b": "Never"}, "unknown_format", "a, b"),
        ({}, "unknown_format", "none"),
        ({"a": "Always", "b": "Always", "c": "Never"}, "ambiguous_format", "a, b"),
        ({"a": "Crashes", "b": "Always"}, "format_failed", "a"),
        ({"a": "Missing", "b": "Always"}, "format_failed", "a"),
    ],
)
def test_none_several_or_a_crashing_format_refuse_the_file(formats: dict[str, str], code: str, said: str) -> None:
    with pytest.raises(FileRefused, match=said) as refused:
        recognised_format(lora(), registry(**formats))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "base",
    [
        {"ss_base_model_version": "sdxl_base_v1-0"},
        {"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"},
        {"modelspec.architecture": "Stable-Diffusion-XL-v1-base"},
        {},
    ],
)
def test_a_lora_for_sdxl_is_read_by_kohyas_format(base: dict[str, str]) -> None:
    assert check_header(lora(metadata=base), 5000, "sdxl") == "kohya_lora"


@pytest.mark.parametrize(
    ("header", "size", "code"),
    [
        (lora(metadata={"ss_base_model_version": "sd_v1"}), 5000, "wrong_base"),
        (lora(metadata={"modelspec.architecture": "flux-1-dev/lora"}), 5000, "wrong_base"),
        (
            lora(
                metadata={
                    "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
                    "ss_base_model_version": "sd_v1",
                }
            ),
            5000,
            "wrong_base",
        ),
        (lora(rank=257), 5000, "over_rank"),
        (lora(), MAX_LORA_BYTES + 1, "too_large"),
        (header_of(with_long_header(lora_file())), 5000, "header_too_large"),
        (header_of(tensor_file({f"{MODULE}.lora_down.weight": np.zeros((4, 8), np.float64)})), 5000, "bad_dtype"),
        (header_of(tensor_file({"steps": np.array([7, 8], np.int64)})), 5000, "bad_dtype"),
        (header_of(tensor_file({"step": np.array(7, np.int64)})), 5000, "unknown_format"),
        (header_of(tensor_file({"something.else": np.zeros(4, np.float32)})), 5000, "unknown_format"),
    ],
)
def test_what_the_hub_can_not_serve_is_refused(header: FileHeader, size: int, code: str) -> None:
    with pytest.raises(FileRefused) as refused:
        check_header(header, size, "sdxl")
    assert refused.value.code == code


def test_a_flag_may_be_a_whole_number() -> None:
    """As LyCORIS writes that of an (IA)3."""
    content = tensor_file({f"{MODULE}.weight": np.zeros(8, np.float16), f"{MODULE}.on_input": np.array(1, np.int64)})
    header = header_of(content)
    FiniteCheck(header).feed(content[header.data_offset :])
    assert check_header(header, len(content), "sdxl") == "kohya_lora"


def test_rank_256_is_still_served() -> None:
    assert check_header(lora(rank=256), 5000, "sdxl") == "kohya_lora"


def test_an_engine_that_names_no_families_takes_files_for_any() -> None:
    assert check_header(lora(metadata={"ss_base_model_version": "sd_v1"}), 5000, "echo") == "kohya_lora"
