"""The merged path: the same pictures as slots, from a base that nothing is written to."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from hub.plugin_api import AdapterFormat, LocalPack, NoConfig
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.adapters import Outfit
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.merged import Merger, worth_merging
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.unet_format import SdxlUnetFormat
from tests.fixtures_torch import AdapterFiles
from tests.serving_jobs import job, made_into_pack, pixels, run_together, run_with

pytestmark = pytest.mark.torch
FROM_STEPS = 4
Packs = dict[str, list[LocalPack]]


@pytest.mark.parametrize(
    ("keys", "steps", "from_steps", "merges"),
    [
        ([("a",)], [4], 4, True),
        ([("a",)], [3], 4, False),
        ([("a",)], [100], 0, False),
        ([("a",), ("a",)], [3, 4], 4, True),
        ([("a",), ("b",)], [30, 30], 4, False),
        ([("a",), ()], [30, 30], 4, False),
    ],
)
def test_the_rule(keys: list[tuple[object, ...]], steps: list[int], from_steps: int, merges: bool) -> None:
    assert worth_merging(keys, steps, from_steps) is merges


@pytest.fixture(scope="module")
def merging(tiny_base: Path) -> SdxlEngine:
    engine = SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl", merge_from_steps=FROM_STEPS))
    engine.load("cpu")
    return engine


@pytest.fixture
def merges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every merge that is made."""
    made: list[int] = []
    merge = Merger.merge

    def counted(merger: Merger, outfit: Outfit) -> None:
        made.append(1)
        merge(merger, outfit)

    monkeypatch.setattr(Merger, "merge", counted)
    return made


@pytest.fixture
def packs(merging: SdxlEngine, adapter_files: AdapterFiles, tmp_path: Path) -> Packs:
    formats: dict[str, AdapterFormat] = {
        "kohya": KohyaLoraFormat(NoConfig()),
        "peft": PeftLoraFormat(NoConfig()),
        "fine_tune": SdxlUnetFormat(NoConfig()),
    }

    def pack(name: str, weight: float) -> LocalPack:
        return made_into_pack(getattr(adapter_files, name), tmp_path, formats[name], merging.layout(), weight=weight)

    one, other, tuned = pack("kohya", 0.8), pack("peft", -0.4), pack("fine_tune", 1.0)
    # The last outfit stays merged for the next request that wears it: no test shall find its own.
    run_with(merging, job(), [other, one])
    return {"one": [one], "other": [other], "two": [one, other], "on a model": [tuned, other]}


@pytest.mark.parametrize("outfit", ["one", "two", "on a model"])
def test_it_draws_what_slots_draw(
    merging: SdxlEngine, sdxl_engine: SdxlEngine, packs: Packs, merges: list[int], outfit: str
) -> None:
    before = merging.fingerprint()
    ours = run_with(merging, job(), packs[outfit])
    assert merges == [1]
    assert np.abs(pixels(ours) - pixels(run_with(sdxl_engine, job(), packs[outfit]))).max() <= 1
    assert run_with(merging, job(), packs[outfit]).content == ours.content
    assert merging.fingerprint() == before


def test_merged_then_slots_then_merged_gives_the_first_bytes(
    merging: SdxlEngine, packs: Packs, merges: list[int]
) -> None:
    before = merging.fingerprint()
    first = run_with(merging, job(), packs["one"]).content
    short = run_with(merging, job(steps=FROM_STEPS - 1), packs["other"]).content
    assert len(merges) == 1
    run_with(merging, job(), packs["other"])
    assert len(merges) == 2
    assert run_with(merging, job(), packs["one"]).content == first
    assert run_with(merging, job(steps=FROM_STEPS - 1), packs["other"]).content == short
    assert len(merges) == 3
    assert merging.fingerprint() == before


