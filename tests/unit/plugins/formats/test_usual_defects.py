"""Defects that the usual way of serving LoRAs has, one test each: none of them is ours.

Each was reproduced on diffusers 0.42 with peft 0.21. Their usual way changes layers of a live model; here an adapter is a
file on its own, so most can't even be said. The letters are those of docs/explanation/adapter-formats.md.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from hub.plugin_api import AdapterFormat, JobRefusedError, LocalPack, ModelLayout, NoConfig, UnsupportedFileError
from hub.tensor_file import TensorInfo, parse_header
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.kohya_lora.names import flat_name, sgm_names
from plugins.lycoris.format import LycorisFormat
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.samples import write_kohya_lora
from serving.adapters.api import DamagedPackError, open_pack
from serving.adapters.checksums import digests_of
from serving.engine.loop import EngineLoop
from serving.engine.ticket import Ticket
from tests.factories.adapter_kinds import Draw, dora, lora
from tests.serving_jobs import job, made_into_pack, pixels, run_together, run_with

pytestmark = pytest.mark.torch
ATTENTION = "mid_block.attentions.0.transformer_blocks.0"
TO_Q, FEED_FORWARD = f"{ATTENTION}.attn1.to_q", f"{ATTENTION}.ff.net.2"
TEXT = "encoder.layers.0.mlp.fc1"
Tensors = dict[str, torch.Tensor]
Pack = Callable[..., LocalPack]


@pytest.fixture
def layout(sdxl_engine: SdxlEngine) -> ModelLayout:
    return sdxl_engine.layout()


@pytest.fixture
def pack(layout: ModelLayout, tmp_path: Path) -> Pack:
    def make(tensors: Tensors, adapter_format: AdapterFormat, weight: float = 1.0, **metadata: Any) -> LocalPack:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.safetensors"
        about = {"lora_adapter_metadata": json.dumps(metadata)} if metadata else None
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, metadata=about)
        return made_into_pack(file, tmp_path, adapter_format, layout, weight=weight)

    return make


KOHYA, PEFT, LYCORIS = KohyaLoraFormat(NoConfig()), PeftLoraFormat(NoConfig()), LycorisFormat(NoConfig())


def kohya(layout: ModelLayout, *modules: str, rank: int = 4, seed: int = 0, component: str = "unet") -> Tensors:
    draw = Draw(torch.Generator().manual_seed(seed))
    return {
        f"{flat_name(component, module)}.{ending}": tensor
        for module in modules
        for ending, tensor in lora(draw, layout.modules(component)[module], rank).items()
    }


def renamed(pack: LocalPack, name: str) -> LocalPack:
    """As the engine tells packs apart."""
    return LocalPack(pack.use.model_copy(update={"pack_sha256": name}), pack.path, pack.checksums)


def copied(path: Path, folder: Path) -> Path:
    return Path(shutil.copy(path, folder / "copy.pack"))


def parts_of(path: Path) -> Mapping[str, TensorInfo]:
    return parse_header(path.read_bytes(), path.stat().st_size).tensors


def overwrite(path: Path, tensor: str, content: bytes) -> None:
    """The first bytes of a tensor in a pack."""
    header = parse_header(path.read_bytes(), path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(header.data_offset + header.tensors[tensor].start)
        file.write(content)


def drawn(engine: SdxlEngine, *packs: LocalPack) -> "np.ndarray[Any, Any]":
    return pixels(run_with(engine, job(), packs))


def test_a_an_adapter_of_more_modules_follows_one_of_fewer(
    sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack
) -> None:
    few, more = pack(kohya(layout, TO_Q), KOHYA), pack(kohya(layout, TO_Q, FEED_FORWARD), KOHYA)
    first = drawn(sdxl_engine, few)
    drawn(sdxl_engine, more)
    assert np.array_equal(drawn(sdxl_engine, few), first)


def test_b_modules_with_alphas_of_their_own(layout: ModelLayout, pack: Pack) -> None:
    tensors = kohya(layout, TO_Q, FEED_FORWARD)
    tensors[f"{flat_name('unet', TO_Q)}.alpha"] = torch.tensor(1.0)
    found = {part.module: part.alpha / part.rank for part in open_pack(pack(tensors, KOHYA).path).low_rank}
    assert found == {TO_Q: 0.25, FEED_FORWARD: 0.5}


def test_c_an_adapter_of_unet_and_text_encoder_is_taken_whole_or_not_at_all(
    sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack
) -> None:
    before, plain = sdxl_engine.fingerprint(), drawn(sdxl_engine)
    both = kohya(layout, TO_Q) | kohya(layout, TEXT, component="text_encoder")
    spoiled = {name: torch.ones(3, 3) if "te1" in name and "down" in name else own for name, own in both.items()}
    with pytest.raises(UnsupportedFileError):
        pack(spoiled, KOHYA)
    assert {part.component for part in open_pack(pack(both, KOHYA).path).low_rank} == {"unet", "text_encoder"}
    assert np.array_equal(drawn(sdxl_engine), plain)
    assert sdxl_engine.fingerprint() == before


def test_c_a_half_that_fails_when_the_other_was_loaded_leaves_nothing_behind(
    sdxl_engine: SdxlEngine, tiny_base: Path, layout: ModelLayout, tmp_path: Path
) -> None:
    """Text encoders come first in a pack: theirs are loaded when the UNet's bytes turn out to be others."""
    good = made_into_pack(write_kohya_lora(tiny_base, tmp_path / "both.safetensors", rank=64), tmp_path, KOHYA, layout)
    before, plain, whole = sdxl_engine.fingerprint(), drawn(sdxl_engine), drawn(sdxl_engine, good)
    damaged = renamed(LocalPack(good.use, copied(good.path, tmp_path), digests_of(good.path)[1]), "d" * 64)
    last = max(parts_of(damaged.path).items(), key=lambda pair: pair[1].start)[0]
    assert last.startswith("unet.")
    overwrite(damaged.path, last, b"\xff" * 4)
    with pytest.raises(DamagedPackError):
        drawn(sdxl_engine, damaged)
    assert np.array_equal(drawn(sdxl_engine), plain)
    assert sdxl_engine.fingerprint() == before
    damaged.path.write_bytes(good.path.read_bytes())
    assert np.array_equal(drawn(sdxl_engine, damaged), whole)


