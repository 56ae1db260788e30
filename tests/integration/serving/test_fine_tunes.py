"""A fine-tuned model from its upload to its picture: kept as a difference, served as it came."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import torch
from safetensors.torch import load_file, save_file

from hub import keys
from hub.jobs import AdapterUse, Converted, ConvertJob, ConvertRefused, Extracted, ExtractJob
from hub.object_store import ObjectStore
from hub.plugin_api import NoConfig
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.unet_format import SdxlUnetFormat
from serving.adapters.api import open_pack
from serving.adapters.bases import stored_base, whole_packs
from serving.adapters.cache import CorruptPackError, PackCache
from serving.adapters.convert import Converter
from serving.adapters.extraction import Extractor
from tests.fixtures_torch import AdapterFiles
from tests.serving_jobs import job, made_into_pack, run_with

pytestmark = [pytest.mark.stack, pytest.mark.torch]


@pytest.fixture
def converter(sdxl_engine: SdxlEngine, object_store_server: ObjectStore, tmp_path: Path) -> Converter:
    return Converter(
        object_store_server,
        layout_of=lambda engine: sdxl_engine.layout(),
        format_of=lambda name: SdxlUnetFormat(NoConfig()),
        base_of=lambda engine: stored_base(sdxl_engine),
        work_dir=tmp_path / "work",
    )


@pytest.fixture
def answer(converter: Converter, adapter_files: AdapterFiles) -> Converted:
    return converted(converter, adapter_files.fine_tune)


def fields_of(store: ObjectStore, file: Path) -> dict[str, Any]:
    """Of the job of an upload that lies in the store."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    store.put_file(keys.source(sha256), file)
    source = {"source_key": keys.source(sha256), "source_sha256": sha256}
    return source | {"upload_id": uuid4(), "attempt": 1, "format": "sdxl_unet", "engine": "sdxl"}


def converted(converter: Converter, file: Path) -> Converted:
    found = converter.convert(ConvertJob.model_validate(fields_of(converter.store, file)))
    assert isinstance(found, Converted)
    return found


def use_of(answer: Converted) -> AdapterUse:
    return AdapterUse(pack_sha256=answer.pack_sha256, pack_key=answer.pack_key, kind=answer.kind, weight=1.0)


def test_it_is_kept_as_a_difference_and_served_bit_for_bit(
    sdxl_engine: SdxlEngine,
    adapter_files: AdapterFiles,
    object_store_server: ObjectStore,
    answer: Converted,
    tmp_path: Path,
) -> None:
    assert answer.pack_key == keys.thin_pack(answer.pack_sha256)
    assert answer.pack_size == object_store_server.size(answer.pack_key)
    whole = made_into_pack(adapter_files.fine_tune, tmp_path, SdxlUnetFormat(NoConfig()), sdxl_engine.layout())
    assert answer.pack_size < whole.path.stat().st_size
    cache = PackCache(tmp_path / "packs", 2**30, whole_packs(object_store_server.stream, lambda: [sdxl_engine]))
    with cache.hold([use_of(answer)]) as packs:
        assert packs[0].path.read_bytes() == whole.path.read_bytes()
        served, original = open_pack(packs[0].path).weights["unet"], load_file(adapter_files.fine_tune)
        assert served.keys() == original.keys()
        assert all(torch.equal(served[name], original[name]) for name in original)
        assert run_with(sdxl_engine, job(), packs).content == run_with(sdxl_engine, job(), [whole]).content


def test_without_its_base_it_is_not_served(object_store_server: ObjectStore, answer: Converted, tmp_path: Path) -> None:
    cache = PackCache(tmp_path / "packs", 2**30, whole_packs(object_store_server.stream, list))
    with pytest.raises(CorruptPackError, match="No base with the layout"), cache.hold([use_of(answer)]):
        pass
    assert list((tmp_path / "packs").iterdir()) == []


def with_lora_merged(base: Path, lora: Path, path: Path) -> Path:
    """A whole UNet as people publish it: the base and a LoRA of rank 4 in one."""
    tensors, pairs = load_file(base / "unet/diffusion_pytorch_model.safetensors"), load_file(lora)
    for name in [name for name in pairs if name.startswith("unet.") and ".lora_A." in name]:
        product = pairs[name.replace("lora_A", "lora_B")] @ pairs[name]
        tensors[name.removeprefix("unet.").replace("lora_A.", "")] += 0.5 * product
    save_file(tensors, path)
    return path


def extracted(converter: Converter, engine: SdxlEngine, file: Path, original: Converted) -> Extracted | ConvertRefused:
    def packs_of(name: str) -> PackCache:
        fetch = whole_packs(converter.store.stream, lambda: [engine])
        return PackCache(converter.work_dir / "packs", 2**30, fetch)

    fields = {"base_model": "tiny-sdxl", "original": use_of(original), "prompts": ("a lighthouse",), "side": 64}
    fields |= {"steps": 4, "guidance_scale": 5.0}
    extractor = Extractor(converter, packs_of, lambda wanted, packs: run_with(engine, wanted, packs))
    return extractor.extract(ExtractJob.model_validate(fields_of(converter.store, file) | fields))


def test_a_lora_is_made_of_it_and_says_how_far_it_is_off(
    sdxl_engine: SdxlEngine, adapter_files: AdapterFiles, tiny_base: Path, converter: Converter, tmp_path: Path
) -> None:
    model = with_lora_merged(tiny_base, adapter_files.peft, tmp_path / "merged.safetensors")
    original = converted(converter, model)
    found = extracted(converter, sdxl_engine, model, original)
    assert isinstance(found, Extracted)
    assert (found.rank, found.left_out, found.error < 1e-3) == (8, 0, True)
    assert found.picture_difference < 0.5 < 2 < found.picture_effect
    assert {each.name for each in found.layers} == {
        name.removesuffix(".lora_A.weight")
        for name in load_file(adapter_files.peft)
        if "lora_A" in name and name.startswith("unet.")
    }
    lora, pack = converter.store.get(keys.source(found.sha256)), converter.store.get(found.pack_key)
    assert (len(lora), hashlib.sha256(lora).hexdigest()) == (found.size, found.sha256)
    assert (len(pack), hashlib.sha256(pack).hexdigest()) == (found.pack_size, found.pack_sha256)


def test_no_lora_is_made_of_the_base_itself(
    sdxl_engine: SdxlEngine, tiny_base: Path, converter: Converter, answer: Converted
) -> None:
    base = tiny_base / "unet/diffusion_pytorch_model.safetensors"
    refused = extracted(converter, sdxl_engine, base, answer)
    assert isinstance(refused, ConvertRefused)
    assert refused.code == "nothing_changed"
