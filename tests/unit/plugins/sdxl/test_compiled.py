"""Compiled, the engine draws what it draws without, and requests that come and go with any adapters compile nothing anew.

The backend only traces, on a base with few layers, so that a graph takes seconds.
"""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from pydantic import ValidationError
from torch._dynamo import config as dynamo
from torch._dynamo.utils import counters

from hub.jobs import AdapterUse
from hub.plugin_api import LocalPack, NoConfig
from plugins.sdxl import blocks, compiled, tiny_base
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.samples import write_finetuned_unet
from plugins.sdxl.slots.arena import bytes_of
from plugins.sdxl.slots.rows import RowLayout
from plugins.sdxl.slots.tails import Tails
from plugins.sdxl.unet_format import SdxlUnetFormat
from tests.low_rank_packs import Pair, write_pairs
from tests.serving_jobs import job, made_into_pack, pixels, run_with

pytestmark = pytest.mark.torch
FLAT = {
    "down_block_types": ("CrossAttnDownBlock2D",),
    "up_block_types": ("CrossAttnUpBlock2D",),
    "block_out_channels": (32,),
    "layers_per_block": 1,
    "transformer_layers_per_block": 1,
    "attention_head_dim": 2,
}
RANKS = (4, 8, 16, 24, 100, 128)
SWAPS = 24


