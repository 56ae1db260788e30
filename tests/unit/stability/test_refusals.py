"""Every error of the API's table, by name and status, before anything is ordered."""

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest
from django.test import Client

from marketplace.api.bodies import MAX_BODY_BYTES
from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import wallet_balance
from marketplace.rights.services import add_opt_out
from marketplace.stability.tables import STATUS
from marketplace.stability.throttles import REQUESTS
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, make_style, make_version
from tests.factories.ledger import CREDIT, make_buyer
from tests.factories.stability import PROMPT, drawing_base, file, picture_base, png, program_of, upscaler

pytestmark = pytest.mark.django_db
FOX = {"text_prompts": [{"text": PROMPT}]}
FOX_FORM = {"text_prompts[0][text]": PROMPT}


@pytest.fixture
def program() -> Client:
    return program_of(make_buyer())


def refusal(response: Any) -> tuple[int, str]:
    """Status and name, and that nothing was ordered."""
    answer = response.json()
    assert answer == {"id": ANY, "name": ANY, "message": ANY}
    assert all(isinstance(text, str) and text for text in answer.values())
    assert not Generation.objects.exists()
    return response.status_code, answer["name"]


def draw(program: Client, engine: str = "drawer", **changes: Any) -> Any:
    headers = {"accept": changes.pop("accept")} if "accept" in changes else {}
    address = f"/v1/generation/{engine}/text-to-image"
    return program.post(address, FOX | changes, "application/json", headers=headers)


def send(program: Client, what: str = "image-to-image", engine: str = "small", **changes: Any) -> Any:
    """A form; a field that is None is left out."""
    form = {**FOX_FORM, "init_image": file(png())} | changes
    return program.post(
        f"/v1/generation/{engine}/{what}", {name: value for name, value in form.items() if value is not None}
    )


DRAWN: list[tuple[dict[str, Any], str, str]] = [
    ({"text_prompts": None}, "bad_request", "text_prompts: is required"),
    ({"text_prompts": []}, "bad_request", "text_prompts: is required"),
    ({"text_prompts": "fox"}, "bad_request", "text_prompts: must be a list of at most 50 objects"),
    ({"text_prompts": [{}]}, "bad_request", "text_prompts[0].text: is required"),
    ({"text_prompts": [{"text": "x" * 2001}]}, "bad_request", "text_prompts[0].text: must be a text of at most 2000 characters"),
    ({"text_prompts": [{"text": 7}]}, "bad_request", "text_prompts[0].text: must be a text of at most 2000 characters"),
    ({"text_prompts": [{"text": "fox", "weight": "1"}]}, "bad_request", "text_prompts[0].weight: must be a number from -100 to 100"),
    ({"text_prompts": [{"text": "fox", "weight": -1}]}, "bad_request", "text_prompts: needs one with a weight above 0: say what to draw"),
    ({"text_prompts": [{"text": "fox", "weight": 0.5}]}, "bad_request", "text_prompts: must have weights of 1 or -1 with this engine"),
    ({"text_prompts": [{"text": "\u200b"}]}, "bad_request", "text_prompts: Say what to draw: the prompt is empty."),
    ({"text_prompts": [{"text": "a\x00b"}]}, "bad_request", "text_prompts: This text holds control characters. Type it again as plain text."),
    ({"text_prompts": [{"text": "a fox by Example Artist"}]}, "invalid_prompts", "text_prompts: Example Artist asked not to be imitated. Describe the picture without the name."),
    ({"height": 100}, "invalid_height_or_width", "height: must be an integer from 128 to 4096"),
    ({"width": 129}, "invalid_height_or_width", "width: must be in increments of 64"),
    ({"width": "128"}, "invalid_height_or_width", "width: must be an integer from 128 to 4096"),
    ({"width": True}, "invalid_height_or_width", "width: must be an integer from 128 to 4096"),
    ({"width": 10**300}, "invalid_height_or_width", "width: must be an integer from 128 to 4096"),
    ({"width": 1024}, "invalid_height_or_width", "width: Echo makes sides from 128 to 512 pixels, in steps of 8."),
    ({"cfg_scale": 35.5}, "bad_request", "cfg_scale: must be a number from 0 to 35.0"),
    ({"cfg_scale": -1}, "bad_request", "cfg_scale: must be a number from 0 to 35.0"),
    ({"cfg_scale": 10**400}, "bad_request", "cfg_scale: must be a number from 0 to 35.0"),
    ({"clip_guidance_preset": "FAST"}, "bad_request", "clip_guidance_preset: must be one of FAST_BLUE, FAST_GREEN, NONE, SIMPLE, SLOW, SLOWER, SLOWEST"),
    ({"sampler": "euler"}, "bad_request", "sampler: must be one of DDIM, DDPM, K_DPMPP_2M, K_DPMPP_2S_ANCESTRAL, K_DPM_2, K_DPM_2_ANCESTRAL, K_EULER, K_EULER_ANCESTRAL, K_HEUN, K_LMS"),
    ({"sampler": "K_LMS"}, "bad_request", "sampler: K_LMS is not offered by this engine. Leave it out, or choose one of K_EULER."),
    ({"samples": 0}, "invalid_samples", "samples: must be an integer from 1 to 10"),
    ({"samples": 11}, "invalid_samples", "samples: must be an integer from 1 to 10"),
    ({"samples": 2, "accept": "image/png"}, "invalid_samples", "samples: must be 1 where Accept is image/png"),
    ({"accept": "text/html"}, "bad_request", "accept: must be application/json or image/png"),
    ({"seed": -1}, "bad_request", "seed: must be an integer from 0 to 4294967295"),
    ({"seed": 2**32}, "bad_request", "seed: must be an integer from 0 to 4294967295"),
    ({"seed": 1.5}, "bad_request", "seed: must be an integer from 0 to 4294967295"),
    ({"steps": 9}, "bad_request", "steps: must be an integer from 10 to 150"),
    ({"steps": 151}, "bad_request", "steps: must be an integer from 10 to 150"),
    ({"steps": 51}, "bad_request", "steps: Choose a number from 1 to 50."),
    ({"style_preset": "ukiyo-e"}, "bad_request", "style_preset: must be one of enhance, anime, photographic, digital-art, comic-book, fantasy-art, line-art, analog-film, neon-punk, isometric, low-poly, origami, modeling-compound, cinematic, 3d-model, pixel-art, tile-texture"),
    ({"extras": []}, "bad_request", "extras: must be an object"),
    ({"extras": {"adapters": {"id": "x"}}}, "bad_request", "extras.adapters: must be a list of at most 4 objects"),
    ({"extras": {"adapters": [{"id": "drawer"}]}}, "bad_request", "extras.adapters: drawer is no style. Name a style's id."),
    ({"extras": {"adapters": [{"id": "no.such.v1"}]}}, "not_found", "The specified engine (ID no.such.v1) was not found."),
    ({"extras": {"adapters": [{"id": "x", "weight": 3}]}}, "bad_request", "extras.adapters[0].weight: must be a number from -2.0 to 2.0"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "name", "message"), DRAWN, ids=[f"{n} {next(iter(c))}" for c, n, _ in DRAWN])
