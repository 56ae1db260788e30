"""A word of an adapter is read as diffusers' load_textual_inversion has it read, for one run and for no other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hub.plugin_api import AdapterFormat, JobRefusedError, LocalPack, NoConfig
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.sdxl.adapters import Outfit
from plugins.sdxl.chunks import MAX_CHUNKS, chunks_of
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.prompts import ENCODERS, Conditioning
from plugins.sdxl.weighting import fragments
from plugins.sdxl.words import split
from plugins.textual_inversion.format import TextualInversionFormat
from tests.embeddings import Vectors, vectors, write_alone, write_bundled
from tests.fixtures_torch import AdapterFiles
from tests.serving_jobs import drawn_by_diffusers, job, made_into_pack, pixels, run_together, run_with

pytestmark = pytest.mark.torch
MakePack = Callable[..., LocalPack]
WORD = "ruin"


@pytest.fixture
def pack_of(sdxl_engine: SdxlEngine, tmp_path: Path) -> MakePack:
    """An embedding alone in its file, which the word names; the seed tells those of one word apart."""

    def make(count: int = 3, seed: int = 1, word: str = WORD) -> LocalPack:
        folder = tmp_path / f"{seed} of {count}"
        folder.mkdir(exist_ok=True)
        file = write_alone(vectors(sdxl_engine.models, count, seed), folder / f"{word}.safetensors")
        return made(file, TextualInversionFormat(NoConfig()), sdxl_engine)

    return make


@pytest.fixture
def bundle(sdxl_engine: SdxlEngine, adapter_files: AdapterFiles, tmp_path: Path) -> Callable[..., LocalPack]:
    def make(seed: int = 1, weight: float = 1.0) -> LocalPack:
        words = {WORD: vectors(sdxl_engine.models, 3, seed)}
        file = write_bundled(words, adapter_files.kohya, tmp_path / f"bundle {seed}.safetensors")
        return made(file, KohyaLoraFormat(NoConfig()), sdxl_engine, weight)

    return make


def made(file: Path, adapter_format: AdapterFormat, engine: SdxlEngine, weight: float = 1.0) -> LocalPack:
    return made_into_pack(file, file.parent, adapter_format, engine.layout(), weight=weight)


def told(engine: SdxlEngine, packs: list[LocalPack], **changes: Any) -> Conditioning:
    """What the UNet of a run is told, computed anew."""
    wanted = job(**changes)
    outfit = engine.wardrobe.dress(packs)
    try:
        return engine._prompts._encoded(wanted, outfit, guided=wanted.guidance_scale > 1)
    finally:
        engine.wardrobe.undress(outfit)


def taught(pipeline: Any, own: Vectors, word: str = WORD) -> Any:
    """diffusers' pipeline with the embedding in both tokenizers and encoders."""
    for key, number in (("clip_l", ""), ("clip_g", "_2")):
        encoder, tokenizer = getattr(pipeline, f"text_encoder{number}"), getattr(pipeline, f"tokenizer{number}")
        pipeline.load_textual_inversion(own[key], token=word, text_encoder=encoder, tokenizer=tokenizer)
    return pipeline


def by_diffusers(pipeline: Any, prompt: str, negative: str | None = None) -> tuple[torch.Tensor, ...]:
    with torch.no_grad():
        return tuple(pipeline.encode_prompt(prompt, device="cpu", negative_prompt=negative))


