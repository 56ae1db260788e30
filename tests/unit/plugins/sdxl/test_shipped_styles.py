"""The styles that ship are taken by exactly one format, with every tensor of theirs."""

from pathlib import Path

import pytest

from hub.local import shipped
from hub.plugin_api import NoConfig
from hub.tensor_file import header_length, parse_header
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.layout import layout_of_base

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("file", sorted(shipped.STYLES.glob("*.safetensors")), ids=lambda file: file.stem)
def test_a_style_that_ships_is_served_whole(file: Path) -> None:
    content = file.read_bytes()
    header = parse_header(content[: 8 + header_length(content[:8], len(content))], len(content))
    (taken,) = (own for own in (KohyaLoraFormat(NoConfig()), PeftLoraFormat(NoConfig())) if own.recognise(header))
    plan = taken.plan(header, layout_of_base(str(shipped.BASE)))
    # Down, up and, in kohya's naming, alpha.
    of_each = 3 if isinstance(taken, KohyaLoraFormat) else 2
    assert len(plan.low_rank) * of_each == len(header.tensors)