def test_d_a_weight_set_again_means_the_adapter_s_own_alpha(
    sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack
) -> None:
    strong, weak = (pack(kohya(layout, TO_Q, FEED_FORWARD, rank=rank), KOHYA) for rank in (8, 4))
    alone = drawn(sdxl_engine, weak)
    drawn(sdxl_engine, strong)
    assert np.array_equal(drawn(sdxl_engine, weak), alone)


def test_e_names_that_hold_one_another_are_apart(sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack) -> None:
    """default_1 and default_10: the names of two packs, one of which begins with the other."""
    one, ten = (renamed(pack(kohya(layout, TO_Q, FEED_FORWARD, seed=seed), KOHYA), "e" * seed) for seed in (1, 10))
    first, other = drawn(sdxl_engine, one), drawn(sdxl_engine, ten)
    assert not np.array_equal(first, other)
    both = run_together(sdxl_engine, [(job(), [each], 0) for each in (ten, one)])
    assert max(np.abs(pixels(image) - own).max() for image, own in zip(both, (other, first), strict=True)) <= 1
    assert np.array_equal(drawn(sdxl_engine, one), first)
    assert np.array_equal(drawn(sdxl_engine, ten), other)


def test_f_a_larger_rank_leaves_the_smaller_one_s_tensors_alone(
    sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack
) -> None:
    small, large = (pack(kohya(layout, TO_Q, rank=rank, seed=rank), KOHYA) for rank in (4, 64))
    content = small.path.read_bytes()
    first = drawn(sdxl_engine, small)
    drawn(sdxl_engine, large)
    assert small.path.read_bytes() == content
    assert np.array_equal(drawn(sdxl_engine, small), first)


