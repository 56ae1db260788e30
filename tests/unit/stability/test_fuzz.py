"""Whatever is sent is answered with a refusal in the API's shape, at once, and never costs anything."""

import json
import time
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.generation.models import Generation
from tests.factories.accounts import make_user
from tests.factories.stability import drawing_base, file, picture_base, png, program_of

# Without a penny, what is right by chance is refused for lack of it.
pytestmark = pytest.mark.django_db
FIELDS = (
    *("text_prompts", "height", "width", "cfg_scale", "clip_guidance_preset", "sampler", "samples", "seed", "steps"),
    *("style_preset", "extras", "init_image", "init_image_mode", "image_strength", "step_schedule_start"),
    *("step_schedule_end", "mask_source", "mask_image", "image", "text", "weight", "adapters", "id"),
)
ADDRESSES = ("drawer/text-to-image", *(f"small/image-to-image{rest}" for rest in ("", "/masking", "/upscale")))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())
    | st.sampled_from(["fox", "K_EULER", "anime", "MASK_IMAGE_WHITE", "STEP_SCHEDULE"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner),
    max_leaves=12,
)
bodies = st.dictionaries(st.sampled_from(FIELDS), values, max_size=8) | values
keys = st.from_regex(
    r"(text_prompts|extras|seed|steps|init_image|a)(\[(0|1|-1|x|text|weight|adapters)?\]?){0,6}", fullmatch=True
)
forms = st.dictionaries(
    keys | st.sampled_from(FIELDS), st.text(st.characters(codec="utf-8")) | st.just("1"), max_size=8
)
often = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("marketplace.stability.views.StabilityView.throttle_classes", ())
    drawing_base()
    picture_base()
    return program_of(make_user(), raise_request_exception=False)


def check_refused(answer: Any) -> None:
    assert 400 <= answer.status_code < 500, answer.content
    assert set(answer.json()) == {"id", "name", "message"}
    assert not Generation.objects.exists()


@often
@given(bodies)
def test_any_json(program: Client, body: Any) -> None:
    check_refused(program.post(f"/v1/generation/{ADDRESSES[0]}", json.dumps(body), "application/json"))


@often
@given(st.sampled_from(FIELDS), values)
def test_any_value_in_a_request_that_is_right_but_for_it(program: Client, field: str, value: Any) -> None:
    for body in ({"text_prompts": [{"text": "fox"}], field: value}, {"text_prompts": [{"text": "fox", field: value}]}):
        check_refused(program.post(f"/v1/generation/{ADDRESSES[0]}", json.dumps(body), "application/json"))


@often
@given(st.sampled_from(ADDRESSES), st.binary(max_size=300), st.sampled_from(["application/json", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "", "é/ü; =", "application/json; charset=none"]))  # fmt: skip
def test_any_bytes_of_any_kind(program: Client, address: str, body: bytes, kind: str) -> None:
    check_refused(program.generic("POST", f"/v1/generation/{address}", body, kind))


@often
@given(st.sampled_from(ADDRESSES[1:]), forms)
def test_any_form(program: Client, address: str, form: dict[str, str]) -> None:
    check_refused(program.post(f"/v1/generation/{address}", form))
    check_refused(program.post(f"/v1/generation/{address}", {"text_prompts[0][text]": "fox"} | form))


@often
@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_file(program: Client, content: bytes, cut: int) -> None:
    for start in (content, png()[:cut] + content):
        form = {"text_prompts[0][text]": "fox", "mask_source": "INIT_IMAGE_ALPHA", "init_image": file(start)}
        check_refused(program.post(f"/v1/generation/{ADDRESSES[2]}", form))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"text_prompts":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"extras":' + b'{"a":' * 900 + b"1" + b"}" * 901,
        b'{"text_prompts":[' + b"0," * 10**6 + b"0]}",
        b'{"text_prompts":[' + b"{}," * 7 * 10**5 + b"{}]}",
        b'{"text_prompts":[{"text":"fox"}],"extras":{"adapters":[' + b"0," * 10**6 + b"0]}}",
        b'{"text_prompts":[{"text":"fox"}],"seed":' + b"9" * 100_000 + b"}",
        b'{"text_prompts":[{"text":"fox"}],"seed":1e999}',
        b'{"text_prompts":[{"text":"\\ud800"}]}',
        b"\xff\xfe{}",
        b"",
    ],
    ids=range(11),
)
def test_deep_long_and_huge_bodies(program: Client, body: bytes) -> None:
    began = time.monotonic()
    check_refused(program.post(f"/v1/generation/{ADDRESSES[0]}", body, "application/json"))
    assert time.monotonic() - began < 5


def test_a_form_of_very_many_fields(program: Client) -> None:
    form = {f"text_prompts[{place}][text]": "x" for place in range(3_000)}
    check_refused(program.post(f"/v1/generation/{ADDRESSES[1]}", form))