def assert_same(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


@pytest.mark.parametrize(
    ("prompt", "negative", "count"),
    [
        (f"a painting of a {WORD} at dusk", "blurry", 1),
        (f"a painting of a {WORD} at dusk", "blurry", 60),
        (f"{WORD}, {WORD.upper()}", None, 3),
        ("a lighthouse", f"ugly, {WORD}, text", 3),
        (f"a {WORD}.", WORD, 1),
        (f"{WORD}.", WORD, 74),
    ],
)
def test_both_encoders_read_what_diffusers_has_them_read(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, pack_of: MakePack, prompt: str, negative: str | None, count: int
) -> None:
    ours = told(sdxl_engine, [pack_of(count)], prompt=prompt, negative_prompt=negative or "")
    pipeline = taught(plain_pipeline, vectors(sdxl_engine.models, count, 1))
    # In capitals it would read the first vector alone.
    tokens, no_tokens, pooled, no_pooled = by_diffusers(pipeline, prompt.lower(), negative)
    assert_same(ours.tokens, torch.cat([no_tokens, tokens]))
    assert_same(ours.pooled, torch.cat([no_pooled, pooled]))
    plain = told(sdxl_engine, [], prompt=prompt, negative_prompt=negative or "")
    assert (ours.tokens - plain.tokens).abs().max() > 0.1 * plain.tokens.abs().max()


def test_the_pooled_output_is_taken_at_the_end_where_diffusers_takes_it_at_the_word(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, pack_of: MakePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SDXL 1.0's second encoder says that its end token is 2, and then pools at the highest id of the prompt."""
    prompt = f"a {WORD} at dusk"
    expected = told(sdxl_engine, [pack_of()], prompt=prompt)
    pipeline = taught(plain_pipeline, vectors(sdxl_engine.models, 3, 1))
    right = by_diffusers(pipeline, prompt)[2]
    for encoder in (sdxl_engine.pipeline.text_encoder_2, pipeline.text_encoder_2):
        monkeypatch.setattr(encoder.text_model, "eos_token_id", 2)
    assert torch.equal(told(sdxl_engine, [pack_of()], prompt=prompt).pooled, expected.pooled)
    assert_same(expected.pooled[1:], right)
    assert (by_diffusers(pipeline, prompt)[2] - right).abs().max() > 0.1 * right.abs().max()


def test_a_weighted_word_lies_its_weight_away_from_the_empty_prompt(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, pack_of: MakePack
) -> None:
    ours = told(sdxl_engine, [pack_of()], prompt=f"a ({WORD}:1.3) at dusk")
    pipeline = taught(plain_pipeline, vectors(sdxl_engine.models, 3, 1))
    tokens, _, pooled, _ = by_diffusers(pipeline, f"a {WORD} at dusk")
    empty = by_diffusers(pipeline, "")[0]
    weights = torch.ones(77)
    weights[2:5] = 1.3  # behind the start and "a"
    assert_same(ours.tokens[1], (empty + weights[None, :, None] * (tokens - empty))[0])
    assert_same(ours.pooled[1], pooled[0])


def test_an_embedding_is_never_cut_in_two(sdxl_engine: SdxlEngine, plain_pipeline: Any, pack_of: MakePack) -> None:
    """72 words leave room for 3 vectors; with 5 all of them go to the next chunk."""
    before, behind = "1 " * 72, " 2 2"
    ours = told(sdxl_engine, [pack_of(5)], prompt=f"{before}{WORD}{behind}")
    pipeline = taught(plain_pipeline, vectors(sdxl_engine.models, 5, 1))
    first, second = by_diffusers(pipeline, before), by_diffusers(pipeline, f"{WORD}{behind}")
    assert_same(ours.tokens[1], torch.cat([first[0][0], second[0][0]]))
    assert_same(ours.pooled[1], first[2][0])


def test_as_many_vectors_as_a_chunk_has_room_for_fill_it(sdxl_engine: SdxlEngine, pack_of: MakePack) -> None:
    own = vectors(sdxl_engine.models, 75, 1)["clip_l"]
    chunks = chunks_of(sdxl_engine.pipeline.tokenizer, fragments(f"a {WORD} {WORD}, b"), {WORD: own})
    assert [sorted(chunk.vectors) for chunk in chunks] == [[], [*range(1, 76)], [*range(1, 76)], []]
    assert all(torch.equal(chunks[1].vectors[place], own[place - 1]) for place in range(1, 76))
    with pytest.raises(JobRefusedError) as refused:
        told(sdxl_engine, [pack_of(75)], prompt=f"{WORD} " * (MAX_CHUNKS + 1))
    assert refused.value.code == "prompt_too_long"


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("a ruin, b", ["ruin"], [("a ", "ruin"), (", b", "")]),
        ("Ruin RUIN", ["ruin"], [("", "ruin"), (" ", "ruin"), ("", "")]),
        ("ruined ruins ruin-like my_ruin ruin2", ["ruin"], [("ruined ruins ruin-like my_ruin ruin2", "")]),
        ("ruin's (ruin)", ["ruin"], [("", "ruin"), ("'s (", "ruin"), (")", "")]),
        ("bad-hands-5 bad-hands", ["bad-hands", "bad-hands-5"], [("", "bad-hands-5"), (" ", "bad-hands"), ("", "")]),
        ("<s0><s1> s0", ["<s0>", "<s1>"], [("", "<s0>"), ("", "<s1>"), (" s0", "")]),
        ("v1.5 v125 v1", ["v1", "v1.5"], [("", "v1.5"), (" v125 ", "v1"), ("", "")]),
        ("cafe\u0301", ["caf\u00e9"], [("", "caf\u00e9"), ("", "")]),
        ("a ruin", [], [("a ruin", "")]),
    ],
)
def test_a_word_counts_where_it_stands_whole(text: str, words: list[str], expected: list[tuple[str, str]]) -> None:
    assert list(split(text, words)) == expected


