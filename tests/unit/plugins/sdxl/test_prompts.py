"""Weighted and long prompts are compared with what diffusers' own pipeline encodes and draws."""

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLPipeline

from hub.jobs import GenerateJob
from hub.local import shipped
from hub.plugin_api import JobRefusedError, LocalPack
from plugins.sdxl.adapters import Outfit
from plugins.sdxl.chunks import MAX_CHUNKS, chunks_of
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.prompts import Conditioning
from plugins.sdxl.weighting import fragments
from tests.serving_jobs import job, pixels, run_together, run_with

pytestmark = pytest.mark.torch
LONG = "a lighthouse at dusk with long shadows on the water, " * 12


def part(text: str, weight: float = 1.0) -> tuple[str, Any]:
    return text, pytest.approx(weight)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a fox", [part("a fox")]),
        ("", [part("")]),
        ("a (red:1.3) fox", [part("a "), part("red", 1.3), part(" fox")]),
        ("a (red) [fox]", [part("a "), part("red", 1.1), part(" "), part("fox", 1 / 1.1)]),
        ("((a (red:2) fox))", [part("a ", 1.21), part("red", 2.42), part(" fox", 1.21)]),
        ("(a:0) ( b : .5 )", [part("a", 0), part(" "), part(" b ", 0.5)]),
        (r"a fox \(red:1.3\)", [part("a fox (red:1.3)")]),
        (r"back\slash \\", [part("back\\slash \\")]),
        ("sad :( or glad :)", [part("sad :"), part(" or glad :", 1.1)]),
        ("time 12:30, ratio 1:2", [part("time 12:30, ratio 1:2")]),
        ("a ( b", [part("a ( b")]),
        ("a ) b]", [part("a ) b]")]),
        ("(a [ b)", [part("a [ b", 1.1)]),
        ("(wo)rd", [part("wo", 1.1), part("rd")]),
        ("(wo:1.0)rd", [part("wo"), part("rd")]),
        ("(x:inf) (y:nan)", [part("x:inf", 1.1), part(" "), part("y:nan", 1.1)]),
    ],
)
def test_marks_say_how_much_each_part_counts(prompt: str, expected: list[tuple[str, Any]]) -> None:
    assert [(found.text, found.weight) for found in fragments(prompt)] == expected


@pytest.mark.parametrize(
    "prompt", ["(a:6)", "(a:-1)", "(" * 400 + "a" + ")" * 400, "((a:4):4)", "(a:" + "9" * 400 + ")"]
)
def test_a_weight_out_of_range_is_refused(sdxl_engine: SdxlEngine, prompt: str) -> None:
    for changes in ({"prompt": prompt}, {"prompt": "a", "negative_prompt": prompt}):
        with pytest.raises(JobRefusedError) as refused:
            sdxl_engine.start(job(**changes), [])
        assert refused.value.code == "prompt_weight"


def test_a_prompt_beyond_the_most_chunks_is_refused(sdxl_engine: SdxlEngine) -> None:
    with pytest.raises(JobRefusedError) as refused:
        sdxl_engine.start(job(prompt="1 " * 75 * MAX_CHUNKS + "2"), [])
    assert refused.value.code == "prompt_too_long"
    sdxl_engine.end(sdxl_engine.start(job(prompt="1 " * 75 * MAX_CHUNKS), []))


def conditioning(engine: SdxlEngine, **changes: Any) -> Conditioning:
    return engine._prompts._encoded(job(**changes), Outfit(), guided=changes.get("guidance_scale", 5.0) > 1)


def encoded(pipeline: Any, prompt: str, negative: str | None = None) -> tuple[torch.Tensor, ...]:
    with torch.no_grad():
        return tuple(pipeline.encode_prompt(prompt, device="cpu", negative_prompt=negative))


@pytest.mark.parametrize("prompt", ["a fox", "a fox on a wooden chair, warm light", "sad :(", "", "狐"])
def test_an_ordinary_prompt_in_chunks_has_diffusers_bytes(
    sdxl_engine: SdxlEngine, plain_pipeline: Any, prompt: str
) -> None:
    """Start, end and padding stand where the tokenizer puts them, so the unusual way can't drift from the usual."""
    prompts = sdxl_engine._prompts
    with torch.no_grad():
        tokens, pooled = prompts._told(prompts._read(prompt, Outfit()), 1)
    expected = encoded(plain_pipeline, prompt)
    assert torch.equal(tokens, expected[0])
    assert torch.equal(pooled, expected[2])


