"""What requests of this API become: the hub's own requests, compared whole."""

import hashlib
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from marketplace.dialects.engines import Engine
from marketplace.dialects.errors import Refused
from marketplace.dialects.fields import Fields, fields_of_form
from marketplace.generation.requests import AdapterChoice, GenerationRequest
from marketplace.stability.engines import engine_of
from marketplace.stability.presets import PRESETS
from marketplace.stability.prompts import TextPrompt, joined
from marketplace.stability.requests import image_to_image, text_to_image, upscale
from marketplace.stability.tables import SCHEDULERS
from plugins.sdxl.plugin import INFO as SDXL
from plugins.sdxl.weighting import fragments
from tests.factories.catalogue import make_pack, make_style, make_version
from tests.factories.stability import drawing_base, file, picture_base, png, upscaler

pytestmark = pytest.mark.django_db
FOX = [{"text": "fox"}]


def kept(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def small() -> Engine:
    picture_base()
    return engine_of("small")


def test_what_is_left_out_the_base_decides_but_for_the_size_and_a_seed() -> None:
    [request] = text_to_image(Fields({"text_prompts": FOX, "seed": 5}), small())
    assert request == GenerationRequest(base_model="small", prompt="fox", width=128, height=128, seed=5, composed=True)


def test_every_field_has_its_place() -> None:
    base = picture_base()
    one, other = (
        make_version(pack=make_pack(base_model=base), style=make_style(slug=slug)) for slug in ("ink", "wash")
    )
    body = {
        "text_prompts": [{"text": "fox", "weight": 2}, {"text": "(blue)", "weight": None}, {"text": "cat", "weight": -0.5}],
        "width": 128.0,
        "height": 128,
        "cfg_scale": 35,
        "clip_guidance_preset": "SLOWEST",
        "sampler": "K_EULER_ANCESTRAL",
        "samples": 2,
        "seed": 2**32 - 1,
        "steps": 150,
        "style_preset": "isometric",
        "extras": {"adapters": [{"id": "small.wash.v1", "weight": 0.25}]},
    }  # fmt: skip
    common: dict[str, Any] = {
        "base_model": "small",
        "prompt": r"(fox:2.0000), \(blue\), isometric view, miniature scene, soft shadows",
        "negative_prompt": "(cat:0.5000), perspective view, photograph",
        "adapters": (AdapterChoice(one.pk, 1.0), AdapterChoice(other.pk, 0.25)),
        "width": 128,
        "height": 128,
        "steps": 150,
        "guidance_scale": 35.0,
        "scheduler": "euler_a",
        "composed": True,
    }
    assert text_to_image(Fields(body), engine_of("small.ink.v1")) == [
        GenerationRequest(**common, seed=2**32 - 1),
        GenerationRequest(**common, seed=1),
    ]


@pytest.mark.parametrize(
    ("form", "strength"),
    [
        ({}, 0.65),
        ({"image_strength": "0"}, 1.0),
        ({"image_strength": "0.9", "steps": "10"}, 0.1),
        ({"image_strength": "0.4", "init_image_mode": "IMAGE_STRENGTH", "step_schedule_start": "0.1"}, 0.6),
        ({"init_image_mode": "STEP_SCHEDULE"}, 0.65),
        ({"init_image_mode": "STEP_SCHEDULE", "step_schedule_start": "0.25", "step_schedule_end": "0"}, 0.25),
    ],
)
def test_how_much_of_a_picture_is_drawn_anew(form: dict[str, str], strength: float) -> None:
    assert started(form).strength == strength


@pytest.mark.parametrize("steps", range(10, 151, 7))
def test_a_picture_that_is_kept_whole_still_goes_through_one_step(steps: int) -> None:
    strength = started({"image_strength": "1", "steps": str(steps)}).strength
    assert strength is not None
    assert int(steps * strength) == 1


def started(form: dict[str, str]) -> GenerationRequest:
    data = QueryDict(mutable=True)
    data.update({"text_prompts[7][text]": "fox", **form})
    [request] = image_to_image(fields_of_form(data), {"init_image": file(png())}, small(), kept)
    assert (request.width, request.height, request.picture) == (128, 128, kept(png()))
    return request


def test_extras_of_a_form_may_be_a_json_text() -> None:
    style = make_version(pack=make_pack(base_model=picture_base()), style=make_style(slug="ink"))
    request = started({"extras": '{"adapters": [{"id": "small.ink.v1", "weight": 0.25}]}'})
    assert request.adapters == (AdapterChoice(style.pk, 0.25),)
    for text in ("[1]", "7", "no", '"{}"', "[" * 100_000):
        with pytest.raises(Refused, match="must be an object"):
            started({"extras": text})


def test_places_in_a_form_need_not_follow_and_of_two_values_the_last_counts() -> None:
    data = QueryDict(
        "text_prompts[10][text]=b&text_prompts[2][text]=a&text_prompts[2][text]=c&extras[adapters][0][id]=x"
    )
    found = fields_of_form(data)
    assert [row.text("text", 9) for row in found.rows("text_prompts", 9)] == ["c", "b"]
    assert [row.text("id", 9) for row in found.part("extras").rows("adapters", 4)] == ["x"]


def test_upscaling_asks_for_a_picture_and_no_seed() -> None:
    upscaler()
    content = png((300, 200))
    assert upscale(Fields({}), {"image": file(content, "image")}, engine_of("irodori-x2"), kept) == [
        GenerationRequest(
            base_model="irodori-x2", prompt="upscale", width=600, height=400, picture=kept(content), strength=1.0
        )
    ]


@given(st.text(st.sampled_from("a b():[]\\1.3")), st.sampled_from([1.0, 0.25, 3.0]))
def test_brackets_in_a_text_are_ordinary_characters_to_the_engine(text: str, weight: float) -> None:
    prompt, _ = joined([TextPrompt(text, weight)], None, 5.0)
    found = fragments(prompt)
    assert ("".join(each.text for each in found), {each.weight for each in found if each.text}) in (
        (text, {weight}),
        ("", set()),
    )


def test_a_text_of_weight_zero_is_left_out_and_one_too_heavy_refused() -> None:
    assert joined([TextPrompt("fox", 1), TextPrompt("cat", 0)], None, 0) == ("fox", "")
    with pytest.raises(Refused, match="from -5 to 5"):
        joined([TextPrompt("fox", 5.5)], None, 5.0)


def test_every_preset_says_something_and_no_two_the_same() -> None:
    assert len(PRESETS) == 17
    assert len({preset.prompt for preset in PRESETS.values()}) == 17
    assert all(preset.prompt for preset in PRESETS.values())


def test_a_base_that_reads_no_marks_gets_the_text_as_it_is() -> None:
    drawing_base()
    [request] = text_to_image(Fields({"text_prompts": [{"text": "a (red) fox"}], "seed": 1}), engine_of("drawer"))
    assert request.prompt == "a (red) fox"


def test_every_sampler_is_a_scheduler_that_bases_of_sdxl_offer() -> None:
    assert [name for name, scheduler in SCHEDULERS.items() if not SDXL.offers(scheduler)] == []