def test_text_to_image_refuses(program: Client, changes: dict[str, Any], name: str, message: str) -> None:
    drawing_base()
    add_opt_out(name="Example Artist")
    answer = draw(program, **changes)
    assert (refusal(answer), answer.json()["message"]) == ((STATUS[name], name), message)


SENT: list[tuple[str, dict[str, Any], str, str]] = [
    ("image-to-image", {"init_image": None}, "bad_request", "init_image: is required, as a file"),
    ("image-to-image", {"init_image": "no file"}, "bad_request", "init_image: is required, as a file"),
    ("image-to-image", {"init_image": file(b"")}, "invalid_file_size", "init_image: must have from 1 byte to 16 MiB"),
    ("image-to-image", {"init_image": file(bytes(16 * 2**20 + 1))}, "invalid_file_size", "init_image: must have from 1 byte to 16 MiB"),
    ("image-to-image", {"init_image": file(b"GIF89a")}, "invalid_mime_type", "init_image: This is GIF. Send the picture as PNG, JPEG or WebP."),
    ("image-to-image", {"init_image": file(png((4097, 1)))}, "invalid_image_dimensions", "init_image: The picture has 4097 x 1 pixels. Send one of at most 4096 on a side."),
    ("image-to-image", {"init_image": file(png((128, 192)))}, "invalid_image_dimensions", "init_image: has 128 x 192 pixels. Tiny SDXL makes sides from 128 to 128, in steps of 8."),
    ("image-to-image", {"image_strength": "1.1"}, "bad_request", "image_strength: must be a number from 0 to 1"),
    ("image-to-image", {"image_strength": "nan"}, "bad_request", "image_strength: must be a number from 0 to 1"),
    ("image-to-image", {"init_image_mode": "BOTH"}, "bad_request", "init_image_mode: must be one of IMAGE_STRENGTH, STEP_SCHEDULE"),
    ("image-to-image", {"step_schedule_start": "2"}, "bad_request", "step_schedule_start: must be a number from 0 to 1"),
    ("image-to-image", {"step_schedule_end": "0.1"}, "bad_request", "step_schedule_end: must be 0 or left out: the last steps are never skipped here"),
    ("image-to-image", {"text_prompts[0][text]": None}, "bad_request", "text_prompts: is required"),
    ("image-to-image", {"text_prompts[a][text]": "x"}, "bad_request", "text_prompts: must be a list of at most 50 objects"),
    ("image-to-image", {"text_prompts[0][weight]": "heavy"}, "bad_request", "text_prompts[0].weight: must be a number from -100 to 100"),
    ("image-to-image", {"text_prompts[0][weight]": "6"}, "bad_request", "text_prompts: must have weights from -5 to 5 with this engine"),
    ("image-to-image", {"a[b": "x"}, "bad_request", "a[b: is no name of a field"),
    ("image-to-image", {"samples": "two"}, "invalid_samples", "samples: must be an integer from 1 to 10"),
    ("image-to-image/masking", {}, "bad_request", "mask_source: is required"),
    ("image-to-image/masking", {"mask_source": "WHITE"}, "bad_request", "mask_source: must be one of MASK_IMAGE_WHITE, MASK_IMAGE_BLACK, INIT_IMAGE_ALPHA"),
    ("image-to-image/masking", {"mask_source": "MASK_IMAGE_WHITE"}, "bad_request", "mask_image: is required, as a file"),
    ("image-to-image/masking", {"mask_source": "MASK_IMAGE_WHITE", "mask_image": file(png((64, 64)))}, "invalid_mask_image", "mask_image: must have the size of init_image, 128 x 128 pixels"),
    ("image-to-image/masking", {"mask_source": "MASK_IMAGE_BLACK", "mask_image": file(png()[:100])}, "invalid_mime_type", "mask_image: can't be read to its end"),
    ("image-to-image/masking", {"mask_source": "INIT_IMAGE_ALPHA"}, "invalid_mask_image", "init_image: has no transparent part. Send one that has, or a mask_image."),
    ("image-to-image/upscale", {}, "bad_request", "engine: small draws pictures. Choose an engine that enlarges them; engines/list says which do."),
]  # fmt: skip