def test_a_token_lies_its_weight_away_from_the_empty_prompts(sdxl_engine: SdxlEngine, plain_pipeline: Any) -> None:
    told = conditioning(sdxl_engine, prompt="a (cat:1.5) asleep on a [chair]")
    plain, _, pooled, _ = encoded(plain_pipeline, "a cat asleep on a chair")
    empty = encoded(plain_pipeline, "")[0]
    tokens = plain_pipeline.tokenizer("a cat asleep on a chair").input_ids
    words = [plain_pipeline.tokenizer(word, add_special_tokens=False).input_ids for word in ("cat", "chair")]
    weights = torch.ones(77)
    for ids, weight in zip(words, (1.5, 1 / 1.1), strict=True):
        place = next(at for at in range(len(tokens)) if tokens[at : at + len(ids)] == ids)
        weights[place : place + len(ids)] = weight
    expected = empty + weights[None, :, None] * (plain - empty)
    assert (told.tokens[1] - expected[0]).abs().max() < 1e-5
    assert torch.equal(told.tokens[1][weights == 1], plain[0][weights == 1])
    assert torch.equal(told.pooled[1], pooled[0])
    assert not told.tokens[0].any()


def test_a_long_prompt_is_its_chunks_side_by_side(sdxl_engine: SdxlEngine, plain_pipeline: Any) -> None:
    pieces = [plain_pipeline.tokenizer.decode(chunk.ids, skip_special_tokens=True) for chunk in chunks(plain_pipeline)]
    assert len(pieces) > 1
    told = conditioning(sdxl_engine, prompt=LONG, negative_prompt="blurry")
    expected = [encoded(plain_pipeline, piece, "blurry") for piece in pieces]
    empty = encoded(plain_pipeline, "")
    assert torch.equal(told.tokens[1], torch.cat([each[0][0] for each in expected]))
    assert torch.equal(told.pooled[1], expected[0][2][0])
    assert torch.equal(told.tokens[0], torch.cat([expected[0][1][0], *[empty[0][0]] * (len(pieces) - 1)]))
    assert torch.equal(told.pooled[0], expected[0][3][0])


def chunks(pipeline: Any) -> Any:
    return chunks_of(pipeline.tokenizer, fragments(LONG))


def test_chunks_end_after_a_comma_else_after_a_word(plain_pipeline: Any) -> None:
    def texts(prompt: str) -> list[str]:
        found = chunks_of(plain_pipeline.tokenizer, fragments(prompt))
        return [plain_pipeline.tokenizer.decode(chunk.ids, skip_special_tokens=True).strip() for chunk in found]

    assert texts("1 " * 70 + ", " + "2 " * 70) == [" ".join("1" * 70) + " ,", " ".join("2" * 70)]
    assert texts("1 , " + "2 " * 80) == ["1 , " + " ".join("2" * 73), " ".join("2" * 7)]
    assert texts("1 " * 74 + "xqxq") == [" ".join("1" * 74), "xqxq"]


def called(pipeline: Any, told: Conditioning, seed: int) -> "np.ndarray[Any, Any]":
    image = pipeline(
        prompt_embeds=told.tokens[1:],
        negative_prompt_embeds=told.tokens[:1],
        pooled_prompt_embeds=told.pooled[1:],
        negative_pooled_prompt_embeds=told.pooled[:1],
        width=64,
        height=64,
        num_inference_steps=4,
        guidance_scale=5.0,
        generator=torch.Generator("cpu").manual_seed(seed),
    ).images[0]
    return np.asarray(image).astype(np.int16)


def test_long_weighted_and_ordinary_prompts_run_side_by_side(sdxl_engine: SdxlEngine, plain_pipeline: Any) -> None:
    wanted: list[dict[str, Any]] = [
        {"prompt": LONG},
        {"prompt": "a (cat:1.4) asleep", "negative_prompt": "(blurry:1.2)"},
        {"prompt": "a cat asleep"},
        {"prompt": "a cat asleep", "negative_prompt": LONG},
    ]
    requests: list[tuple[GenerateJob, list[LocalPack], int]] = [
        (job(seed=seed, **each), [], seed) for seed, each in enumerate(wanted)
    ]
    drawn = [pixels(image) for image in run_together(sdxl_engine, requests)]
    for index, each in enumerate(wanted):
        expected = called(plain_pipeline, conditioning(sdxl_engine, **each), index)
        assert np.abs(drawn[index] - expected).max() <= 1
    assert np.abs(drawn[1] - drawn[2]).mean() > 1
    assert np.abs(drawn[2] - drawn[3]).mean() > 1


def test_the_shipped_base_reads_beyond_its_own_shorter_context() -> None:
    engine = SdxlEngine(SdxlConfig(base=str(shipped.BASE), base_model="tiny-sdxl"))
    engine.load("cpu")
    pipeline = StableDiffusionXLPipeline.from_pretrained(shipped.BASE, dtype=torch.float32, add_watermarker=False)
    long = "a fox on a blue background, a whale on a red background, " * 4
    assert conditioning(engine, prompt=long).tokens.shape == (2, 64, 192)
    short = conditioning(engine, prompt="a fox on a blue background")
    expected = encoded(pipeline, "a fox on a blue background")
    assert torch.equal(short.tokens, torch.cat([expected[1], expected[0]]))
    assert pixels(run_with(engine, job(prompt=long, steps=1))).shape == (64, 64, 3)
