"""What requests of this API become: the hub's own requests, compared whole."""

import hashlib
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from hub.config import plugin_registry
from hub.plugin_api import ENGINE
from marketplace.catalogue.models import BaseModel
from marketplace.dialects.engines import Engine
from marketplace.dialects.fields import Fields, fields_of_form
from marketplace.generation.requests import AdapterChoice, GenerationRequest
from marketplace.openai.parameters import Delivery
from marketplace.openai.requests import Wanted, edit, generate
from marketplace.openai.sizes import size_of_shape
from tests.factories.catalogue import make_pack, make_style, make_version
from tests.factories.stability import drawing_base, file, picture_base, png

RED = png()


def kept(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def edited(form: dict[str, str], image: bytes = RED, **files: bytes) -> Wanted:
    query = QueryDict(mutable=True)
    query.update({"prompt": "fox", **form})
    sent = {name: file(content) for name, content in files.items()}
    return edit(fields_of_form(query), [file(image)], sent, kept)


@pytest.mark.django_db
def test_what_is_left_out_the_base_decides_but_for_a_seed() -> None:
    drawing_base()
    wanted = generate(Fields({"prompt": "fox", "seed": 5, "n": None, "size": None, "model": None, "stream": None}))
    assert wanted == Wanted([GenerationRequest(base_model="drawer", prompt="fox", seed=5)], Delivery())


@pytest.mark.django_db
def test_every_field_has_its_place() -> None:
    base = picture_base(default_steps=20)
    one, other = (
        make_version(pack=make_pack(base_model=base), style=make_style(slug=slug)) for slug in ("ink", "wash")
    )
    body = {
        "prompt": "a fox ",
        "model": "small.ink.v1",
        "n": 3,
        "size": "128x96",
        "quality": "hd",
        "style": "vivid",
        "background": "opaque",
        "moderation": "low",
        "output_format": "webp",
        "output_compression": 40,
        "response_format": "url",
        "user": "u",
        "safety_identifier": "s",
        "negative_prompt": "blue",
        "seed": 2**32 - 2,
        "adapters": [{"id": "small.wash.v1", "weight": 0.25}],
    }
    common: dict[str, Any] = {
        "base_model": "small",
        "prompt": "a fox, vivid colours, dramatic light",
        "negative_prompt": "blue",
        "width": 128,
        "height": 96,
        "steps": 30,
        "adapters": (AdapterChoice(one.pk, 1.0), AdapterChoice(other.pk, 0.25)),
        "composed": True,
    }
    assert generate(Fields(body)) == Wanted(
        [GenerationRequest(**common, seed=seed) for seed in (2**32 - 2, 2**32 - 1, 0)],
        Delivery(format="webp", compression=40, as_url=True, quality="high", safety_identifier="s"),
        revised_prompt="a fox, vivid colours, dramatic light",
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("quality", "steps", "said"),
    [
        (None, None, "medium"), ("auto", None, "medium"), ("standard", None, "medium"), ("medium", None, "medium"),
        ("low", 10, "low"), ("high", 30, "high"), ("hd", 30, "high"), ("xhigh", 40, "xhigh"), ("max", 50, "max"),
    ],
)  # fmt: skip
def test_quality_is_steps_as_far_as_the_engine_goes(quality: str | None, steps: int | None, said: str) -> None:
    drawing_base(default_steps=20)  # the engine does 50
    wanted = generate(Fields({"prompt": "fox", "quality": quality}))
    assert (wanted.requests[0].steps, wanted.delivery.quality) == (steps, said)


@pytest.mark.django_db
@pytest.mark.parametrize(("fidelity", "strength"), [(None, 0.6), ("low", 0.6), ("high", 0.35)])
def test_a_picture_is_kept_as_far_as_its_fidelity_says(fidelity: str | None, strength: float) -> None:
    picture_base()
    wanted = edited({"seed": "1", "stream": "true"} | ({"input_fidelity": fidelity} if fidelity else {}))
    request = GenerationRequest(
        base_model="small", prompt="fox", seed=1, width=128, height=128, picture=kept(RED), strength=strength
    )
    assert wanted == Wanted([request], Delivery(streamed=True))


@pytest.mark.django_db
@pytest.mark.parametrize(("fidelity", "strength"), [("low", 1.0), ("high", 0.75)])
def test_what_is_transparent_in_the_mask_is_drawn_anew(fidelity: str, strength: float) -> None:
    picture_base()
    mask, white = png(mode="RGBA", colour=(9, 9, 9, 0)), kept(png(mode="L", colour=255))
    [request] = edited({"input_fidelity": fidelity, "size": "auto"}, mask=mask).requests
    assert (request.mask, request.strength) == (white, strength)


@pytest.mark.django_db
def test_a_size_that_is_asked_for_holds_for_an_edit_too() -> None:
    picture_base()
    [request] = edited({"size": "64x96"}).requests
    assert (request.width, request.height) == (64, 96)


@pytest.mark.django_db
def test_a_forms_mix_is_json_or_a_field_for_each_value() -> None:
    version = make_version(pack=make_pack(base_model=picture_base()), style=make_style(slug="ink"))
    for form in (
        {"adapters": '[{"id": "small.ink.v1", "weight": 0.5}]'},
        {"adapters[0][id]": "small.ink.v1", "adapters[0][weight]": "0.5"},
    ):
        assert edited(form).requests[0].adapters == (AdapterChoice(version.pk, 0.5),)


@given(st.integers(1, 4096), st.integers(1, 4096), st.integers(8, 2000), st.integers(0, 1000), st.integers(0, 1000))
def test_an_edit_without_a_size_gets_one_that_the_base_makes(
    width: int, height: int, usual: int, less: int, more: int
) -> None:
    base = BaseModel(default_side=usual, min_side=max(8, usual - less), max_side=usual + more)
    step = 8
    if -(-base.min_side // step) > base.max_side // step:
        return  # it makes no size at all
    sides = size_of_shape((width, height), Engine("x", base, plugin_registry().info(ENGINE, "echo")))
    assert all(base.min_side <= side <= base.max_side and side % step == 0 for side in sides)


@pytest.mark.parametrize(
    ("picture", "size"),
    [((1024, 1024), (1024, 1024)), ((4000, 3000), (1184, 888)), ((300, 300), (1024, 1024)), ((4096, 16), (2048, 512))],
)
def test_an_edit_without_a_size_keeps_the_shape(picture: tuple[int, int], size: tuple[int, int]) -> None:
    base = BaseModel(default_side=1024, min_side=512, max_side=2048)
    assert size_of_shape(picture, Engine("x", base, plugin_registry().info(ENGINE, "echo"))) == size