def test_runs_that_take_turns_do_not_merge_in_turns(
    merging: SdxlEngine, sdxl_engine: SdxlEngine, packs: Packs, merges: list[int]
) -> None:
    """Two sizes can't share a forward: the first outfit stays merged, the other is served from slots."""
    large = job(width=128)
    wanted = [(job(), packs["one"], 0), (large, packs["other"], 0)]
    images = run_together(merging, wanted)
    assert merges == [1]
    alone = [run_with(sdxl_engine, each, worn) for each, worn, _ in wanted]
    assert [np.abs(pixels(a) - pixels(b)).max() <= 1 for a, b in zip(images, alone, strict=True)] == [True, True]


def test_one_that_joins_with_another_outfit_brings_both_to_slots(
    merging: SdxlEngine, sdxl_engine: SdxlEngine, packs: Packs, merges: list[int]
) -> None:
    before = merging.fingerprint()
    wanted = [(job(steps=8), packs["one"], 0), (job(steps=4), packs["other"], 2), (job(steps=4), packs["one"], 3)]
    images = run_together(merging, wanted)
    assert merges == [1]
    alone = [run_with(sdxl_engine, each, worn) for each, worn, _ in wanted]
    assert all(np.abs(pixels(a) - pixels(b)).max() <= 1 for a, b in zip(images, alone, strict=True))
    assert merging.fingerprint() == before


def test_a_merge_that_fails_leaves_nothing_half_merged(
    merging: SdxlEngine, packs: Packs, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = merging.fingerprint()
    good = run_with(merging, job(), packs["one"]).content
    run_with(merging, job(), packs["other"])
    addmm: Callable[..., torch.Tensor] = torch.addmm
    calls = iter(range(100))

    def failing(*given: torch.Tensor, **named: object) -> torch.Tensor:
        if next(calls) == 5:
            raise MemoryError
        return addmm(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "addmm", failing)
        with pytest.raises(MemoryError):
            run_with(merging, job(), packs["one"])
    assert run_with(merging, job(), packs["one"]).content == good
    assert merging.fingerprint() == before


def test_merged_weights_leave_for_an_adapter_and_are_made_again(
    tiny_base: Path, packs: Packs, merges: list[int]
) -> None:
    engine = SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl", merge_from_steps=FROM_STEPS))
    engine.load("cpu")
    budget = engine.wardrobe._garage.budget
    first = run_with(engine, job(), packs["one"]).content
    budget.limit_bytes = budget.used_bytes
    for _ in range(2):
        run_with(engine, job(steps=FROM_STEPS - 1), packs["other"])
        assert run_with(engine, job(), packs["one"]).content == first
        assert budget.used_bytes <= budget.limit_bytes
    # Once at first. Then the other took its memory, after which the first one's slots were still there.
    assert len(merges) == 3


def test_where_no_second_set_has_room_slots_draw(
    tiny_base: Path, sdxl_engine: SdxlEngine, packs: Packs, merges: list[int]
) -> None:
    engine = SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl", merge_from_steps=FROM_STEPS))
    engine.load("cpu")
    engine.end(engine.start(job(), packs["one"]))
    budget = engine.wardrobe._garage.budget
    budget.limit_bytes = budget.used_bytes
    assert run_with(engine, job(), packs["one"]) == run_with(sdxl_engine, job(), packs["one"])
    assert merges == []


def test_invariant_mode_never_merges(tiny_base: Path, packs: Packs, merges: list[int]) -> None:
    config = SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl", mode="invariant", merge_from_steps=FROM_STEPS)
    engine = SdxlEngine(config)
    engine.load("cpu")
    run_with(engine, job(), packs["one"])
    assert merges == []


@pytest.mark.parametrize(
    ("settings", "device", "room", "steps"),
    [
        ({}, "cpu", False, 0),
        ({}, "cuda:0", True, 4),
        ({}, "cuda", False, 0),
        ({"merge_from_steps": 0}, "cuda", True, 0),
        ({"merge_from_steps": 9}, "cpu", False, 9),
        ({"mode": "invariant"}, "cuda", True, 0),
    ],
)
def test_from_how_many_steps_a_device_merges(
    settings: dict[str, object], device: str, steps: int, *, room: bool
) -> None:
    assert SdxlConfig.model_validate(settings).merges_from(device, has_room=room) == steps
