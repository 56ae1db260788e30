"""Which runs share a compiled forward: few shapes, and none multiplied at a rank far above its own where that costs more."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin_api import LocalPack, NoConfig
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.samples import write_kohya_lora
from plugins.sdxl.splitting import FORWARD_RANKS, compilable, sizes
from tests.serving_jobs import job, made_into_pack

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ([], []),
        ([16] * 7, [4, 2, 1]),
        ([0] * 10, [8, 2]),
        ([16, *[0] * 7], [8]),
        ([128, *[16] * 7], [2, 4, 2]),
        ([128, *[16] * 6], [1, 4, 2]),
        ([256, 256, *[16] * 6], [2, 4, 2]),
        ([64, *[16] * 3], [4]),
    ],
)
def test_one_of_a_large_rank_does_not_make_all_as_large(ranks: list[int], expected: list[int]) -> None:
    assert sizes(ranks, FORWARD_RANKS) == expected


@given(st.lists(st.sampled_from([0, 16, 32, 64, 128, 256]), max_size=12).map(lambda ranks: sorted(ranks)[::-1]))
def test_no_other_batches_cost_less(ranks: list[int]) -> None:
    chosen = sizes(ranks, FORWARD_RANKS)
    assert sum(chosen) == len(ranks)
    assert cost(ranks, chosen) == min(cost(ranks, other) for other in every_way(len(ranks)))


def cost(ranks: Sequence[int], batches: Sequence[int]) -> int:
    starts = list(accumulate(batches, initial=0))
    return sum(FORWARD_RANKS + size * ranks[start] for start, size in zip(starts, batches, strict=False))


def every_way(runs: int) -> list[list[int]]:
    if not runs:
        return [[]]
    return [[size, *rest] for size in (1, 2, 4, 8) if size <= runs for rest in every_way(runs - size)]


def test_the_same_batch_at_a_quarter_of_the_size_is_not_cut() -> None:
    assert sizes([128, *[16] * 7], 4 * FORWARD_RANKS) == [8]


def test_seven_guided_runs_and_three_others_take_five_forwards(sdxl_engine: SdxlEngine) -> None:
    runs = [sdxl_engine.start(job(guidance_scale=5.0 if index < 7 else 1.0), []) for index in range(10)]
    batches = list(compilable(runs))
    assert [[run.rows for run in batch] for batch in batches] == [[2] * 4, [2] * 2, [2], [1] * 2, [1]]
    assert {run for batch in batches for run in batch} == set(runs)


def test_a_large_style_is_drawn_beside_as_few_small_ones_as_forwards_allow(
    sdxl_engine: SdxlEngine, tiny_base: Path, tmp_path: Path
) -> None:
    """Two of rank 64 in one picture are a row of rank 128."""
    packs = {rank: _pack(sdxl_engine, tiny_base, tmp_path, rank) for rank in (16, 63, 64)}
    worn = [[packs[16]], [packs[63], packs[64]], [packs[16]]]
    runs = [sdxl_engine.start(job(width=1024, height=1024), outfit) for outfit in worn]
    assert list(compilable(runs)) == [[runs[1]], [runs[0], runs[2]]]
    for run in runs:
        sdxl_engine.end(run)


def _pack(engine: SdxlEngine, base: Path, folder: Path, rank: int) -> LocalPack:
    file = write_kohya_lora(base, folder / f"{rank}.safetensors", rank=rank, seed=rank)
    return made_into_pack(file, folder, KohyaLoraFormat(NoConfig()), engine.layout())