@pytest.mark.parametrize(("what", "changes", "name", "message"), SENT, ids=range(len(SENT)))
def test_forms_are_refused(program: Client, what: str, changes: dict[str, Any], name: str, message: str) -> None:
    picture_base()
    answer = send(program, what, **changes)
    assert (refusal(answer), answer.json()["message"]) == ((STATUS[name], name), message)


@pytest.mark.parametrize(
    ("form", "name", "message"),
    [
        ({}, "bad_request", "image: is required, as a file"),
        ({"width": "511"}, "invalid_height_or_width", "width: must be an integer from 512 to 4096"),
        ({"width": "512", "height": "512"}, "invalid_height_or_width", "You can only specify one of width and height."),
        ({"width": "4096"}, "invalid_pixel_count", "4096 x 2048 pixels are more than 4,194,304, or than 4,096 on a side."),
        ({"height": "512"}, "invalid_height_or_width", "height: must be more than the picture has: 1024 x 512 pixels"),
    ],
)  # fmt: skip
def test_upscaling_is_refused(program: Client, form: dict[str, Any], name: str, message: str) -> None:
    upscaler()
    image = {"image": file(png((1024, 512)), "image")} if form else {}
    answer = program.post("/v1/generation/irodori-x2/image-to-image/upscale", form | image)
    assert (refusal(answer), answer.json()["message"]) == ((STATUS[name], name), message)


@pytest.mark.parametrize(
    ("engine", "usual", "size", "name"),
    [
        ("stable-diffusion-xl-1024-v1-0", 1024, (1024, 960), "invalid_sdxl_v1_dimensions"),
        ("stable-diffusion-xl-1024-v0-9", 1024, (512, 512), "invalid_sdxl_v1_dimensions"),
        ("stable-diffusion-xl-beta-v2-2-2", 512, (896, 576), "invalid_sdxl_v222_dimensions"),
        ("stable-diffusion-xl-beta-v2-2-2", 512, (960, 512), "invalid_sdxl_v222_dimensions"),
        ("stable-diffusion-512-v2-1", 512, (512, 448), "invalid_pixel_count"),
        ("stable-diffusion-v1-6", 512, (1024, 1088), "invalid_pixel_count"),
        ("stable-diffusion-768-v2-1", 768, (768, 704), "invalid_pixel_count"),
    ],
)
def test_sizes_of_the_apis_own_engines(
    program: Client, settings: Any, engine: str, usual: int, size: tuple[int, int], name: str
) -> None:
    drawing_base(slug=engine, default_side=usual, max_side=1536)
    assert refusal(draw(program, engine, width=size[0], height=size[1])) == (400, name)


