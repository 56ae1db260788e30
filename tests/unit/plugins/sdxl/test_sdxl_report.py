"""What the engine tells its operator, and how it counts."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.plugin_api import NoConfig, Tier
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from tests.fixtures_torch import AdapterFiles
from tests.serving_jobs import job, made_into_pack, run_with

pytestmark = pytest.mark.torch


def test_it_names_base_device_and_size_and_counts_each_request_once_per_tier(
    tiny_base: Path, adapter_files: AdapterFiles, tmp_path: Path
) -> None:
    engine = SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl", device_bytes=2**24, host_bytes=2**28))
    engine.load("cpu")
    pack = made_into_pack(adapter_files.kohya, tmp_path, KohyaLoraFormat(NoConfig()), engine.layout())
    before = engine.report()
    assert (before.base, before.source, before.device, before.dtype, before.side) == (
        "tiny-sdxl",
        str(tiny_base),
        "cpu",
        "float32",
        128,
    )
    assert (counted(before.tiers), before.swaps) == ({"host": (0, 0), "slots": (0, 0)}, 0)
    for _ in range(3):
        engine.prepare([pack])
        run_with(engine, job(steps=2), [pack])
    run_with(engine, job(steps=2))
    after = engine.report()
    # The first request brings it; the prompt is encoded once, then two steps and a decoding for each of three.
    assert (counted(after.tiers), after.swaps) == ({"host": (2, 1), "slots": (2, 1)}, 1 + 3 * 3)
    assert all(tier.seconds > 0 and 0 < tier.used_bytes <= tier.limit_bytes for tier in after.tiers)
    assert 0 < after.swap_seconds < 10


def counted(tiers: tuple[Tier, ...]) -> Mapping[str, tuple[int, int]]:
    """Hits and misses."""
    return {tier.name: (tier.hits, tier.misses) for tier in tiers}