def test_a_word_within_another_is_read_as_ever_where_diffusers_takes_it_for_the_word(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, bundle: MakePack
) -> None:
    outfit, plain = sdxl_engine.wardrobe.dress([bundle()]), Outfit()
    prompts = [sdxl_engine._prompts._read("a ruined house", worn) for worn in (outfit, plain)]
    sdxl_engine.wardrobe.undress(outfit)
    assert prompts[0] == prompts[1]
    taught(plain_pipeline, vectors(sdxl_engine.models, 1, 1))
    assert WORD in plain_pipeline.tokenizer.tokenize("a ruined house")


def test_nothing_that_runs_share_is_changed(sdxl_engine: SdxlEngine, pack_of: MakePack) -> None:
    pipeline, before = sdxl_engine.pipeline, sdxl_engine.fingerprint()
    sizes = [len(pipeline.tokenizer), len(pipeline.tokenizer_2)]
    plain = told(sdxl_engine, [], prompt=f"a {WORD}")
    run_with(sdxl_engine, job(prompt=f"a {WORD}", steps=1), [pack_of()])
    with pytest.raises(JobRefusedError):
        sdxl_engine.start(job(prompt=f"a {WORD}", negative_prompt="(b:9)"), [pack_of()])
    hooks = [getattr(pipeline, name).get_input_embeddings()._forward_hooks for name in ENCODERS]
    assert (sdxl_engine.fingerprint(), [len(pipeline.tokenizer), len(pipeline.tokenizer_2)]) == (before, sizes)
    assert not any(hooks)
    assert torch.equal(told(sdxl_engine, [], prompt=f"a {WORD}").tokens, plain.tokens)


def test_runs_with_other_vectors_for_the_same_word_are_drawn_in_one_batch(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, pack_of: MakePack, bundle: MakePack, adapter_files: AdapterFiles
) -> None:
    prompt = f"a {WORD} at dusk"
    worn: list[list[LocalPack]] = [[pack_of(seed=1)], [pack_of(seed=2)], [], [bundle(seed=2)]]
    drawn = [pixels(image) for image in run_together(sdxl_engine, [(job(prompt=prompt), own, 0) for own in worn])]
    plain = drawn_by_diffusers(plain_pipeline, job(prompt=prompt))
    assert np.abs(drawn[2] - plain).max() <= 1
    for image, seed in ((drawn[0], 1), (drawn[1], 2)):
        taught(plain_pipeline, vectors(sdxl_engine.models, 3, seed), f"other{seed}")
        expected = drawn_by_diffusers(plain_pipeline, job(prompt=f"a other{seed} at dusk"))
        assert np.abs(image - expected).max() <= 1
        assert np.abs(image - plain).mean() > 1
    plain_pipeline.load_lora_weights(str(adapter_files.kohya), adapter_name="style")
    with_lora = drawn_by_diffusers(plain_pipeline, job(prompt="a other2 at dusk"))
    assert np.abs(drawn[3] - with_lora).max() <= 1
    assert np.abs(drawn[3] - drawn[1]).mean() > 1


