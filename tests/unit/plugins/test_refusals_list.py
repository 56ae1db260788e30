"""A refusal says some names in its sentence and brings all of them, whichever format refuses."""

from uuid import uuid4

import pytest

from hub.jobs import MOST_NAMES, ConvertJob
from hub.plugin_api import AdapterFormat, ModelLayout, NoConfig, UnsupportedFileError
from hub.tensor_file import FileHeader, TensorInfo
from plugins.diffusers_old_lora.format import OldLoraFormat
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.checkpoint_format import SdxlCheckpointFormat
from plugins.sdxl.unet_format import SdxlUnetFormat
from serving.adapters.convert import refused

LAYOUT = ModelLayout({"unet": {"conv_in.weight": (4, 4, 3, 3)}}, {"unet": frozenset({"conv_in"})})
MANY = [f"{number:02}" for number in range(40)]
UNET = ("conv_in.weight", "conv_out.weight", "time_embedding.linear_1.weight")


def header(*names: str) -> FileHeader:
    return FileHeader({name: TensorInfo("F16", (4, 4), 0, 32) for name in names}, {}, 0)


def kohya(number: str) -> list[str]:
    return [f"lora_unet_input_blocks_{number}_0.{ending}" for ending in ("lora_down.weight", "lora_up.weight", "alpha")]


CASES: dict[str, tuple[AdapterFormat, list[str], list[str]]] = {
    "kohya": (
        KohyaLoraFormat(NoConfig()),
        [name for number in MANY for name in kohya(number)],
        [f"lora_unet_input_blocks_{number}_0" for number in MANY],
    ),
    "peft": (
        PeftLoraFormat(NoConfig()),
        [f"unet.x{number}.lora_{side}.weight" for number in MANY for side in "AB"],
        [f"unet.x{number}" for number in MANY],
    ),
    "diffusers before peft": (
        OldLoraFormat(NoConfig()),
        [f"unet.x{number}.lora.{side}.weight" for number in MANY for side in ("down", "up")],
        [f"unet.x{number}" for number in MANY],
    ),
    "a UNet": (
        SdxlUnetFormat(NoConfig()),
        [*UNET, *(f"x{number}.weight" for number in MANY)],
        [*UNET[1:], *(f"x{number}.weight" for number in MANY)],
    ),
    "a checkpoint": (
        SdxlCheckpointFormat(NoConfig()),
        [f"model.diffusion_model.x{number}" for number in MANY],
        [f"model.diffusion_model.x{number}" for number in MANY],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_all_names_come_with_a_refusal_and_three_stand_in_its_sentence(case: str) -> None:
    reader, names, expected = CASES[case]
    with pytest.raises(UnsupportedFileError) as raised:
        reader.plan(header(*names), LAYOUT)
    assert raised.value.names == tuple(sorted(expected))
    shown = [name for name in expected if name in raised.value.message]
    assert (len(shown), f"and {len(expected) - 3} more" in raised.value.message) == (3, True)


def test_what_the_site_is_told_is_bounded() -> None:
    job = ConvertJob(
        upload_id=uuid4(), attempt=1, source_key="sources/1", source_sha256="0" * 64, format="peft", engine="sdxl"
    )
    names = [f"{number:05}" for number in range(3 * MOST_NAMES)]
    answer = refused(job, UnsupportedFileError("unknown_modules", "They have no place.", names))
    assert answer.names == tuple(names[:MOST_NAMES])