def test_who_has_no_key_or_a_wrong_one_is_unauthorized() -> None:
    wrong = ("Bearer nobody", "nobody", "Bearer", "Bearer a b", "Basic eDp5", "Bearer sk-", "Bearer ключ")
    answers = [
        Client().get("/v1/user/balance"),
        *(Client().get("/v1/user/balance", headers={"authorization": w}) for w in wrong),
    ]
    assert [refusal(answer) for answer in answers] == [(401, "unauthorized")] * 8
    assert answers[0].json()["message"] == "missing authorization header"


def test_another_organisation_may_not_be_asked_to_pay(program: Client) -> None:
    answer = program.get("/v1/user/balance", headers={"organization": "org-other"})
    assert refusal(answer) == (403, "permission_denied")


def test_what_a_creator_does_not_allow_is_permission_denied(program: Client) -> None:
    one, other = (make_version(pack=make_pack(base_model=drawing_base())) for _ in range(2))
    mix = [{"id": f"drawer.{other.style.slug}.v1"}]
    assert refusal(draw(program, f"drawer.{one.style.slug}.v1", extras={"adapters": mix})) == (403, "permission_denied")


@pytest.mark.parametrize("engine", ["some-fake-engine", "drawer.none.v1", "drawer.", ".v1", "drawer%00", "..%2f", "é"])
def test_an_engine_that_is_not_there_is_not_found(program: Client, engine: str) -> None:
    drawing_base()
    assert refusal(draw(program, engine)) == (404, "not_found")


def test_a_withdrawn_version_and_a_disabled_base_are_not_found(program: Client) -> None:
    pack = make_pack(base_model=drawing_base())
    version = make_version(pack=pack, style=make_style(slug="gone"), state=StyleVersion.State.WITHDRAWN)
    assert refusal(draw(program, f"drawer.{version.style.slug}.v1")) == (404, "not_found")
    drawing_base(slug="off", enabled=False)
    assert refusal(draw(program, "off")) == (404, "not_found")


def test_who_has_not_enough_credit_is_told_so_as_the_api_does() -> None:
    drawing_base()
    buyer = make_buyer(0.015)
    answer = draw(program_of(buyer), samples=3)
    assert refusal(answer) == (429, "insufficient_balance")
    assert answer.json()["message"] == (
        "Your organization does not have enough balance to request this action (need $0.0003, have $0 in active grants, "
        "$0.00015 in balance)."
    )
    assert wallet_balance(buyer) == round(0.015 * CREDIT)


@pytest.mark.parametrize(
    ("act", "answer"),
    [
        (lambda program: program.post("/v1/generation/drawer/text-to-image", {}), (400, "bad_request")),
        (lambda program: program.post("/v1/generation/drawer/text-to-image", "{", "application/json"), (400, "bad_request")),
        (lambda program: program.post("/v1/generation/drawer/text-to-image", "[]", "application/json"), (400, "bad_request")),
        (lambda program: program.post("/v1/generation/drawer/image-to-image", "{}", "application/json"), (400, "bad_request")),
        (lambda program: program.post("/v1/generation/drawer/image-to-image", b"x", "multipart/form-data"), (400, "bad_request")),
        (lambda program: program.get("/v1/generation/drawer/text-to-image"), (405, "method_not_allowed")),
        (lambda program: program.get("/v1/engines/none"), (404, "not_found")),
        (lambda program: Client().post("/v1/generation/"), (404, "not_found")),
    ],
)  # fmt: skip
def test_wrong_bodies_methods_and_addresses(
    program: Client, act: Callable[[Client], Any], answer: tuple[int, str]
) -> None:
    drawing_base()
    assert refusal(act(program)) == answer


def test_a_body_that_is_too_long_is_not_read(program: Client) -> None:
    picture_base()
    address = "/v1/generation/small/image-to-image"
    answer = program.generic("POST", address, b"", "multipart/form-data; boundary=x", CONTENT_LENGTH=MAX_BODY_BYTES + 1)
    assert refusal(answer) == (400, "invalid_file_size")
    drawing_base()
    long = '{"text_prompts": "' + "x" * 3 * 2**20 + '"}'
    answer = program.post("/v1/generation/drawer/text-to-image", long, "application/json")
    assert refusal(answer) == (400, "invalid_file_size")


def test_more_requests_than_the_limit_are_refused_for_a_while() -> None:
    program = program_of(make_user())
    assert {program.get("/v1/user/balance").status_code for _ in range(REQUESTS)} == {200}
    answer = program.get("/v1/user/balance")
    assert refusal(answer) == (429, "rate_limit_exceeded")
    assert int(answer["Retry-After"]) > 0


def test_what_breaks_inside_is_a_server_error_in_the_same_shape(
    monkeypatch: pytest.MonkeyPatch, program: Client
) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("secret")

    monkeypatch.setattr("marketplace.stability.views.wallet_balance", broken)
    answer = program.get("/v1/user/balance")
    assert (refusal(answer), "secret" in answer.content.decode()) == ((500, "server_error"), False)