def test_what_is_remembered_belongs_to_the_vectors(
    sdxl_engine: SdxlEngine, pack_of: MakePack, bundle: MakePack
) -> None:
    """The same prompt at each turn, so only the outfit tells them apart."""

    def remembered(*packs: LocalPack) -> Conditioning:
        run = sdxl_engine.start(job(prompt=f"a {WORD} by the sea"), packs)
        sdxl_engine.end(run)
        return run.stages[0].conditioning

    outfits = [(), (pack_of(seed=1),), (pack_of(seed=2),), (bundle(seed=1),), (bundle(seed=2),)]
    first = [remembered(*own) for own in outfits]
    assert [remembered(*own) for own in outfits] == first
    assert len({own.tokens.numpy().tobytes() for own in first}) == len(outfits)


def test_at_weight_0_a_word_is_but_a_word(sdxl_engine: SdxlEngine, bundle: MakePack) -> None:
    prompt = f"a {WORD}"
    assert torch.equal(
        told(sdxl_engine, [bundle(weight=0.0)], prompt=prompt).tokens, told(sdxl_engine, [], prompt=prompt).tokens
    )
    half, whole = (sdxl_engine.wardrobe.dress([bundle(weight=weight)]) for weight in (0.5, 1.0))
    for component in ENCODERS:
        assert torch.equal(half.vectors(component)[WORD], whole.vectors(component)[WORD])
    sdxl_engine.wardrobe.undress(half)
    sdxl_engine.wardrobe.undress(whole)


def refusal(engine: SdxlEngine, packs: list[LocalPack], **changes: Any) -> str:
    with pytest.raises(JobRefusedError) as refused:
        engine.start(job(**changes), packs)
    assert refused.value.message.endswith(".")
    return refused.value.code


def test_refuses_what_would_be_drawn_otherwise_than_meant(
    sdxl_engine: SdxlEngine, pack_of: MakePack, bundle: MakePack
) -> None:
    one, other = pack_of(seed=1), pack_of(seed=2)
    weak = one.use.model_copy(update={"weight": 0.5})
    assert refusal(sdxl_engine, [one, other], prompt=WORD) == "same_word"
    assert refusal(sdxl_engine, [one, bundle()], prompt=WORD) == "same_word"
    assert refusal(sdxl_engine, [one], prompt="a lighthouse") == "word_missing"
    assert refusal(sdxl_engine, [one], prompt="a", negative_prompt=WORD, guidance_scale=1.0) == "word_missing"
    assert refusal(sdxl_engine, [one], prompt=WORD, adapters=[weak]) == "embedding_weight"
    for packs, changes in (([bundle()], {"prompt": "a"}), ([one], {"prompt": "a", "negative_prompt": WORD})):
        sdxl_engine.end(sdxl_engine.start(job(**changes), packs))


def test_without_its_word_in_the_prompt_a_bundle_is_its_lora(
    sdxl_engine: SdxlEngine, bundle: MakePack, adapter_files: AdapterFiles
) -> None:
    lora = made(adapter_files.kohya, KohyaLoraFormat(NoConfig()), sdxl_engine)
    images = [run_with(sdxl_engine, job(steps=2), [pack]).content for pack in (bundle(), lora)]
    assert images[0] == images[1]


def test_an_outfit_without_words_reads_none() -> None:
    assert Outfit().vectors("text_encoder") == {}