@pytest.fixture(scope="module")
def flat_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As tiny-sdxl, with fewer and shallower blocks."""
    pipeline, folder = tiny_base.build(), tmp_path_factory.mktemp("flat") / "tiny-sdxl"
    torch.manual_seed(0)
    pipeline.register_modules(unet=UNet2DConditionModel(**(tiny_base.UNET | FLAT)))
    pipeline.save_pretrained(folder)
    return folder


def engine(base: Path, **config: object) -> SdxlEngine:
    made = SdxlEngine(SdxlConfig.model_validate({"base": str(base), "base_model": "tiny-sdxl", **config}))
    made.load("cpu")
    return made


@pytest.fixture(scope="module")
def plain(flat_base: Path) -> SdxlEngine:
    return engine(flat_base)


@pytest.fixture
def compiling(flat_base: Path) -> SdxlEngine:
    _forget()
    return engine(flat_base, compiled="on", compile_backend="eager", merge_from_steps=50)


@pytest.fixture(scope="module")
def packs(plain: SdxlEngine, flat_base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, LocalPack]:
    """For each rank an adapter of the attention blocks; one of everything; a whole model."""
    folder, layout = tmp_path_factory.mktemp("packs"), plain.layout()
    made = {str(rank): _pack(folder / str(rank), plain, rank, ".attentions.") for rank in RANKS}
    made["everything"] = _pack(folder / "everything", plain, 8, "")
    tuned = write_finetuned_unet(flat_base, folder / "tuned.safetensors", seed=3)
    return made | {"model": made_into_pack(tuned, folder, SdxlUnetFormat(NoConfig()), layout)}


def _pack(path: Path, made: SdxlEngine, rank: int, part: str) -> LocalPack:
    generator, layout = torch.Generator().manual_seed(rank), made.layout()
    pairs = []
    for module, (out, *into) in layout.modules("unet").items():
        if part in module:
            down = torch.randn(rank, *into, generator=generator) / (rank * np.prod(into)) ** 0.5
            up = torch.randn(out, rank, *[1] * (len(into) - 1), generator=generator) * 0.3
            pairs.append(Pair(module, down, up, alpha=rank / 2))
    write_pairs(pairs, path, layout.digest())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return LocalPack(AdapterUse(pack_sha256=sha256, pack_key=f"packs/{sha256}", kind="lora", weight=1.0), path)


def weighted(pack: LocalPack, weight: float) -> LocalPack:
    return LocalPack(pack.use.model_copy(update={"weight": weight}), pack.path)


def _forget() -> None:
    torch._dynamo.reset()
    counters.clear()


def graphs() -> int:
    return int(counters["stats"]["unique_graphs"])


@pytest.mark.slow
def test_it_draws_what_the_uncompiled_engine_draws(
    plain: SdxlEngine, compiling: SdxlEngine, packs: dict[str, LocalPack]
) -> None:
    """Without guidance, so that each outfit is one row. One graph for the transformer blocks of each arena, and of each that has
    no room beside the weights: those of another model, and more than 128 ranks. Three for the residual blocks, once.
    """
    before = compiling.fingerprint()
    wanted = job(steps=2, guidance_scale=1.0)
    worn: list[tuple[list[LocalPack], int]] = [
        ([], 4),
        ([packs["8"]], 5),
        ([weighted(packs["16"], -0.5)], 5),
        ([packs["model"], packs["4"]], 6),
        ([packs["8"], packs["16"]], 7),
        ([packs["24"]], 7),
        ([packs["everything"]], 7),
        ([packs["model"]], 7),
        ([packs["128"], packs["100"]], 8),
    ]
    for outfit, made in worn:
        ours, theirs = (pixels(run_with(each, wanted, outfit)) for each in (compiling, plain))
        assert (np.abs(ours - theirs).max() <= 1, graphs()) == (True, made), outfit
    assert compiling.fingerprint() == before


@pytest.mark.slow
def test_dozens_of_swaps_compile_nothing_anew(
    plain: SdxlEngine, compiling: SdxlEngine, packs: dict[str, LocalPack]
) -> None:
    """Two requests with guidance, on schedulers that count in whole numbers and on others."""
    draw = random.Random(1)

    def swap(ranks: list[int]) -> None:
        changes = [{"scheduler": draw.choice(["euler", "ddim"]), "seed": draw.randint(0, 9)} for _ in ranks]
        worn = [[weighted(packs[str(rank)], draw.uniform(-1, 1))] for rank in ranks]
        ours, theirs = (_stepped(each, changes, worn) for each in (compiling, plain))
        assert torch.allclose(ours, theirs, atol=1e-4)

    for top in (16, 24, 128):
        swap([4, top])
    made = graphs()
    assert made == 6  # Three residual blocks, and the transformer blocks with an arena of rank 16, 32 and 128.
    with dynamo.patch(error_on_recompile=True):
        for _ in range(SWAPS):
            swap(draw.choices(RANKS, k=2))
    assert graphs() == made


def _stepped(made: SdxlEngine, changes: list[dict[str, Any]], worn: list[list[LocalPack]]) -> torch.Tensor:
    """The latents of all runs after one step together."""
    runs = [made.start(job(**own), packs) for own, packs in zip(changes, worn, strict=True)]
    made.step(runs)
    for run in runs:
        made.end(run)
    return torch.cat([run.latents for run in runs])


def test_beyond_the_most_graphs_a_shape_is_computed_all_the_same(
    flat_base: Path, plain: SdxlEngine, packs: dict[str, LocalPack], monkeypatch: pytest.MonkeyPatch
) -> None:
    _forget()
    monkeypatch.setattr(blocks, "MOST_GRAPHS", 1)
    made = engine(flat_base, compiled="on", compile_backend="eager")
    wanted = job(steps=1, guidance_scale=1.0)
    for outfit in ([packs["8"]], [], [packs["16"]]):
        ours, theirs = (pixels(run_with(each, wanted, outfit)) for each in (made, plain))
        assert np.abs(ours - theirs).max() <= 1
    assert graphs() == 2  # One of each kind of block.


def test_a_machine_that_cannot_compile_draws_all_the_same_and_tries_once(
    flat_base: Path, plain: SdxlEngine, packs: dict[str, LocalPack]
) -> None:
    tried: list[int] = []

    def broken(*_: object) -> None:
        tried.append(1)
        raise OSError("no C compiler")

    made = engine(flat_base, compiled="on")
    made.forward = compiled.Compiled(made.pipeline.unet, made.wardrobe, broken, cuda_graphs=False)
    wanted = job(steps=2, guidance_scale=1.0)
    ours, theirs = (pixels(run_with(each, wanted, [packs["8"]])) for each in (made, plain))
    assert np.abs(ours - theirs).max() <= 1
    assert tried == [1]


def refused_call(code: int) -> Exception:
    """As torch raises what CUDA answers."""
    error = torch.AcceleratorError(f"CUDA error {code}")
    error.error_code = code  # type: ignore[attr-defined] # torch has no types for it
    return error


@pytest.mark.parametrize(
    "error", [ValueError("at 1:16: not understood"), refused_call(801), refused_call(900)], ids=["triton", "801", "900"]
)
def test_what_fails_beside_the_compiler_costs_no_request(
    flat_base: Path,
    plain: SdxlEngine,
    packs: dict[str, LocalPack],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """As a kernel does that a card's Triton refuses, or CUDA itself, or a recording."""
    made = _filling_raises(error, flat_base, monkeypatch)
    wanted = job(steps=2, guidance_scale=1.0)
    ours, theirs = (pixels(run_with(each, wanted, [packs["8"]])) for each in (made, plain))
    assert isinstance(made.forward, compiled.Compiled)
    assert (np.abs(ours - theirs).max() <= 1, made.forward.trusted) == (True, False)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        refused_call(700),
    ],
    ids=["full", "no workspace", "illegal address"],
)
def test_a_full_or_lost_device_is_no_fault_of_the_compiled_forward(
    flat_base: Path, packs: dict[str, LocalPack], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    made = _filling_raises(error, flat_base, monkeypatch)
    with pytest.raises(type(error)):
        run_with(made, job(steps=2, guidance_scale=1.0), [packs["8"]])
    assert isinstance(made.forward, compiled.Compiled)
    assert made.forward.trusted


def _filling_raises(error: Exception, base: Path, monkeypatch: pytest.MonkeyPatch) -> SdxlEngine:
    def refused(*_: object) -> None:
        raise error

    _forget()
    monkeypatch.setattr(Tails, "fill", refused)
    return engine(base, compiled="on", compile_backend="eager")


@pytest.mark.parametrize("arenas", [0, 1])
def test_it_draws_right_in_whatever_room_the_device_has(
    flat_base: Path, plain: SdxlEngine, packs: dict[str, LocalPack], arenas: int
) -> None:
    """Beside the slot there is none for an arena, or one that leaves for the other outfit's."""
    _forget()
    made = engine(flat_base, compiled="on", compile_backend="eager")
    layout = RowLayout(made.layout().modules("unet"), 128)
    garage = made.wardrobe._garage
    garage.budget.limit_bytes = 4 * layout.width + arenas * bytes_of(layout, 1, torch.float32)
    wanted = job(steps=1, guidance_scale=1.0)
    for outfit in ("128", "16", "128", "16"):
        ours, theirs = (pixels(run_with(each, wanted, [packs[outfit]])) for each in (made, plain))
        assert np.abs(ours - theirs).max() <= 1
        assert garage.budget.used_bytes <= garage.budget.limit_bytes
    assert isinstance(made.forward, compiled.Compiled)
    assert made.forward.trusted
    assert len(made.forward._proven) <= 2


def test_what_compiles_to_other_numbers_is_found_and_not_delivered(
    flat_base: Path, plain: SdxlEngine, packs: dict[str, LocalPack]
) -> None:
    def wrong(graph: torch.fx.GraphModule, _: object) -> Callable[..., Any]:
        return lambda *inputs: tuple(1.1 * output for output in graph.forward(*inputs))

    _forget()
    made = engine(flat_base, compiled="on")
    made.forward = compiled.Compiled(made.pipeline.unet, made.wardrobe, wrong, cuda_graphs=False)
    wanted = job(steps=2, guidance_scale=1.0)
    ours, theirs = (pixels(run_with(each, wanted, [packs["8"]])) for each in (made, plain))
    assert (np.abs(ours - theirs).max() <= 1, made.forward.trusted) == (True, False)


def test_other_weights_lie_in_memory_as_the_bases_do(compiling: SdxlEngine, packs: dict[str, LocalPack]) -> None:
    """A model's, and those that an adapter is merged into: compiled code expects the strides it was made for."""
    strides = _strides(compiling)
    for outfit, steps in ([packs["model"]], 1), ([packs["8"]], 50):
        run = compiling.start(job(steps=steps), outfit)
        with compiling.wardrobe.worn(["unet"], [(run.outfit, run.rows)], fixed=True) as wearing:
            assert (bool(wearing.model), bool(wearing.merged)) == (steps == 1, steps == 50)
            assert _strides(compiling) == strides
        compiling.end(run)


def _strides(made: SdxlEngine) -> dict[str, tuple[int, ...]]:
    return {name: parameter.data.stride() for name, parameter in made.pipeline.unet.named_parameters()}


@pytest.mark.parametrize(
    ("setting", "mode", "device", "compiles"),
    [
        ("auto", "fast", "cpu", False),
        ("auto", "fast", "cuda:0", True),
        ("auto", "invariant", "cuda", False),
        ("on", "fast", "cpu", True),
        ("off", "fast", "cuda", False),
    ],
)
def test_when_it_compiles(setting: str, mode: str, device: str, *, compiles: bool) -> None:
    assert SdxlConfig.model_validate({"compiled": setting, "mode": mode}).compiles_on(device) is compiles


@pytest.mark.parametrize("settings", [{"compiled": "on", "mode": "invariant"}])
def test_settings_that_exclude_each_other_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="Set "):
        SdxlConfig.model_validate(settings)