def test_g_a_swap_exchanges_no_layer_and_no_forward(sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack) -> None:
    """What a compiled graph is built on: after the first LoRA the modules and their methods stay the same objects."""

    def built_on() -> list[tuple[str, int, object]]:
        models: dict[str, nn.Module] = sdxl_engine.models
        return [
            (f"{name}.{path}", id(module), type(module).__name__)
            for name, model in models.items()
            for path, module in model.named_modules()
        ]

    drawn(sdxl_engine, pack(kohya(layout, TO_Q), KOHYA))
    before = built_on()
    for rank in (4, 16, 64):
        drawn(sdxl_engine, pack(kohya(layout, TO_Q, FEED_FORWARD, rank=rank), KOHYA, weight=rank / 64))
    assert built_on() == before


def test_h_a_delta_comes_off_without_a_trace(sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack) -> None:
    draw = Draw(torch.Generator().manual_seed(1))
    tensors = {f"{flat_name('unet', TO_Q)}.{end}": own for end, own in dora(draw, layout.modules("unet")[TO_Q]).items()}
    before, plain = sdxl_engine.fingerprint(), drawn(sdxl_engine)
    assert not np.array_equal(drawn(sdxl_engine, pack(tensors, KOHYA)), plain)
    assert sdxl_engine.fingerprint() == before
    assert np.array_equal(drawn(sdxl_engine), plain)


def test_h_a_rounded_base_is_the_same_bytes_after_merges_and_deltas(
    tiny_base: Path, layout: ModelLayout, pack: Pack
) -> None:
    """In bfloat16, where adding and subtracting changes most weights: a LoRA is merged here as well."""
    engine = SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl", dtype="bfloat16", merge_from_steps=1))
    engine.load("cpu")
    draw = Draw(torch.Generator().manual_seed(1))
    tensors = {f"{flat_name('unet', TO_Q)}.{end}": own for end, own in dora(draw, layout.modules("unet")[TO_Q]).items()}
    before, plain = engine.fingerprint(), drawn(engine)
    for worn in (pack(tensors, KOHYA), *(pack(kohya(layout, TO_Q, FEED_FORWARD, seed=seed), KOHYA) for seed in (1, 2))):
        assert not np.array_equal(drawn(engine, worn), plain)
        assert engine.fingerprint() == before
        assert np.array_equal(drawn(engine), plain)


def test_i_an_adapter_of_no_numbers_never_reaches_the_base(layout: ModelLayout, pack: Pack) -> None:
    tensors = kohya(layout, TO_Q)
    tensors[f"{flat_name('unet', TO_Q)}.lora_up.weight"][0, 0] = torch.nan
    with pytest.raises(UnsupportedFileError) as refused:
        pack(tensors, KOHYA)
    assert refused.value.code == "not_finite"


def test_i_one_that_came_so_far_fails_alone_and_is_gone_afterwards(
    sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack
) -> None:
    before, plain = sdxl_engine.fingerprint(), drawn(sdxl_engine)
    none = renamed(pack(kohya(layout, FEED_FORWARD), KOHYA), "f" * 64)
    overwrite(none.path, f"unet.{FEED_FORWARD}.lora_B.weight", np.float32(np.nan).tobytes())
    runs = [sdxl_engine.start(job(), packs) for packs in ([none], [])]
    while not runs[1].done:
        sdxl_engine.step(runs)
    with pytest.raises(JobRefusedError) as refused:
        sdxl_engine.finish(runs[0])
    assert refused.value.code == "not_finite"
    assert np.abs(pixels(sdxl_engine.finish(runs[1])) - plain).max() <= 1
    for run in runs:
        sdxl_engine.end(run)
    assert np.array_equal(drawn(sdxl_engine), plain)
    assert sdxl_engine.fingerprint() == before


def test_j_requests_with_different_adapters_share_a_batch_and_mix_nothing(
    sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack
) -> None:
    packs = [pack(kohya(layout, TO_Q, FEED_FORWARD, seed=seed), KOHYA) for seed in range(3)]
    alone = [drawn(sdxl_engine, each) for each in packs]
    together = run_together(sdxl_engine, [(job(), [each], 0) for each in packs])
    assert max(np.abs(pixels(image) - own).max() for image, own in zip(together, alone, strict=True)) <= 1


