"""A pack is copied to a row as it was checked, or a byte of it has changed and the load says so."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from hub.plugin_api import ModelLayout
from plugins.sdxl.slots.bank import Bank
from plugins.sdxl.slots.budget import Budget
from plugins.sdxl.slots.rows import HostRow, PackRow, RowLayout, row_of
from serving.adapters.api import AdapterPack, DamagedPackError, MappedPack, open_pack
from serving.adapters.checksums import CHUNK_BYTES, Checksums, digests_of
from serving.adapters.pack import DOWN, UP
from tests.low_rank_packs import Pair, write_pairs

pytestmark = pytest.mark.torch
SHAPES = {"a.conv": (32, 8, 3, 3), "a.conv.shortcut": (48, 16), "b.1.x": (96, 32), "b.10.x": (64, 96), "c": (5, 3)}
LARGE = {"a": (64, 90_000), "b": (90_000, 64)}


def pairs(shapes: Mapping[str, tuple[int, ...]], dtype: torch.dtype, ranks: tuple[int, ...] = (4,)) -> list[Pair]:
    generator = torch.Generator().manual_seed(1)
    made = []
    for index, (module, (out, *into)) in enumerate(shapes.items()):
        rank = ranks[index % len(ranks)]
        down, up = torch.randn(rank, *into, generator=generator), torch.randn(out, rank, generator=generator)
        made.append(Pair(module, down.to(dtype), up.to(dtype).reshape(out, rank, *[1] * (len(into) - 1)), index + 0.5))
    return made


def row(path: Path, layout: RowLayout, checksums: Checksums = ()) -> PackRow:
    return row_of(open_pack(path, checksums).low_rank, layout, partial(MappedPack, path, checksums))


def filled(source: PackRow | HostRow, layout: RowLayout, dtype: torch.dtype) -> torch.Tensor:
    """Copied over what a former adapter left."""
    copy = torch.full((layout.width,), float("nan"), dtype=dtype)
    source.copy_to(copy)
    return copy


def expected(made: list[Pair], layout: RowLayout, dtype: torch.dtype) -> torch.Tensor:
    """Matrix by matrix."""
    whole = torch.zeros(1, layout.width, dtype=dtype)
    views = dict(zip(layout.places, layout.views(whole), strict=True))
    for pair in made:
        down, up = views[pair.module]
        down[0, : pair.rank] = pair.down.to(dtype)
        up[0, :, : pair.rank] = pair.up.flatten(1).to(dtype)
    return whole[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kept", [torch.float32, torch.float16])
@pytest.mark.parametrize("ranks", [(4,), (4, 1), (3,)])
@pytest.mark.parametrize("left_out", [set(), {"a.conv", "b.10.x"}])
def test_a_row_is_what_its_matrices_are(
    tmp_path: Path, dtype: torch.dtype, kept: torch.dtype, ranks: tuple[int, ...], left_out: set[str]
) -> None:
    layout = RowLayout(SHAPES, 4)
    made = [pair for pair in pairs(SHAPES, kept, ranks) if pair.module not in left_out]
    source = row(write_pairs(made, tmp_path / "pack"), layout)
    assert torch.equal(filled(source, layout, dtype), expected(made, layout, dtype))
    held = HostRow(source.rank, filled(source, layout, dtype), source.ratios, source.targets)
    assert torch.equal(filled(held, layout, dtype), expected(made, layout, dtype))
    ratios = {pair.module: pair.alpha / pair.rank for pair in made}
    assert source.ratios.tolist() == pytest.approx([ratios.get(module, 0.0) for module in layout.places])


def test_a_slot_keeps_nothing_of_the_adapters_before(tmp_path: Path) -> None:
    layout = RowLayout(SHAPES, 4)
    bank = Bank(layout, torch.float32, torch.device("cpu"), Budget(2**20))
    slot = bank.take()
    bank.row(slot).fill_(float("nan"))
    everything = pairs(SHAPES, torch.float32)
    fewer, narrow = everything[1:4], pairs(SHAPES, torch.float32, (3, 4))[:2]
    for number, made in enumerate((fewer, fewer, everything, narrow, fewer, narrow, narrow)):
        bank.load(slot, row(write_pairs(made, tmp_path / f"pack{number}"), layout))
        assert torch.equal(bank.row(slot), expected(made, layout, torch.float32))


def test_neighbours_are_copied_at_once(tmp_path: Path) -> None:
    shapes = {module: shape for module, shape in SHAPES.items() if module != "c"}
    layout = RowLayout(SHAPES, 4)
    made = pairs(shapes, torch.bfloat16)
    assert [run.at for run in row(write_pairs(made, tmp_path / "pack"), layout).runs] == [0]
    without = [pair for pair in made if pair.module != "a.conv.shortcut"]
    assert len(row(write_pairs(without, tmp_path / "pack"), layout).runs) == 2


def test_a_pack_of_version_1_is_read_as_before(tmp_path: Path) -> None:
    made = pairs(SHAPES, torch.float16)
    tensors = {f"unet.{pair.module}{end}": own for pair in made for end, own in ((DOWN, pair.down), (UP, pair.up))}
    alphas = {f"unet.{pair.module}.alpha": torch.tensor(pair.alpha) for pair in made}
    about = {"irodori_pack": "1", "kind": "lora", "layout": "x"}
    save_file(tensors | alphas, tmp_path / "old", about)
    layout = RowLayout(SHAPES, 4)
    old, new = row(tmp_path / "old", layout), row(write_pairs(made, tmp_path / "new"), layout)
    assert torch.equal(filled(old, layout, torch.float32), filled(new, layout, torch.float32))
    assert torch.equal(old.ratios, new.ratios)


def test_checksums_are_of_each_mebibyte(tmp_path: Path) -> None:
    path = write_pairs(pairs(LARGE, torch.float32), tmp_path / "pack")
    _, checksums = digests_of(path)
    assert len(checksums) == -(-path.stat().st_size // CHUNK_BYTES) > 1


def loaded(path: Path, checksums: Checksums, layout: ModelLayout) -> AdapterPack:
    pack = open_pack(path, checksums)
    filled(
        row_of(pack.low_rank, RowLayout(layout.modules("unet"), 4), lambda: pack.file),
        RowLayout(LARGE, 4),
        torch.float32,
    )
    return pack


def test_a_changed_byte_is_found_wherever_it_is(tmp_path: Path) -> None:
    made = pairs(LARGE, torch.float32)
    path = write_pairs(made, tmp_path / "pack")
    content = path.read_bytes()
    sha256, checksums = digests_of(path)
    layout = ModelLayout(
        {"unet": {f"{name}.weight": shape for name, shape in LARGE.items()}}, {"unet": frozenset(LARGE)}
    )
    assert loaded(path, checksums, layout).kind == "lora"
    for at in (0, 9, 300, CHUNK_BYTES - 1, CHUNK_BYTES, len(content) - 1):
        damaged = tmp_path / f"{sha256}.safetensors"
        damaged.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(DamagedPackError) as error:
            loaded(damaged, checksums, layout)
        assert error.value.pack == sha256


@pytest.mark.parametrize("kept", [0, 100, CHUNK_BYTES])
def test_a_shortened_file_is_found(tmp_path: Path, kept: int) -> None:
    path = write_pairs(pairs(LARGE, torch.float32), tmp_path / "pack")
    _, checksums = digests_of(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedPackError):
        open_pack(path, checksums)


def test_a_pack_cut_short_is_refused_also_without_checksums(tmp_path: Path) -> None:
    path = write_pairs(pairs(SHAPES, torch.float32), tmp_path / "cut.pack")
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(DamagedPackError):
        open_pack(path)


@pytest.mark.parametrize("start", [b"", b"\x08", b"\xff" * 8])
def test_a_file_that_is_no_pack_is_refused_at_once(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "no.pack"
    path.write_bytes(start + b"{}")
    with pytest.raises(DamagedPackError):
        open_pack(path)