def test_j_threads_that_ask_at_once_get_each_its_own(
    sdxl_engine: SdxlEngine, tiny_base: Path, layout: ModelLayout, pack: Pack
) -> None:
    """Four threads, each with an adapter of its own, ask for forty pictures of one engine."""
    packs = [pack(kohya(layout, TO_Q, FEED_FORWARD, seed=seed), KOHYA) for seed in range(4)]
    alone = [pixels(run_with(sdxl_engine, job(steps=2), [each])) for each in packs]
    assert len({own.tobytes() for own in alone}) == len(packs)
    loop = EngineLoop({"sdxl": SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl"))}, "cpu", 600)
    loop.start()

    def asked(number: int) -> int:
        own = number % len(packs)
        image = loop.submit(Ticket(job(steps=2), [packs[own]])).result()
        return int(np.abs(pixels(image) - alone[own]).max())

    with ThreadPoolExecutor(len(packs)) as threads:
        apart = list(threads.map(asked, range(40)))
    loop.stop()
    assert max(apart) <= 1


def test_k_opening_packs_side_by_side_leaves_torch_as_it_was(layout: ModelLayout, pack: Pack) -> None:
    paths = [pack(kohya(layout, TO_Q, seed=seed), KOHYA).path for seed in range(4)]
    register = nn.Module.register_parameter
    threads = [Thread(target=open_pack, args=(path,)) for path in paths * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert nn.Module.register_parameter is register
    assert nn.Linear(2, 2).weight.device.type == "cpu"


def test_l_names_without_a_prefix_are_served_or_refused(layout: ModelLayout, pack: Pack) -> None:
    down, up = torch.randn(4, 96), torch.randn(96, 4)
    for prefix in ("base_model.model.", ""):
        tensors = {f"{prefix}{TO_Q}.lora_A.weight": down, f"{prefix}{TO_Q}.lora_B.weight": up}
        (part,) = open_pack(pack(tensors, PEFT, r=4, lora_alpha=8).path).low_rank
        assert (part.module, part.alpha) == (TO_Q, 8.0)
        with pytest.raises(UnsupportedFileError):
            pack(tensors, PEFT)
    flat = f"lycoris_{TO_Q.replace('.', '_')}"
    (part,) = open_pack(pack({f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up}, LYCORIS).path).low_rank
    assert part.module == TO_Q


def test_m_two_ways_of_naming_blocks_in_one_file_are_refused_with_both(layout: ModelLayout, pack: Pack) -> None:
    sgm = sgm_names(layout.modules("unet"))
    first = {name.replace(flat_name("unet", TO_Q), sgm[TO_Q]): own for name, own in kohya(layout, TO_Q).items()}
    with pytest.raises(UnsupportedFileError) as refused:
        pack(first | kohya(layout, FEED_FORWARD), KOHYA)
    assert refused.value.code == "mixed_names"
    assert all(name in refused.value.message for name in ("middle_block_1", "mid_block_attentions_0"))


def test_n_a_dora_keeps_its_lengths(layout: ModelLayout, pack: Pack) -> None:
    draw = Draw(torch.Generator().manual_seed(1))
    parts = dora(draw, layout.modules("unet")[TO_Q])
    opened = open_pack(pack({f"{flat_name('unet', TO_Q)}.{end}": own for end, own in parts.items()}, KOHYA).path)
    (delta,) = opened.deltas
    assert opened.low_rank == ()
    assert torch.equal(delta.parts["magnitude_per_output"], parts["dora_scale"])


def test_o_each_module_is_scaled_by_its_own_rank(sdxl_engine: SdxlEngine, layout: ModelLayout, pack: Pack) -> None:
    small, large = kohya(layout, TO_Q, rank=4), kohya(layout, FEED_FORWARD, rank=16)
    large[f"{flat_name('unet', FEED_FORWARD)}.alpha"] = torch.tensor(4.0)
    mixed = pack(small | large, KOHYA)
    found = {part.module: part.alpha / part.rank for part in open_pack(mixed.path).low_rank}
    assert found == {TO_Q: 0.5, FEED_FORWARD: 0.25}
    header = parse_header(mixed.path.read_bytes(), mixed.path.stat().st_size)
    assert {info.shape for name, info in header.tensors.items() if name.endswith("lora_A.weight")} == {
        (4, 96),
        (16, 384),
    }
    apart = drawn(sdxl_engine, pack(small, KOHYA), pack(large, KOHYA))
    assert np.abs(drawn(sdxl_engine, mixed) - apart).max() <= 1
