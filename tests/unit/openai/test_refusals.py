"""Every error of the API's table, by status, type and code, before anything is ordered."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
import time_machine
from django.core import signing
from django.test import Client, RequestFactory
from django.utils import timezone

from marketplace.api.bodies import MAX_BODY_BYTES
from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance, wallet_balance
from marketplace.openai.links import SALT, Link, address_of
from marketplace.openai.tables import CODES
from marketplace.rights.services import add_opt_out
from marketplace.stability.throttles import REQUESTS
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, make_style, make_version
from tests.factories.ledger import make_buyer
from tests.factories.stability import PROMPT, drawing_base, file, picture_base, png, program_of, upscaler

pytestmark = pytest.mark.django_db
SEEN = png(mode="RGBA", colour=(9, 9, 9, 0))


@pytest.fixture
def program() -> Client:
    return program_of(make_buyer())


def refusal(response: Any) -> tuple[int, str, str | None]:
    """Status, code and parameter, and that the table has them so, and nothing was ordered."""
    answer = response.json()
    assert answer == {"error": {"message": ANY, "type": ANY, "param": ANY, "code": ANY}}
    error = answer["error"]
    assert CODES[error["code"]] == (response.status_code, error["type"])
    assert isinstance(error["message"], str)
    assert error["message"]
    assert len(response["x-request-id"]) == 32
    assert not Generation.objects.exists()
    return response.status_code, error["code"], error["param"]


def draw(program: Client, **changes: Any) -> Any:
    return program.post("/v1/images/generations", {"prompt": PROMPT} | changes, "application/json")


def send(program: Client, **changes: Any) -> Any:
    """A form; a field that is None is left out."""
    form = {"prompt": PROMPT, "image": file(png())} | changes
    return program.post("/v1/images/edits", {name: value for name, value in form.items() if value is not None})


INVALID, UNSUPPORTED = "invalid_value", "unsupported_value"
DRAWN: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({"prompt": None}, "missing_required_parameter", "prompt", "prompt: is required"),
    ({"prompt": ""}, "missing_required_parameter", "prompt", "prompt: is required"),
    ({"prompt": 7}, INVALID, "prompt", "prompt: must be a text of at most 2000 characters"),
    ({"prompt": "x" * 2001}, INVALID, "prompt", "prompt: must be a text of at most 2000 characters"),
    ({"prompt": "\u200b"}, INVALID, "prompt", "prompt: Say what to draw: the prompt is empty."),
    ({"prompt": "a\x00b"}, INVALID, "prompt", "prompt: This text holds control characters. Type it again as plain text."),
    ({"prompt": "a fox by Example Artist"}, "moderation_blocked", "prompt", "prompt: Example Artist asked not to be imitated. Describe the picture without the name."),
    ({"model": "gpt-9"}, "model_not_found", "model", "model: The model `gpt-9` does not exist. /v1/models lists those that do."),
    ({"model": 7}, INVALID, "model", "model: must be a text of at most 300 characters"),
    ({"n": 0}, INVALID, "n", "n: must be an integer from 1 to 10"),
    ({"n": 11}, INVALID, "n", "n: must be an integer from 1 to 10"),
    ({"n": "2"}, INVALID, "n", "n: must be an integer from 1 to 10"),
    ({"n": True}, INVALID, "n", "n: must be an integer from 1 to 10"),
    ({"size": "large"}, INVALID, "size", "size: must be auto, or width and height in pixels as in 1024x1024"),
    ({"size": "128x"}, INVALID, "size", "size: must be auto, or width and height in pixels as in 1024x1024"),
    ({"size": 128}, INVALID, "size", "size: must be a text of at most 20 characters"),
    ({"size": "1024x1024"}, INVALID, "size", "size: Echo makes sides from 128 to 512 pixels, in steps of 8."),
    ({"size": "128x1536"}, INVALID, "size", "size: Echo makes sides from 128 to 512 pixels, in steps of 8."),
    ({"quality": "ultra"}, INVALID, "quality", "quality: must be one of auto, standard, low, medium, high, hd, xhigh, max"),
    ({"background": "transparent"}, UNSUPPORTED, "background", "background: pictures here have no transparent parts. Ask for opaque or auto."),
    ({"background": "blue"}, INVALID, "background", "background: must be one of transparent, opaque, auto"),
    ({"moderation": "none"}, INVALID, "moderation", "moderation: must be one of low, auto"),
    ({"output_format": "gif"}, UNSUPPORTED, "output_format", "output_format: must be one of png, jpeg, webp"),
    ({"output_format": "svg"}, UNSUPPORTED, "output_format", "output_format: must be one of png, jpeg, webp"),
    ({"output_format": "bmp"}, INVALID, "output_format", "output_format: must be one of png, jpeg, webp"),
    ({"output_compression": 50}, INVALID, "output_compression", "output_compression: needs the output_format jpeg or webp"),
    ({"output_format": "webp", "output_compression": 101}, INVALID, "output_compression", "output_compression: must be an integer from 0 to 100"),
    ({"response_format": "png"}, INVALID, "response_format", "response_format: must be one of url, b64_json"),
    ({"style": "bold"}, INVALID, "style", "style: must be one of vivid, natural"),
    ({"user": 5}, INVALID, "user", "user: must be a text of at most 512 characters"),
    ({"safety_identifier": "x" * 513}, INVALID, "safety_identifier", "safety_identifier: must be a text of at most 512 characters"),
    ({"stream": "true"}, INVALID, "stream", "stream: must be true or false"),
    ({"partial_images": 1}, INVALID, "partial_images", "partial_images: needs stream to be true"),
    ({"stream": True, "partial_images": 4}, INVALID, "partial_images", "partial_images: must be an integer from 0 to 3"),
    ({"stream": True, "n": 2}, UNSUPPORTED, "n", "n: must be 1 where stream is true"),
    ({"stream": True, "response_format": "url"}, UNSUPPORTED, "response_format", "response_format: must be b64_json where stream is true"),
    ({"stream": True, "size": "1024x1024"}, INVALID, "size", "size: Echo makes sides from 128 to 512 pixels, in steps of 8."),
    ({"seed": -1}, INVALID, "seed", "seed: must be an integer from 0 to 4294967295"),
    ({"negative_prompt": []}, INVALID, "negative_prompt", "negative_prompt: must be a text of at most 2000 characters"),
    ({"adapters": {}}, INVALID, "adapters", "adapters: must be a list of at most 4 objects"),
    ({"adapters": [{"id": "drawer"}]}, INVALID, "adapters", "adapters: drawer is no style. Name a style's id."),
    ({"adapters": [{"id": "none"}]}, "model_not_found", "model", "model: The model `none` does not exist. /v1/models lists those that do."),
    ({"adapters": [{"id": "x", "weight": 3}]}, INVALID, "adapters[0].weight", "adapters[0].weight: must be a number from -2.0 to 2.0"),
    ({"complexity": "low"}, "unsupported_parameter", "complexity", "complexity: is not supported here. Leave it out."),
    ({"svg": {"model": "x"}}, "unsupported_parameter", "svg", "svg: is not supported here. Leave it out."),
    ({"frame_count": 2}, "unsupported_parameter", "frame_count", "frame_count: is not supported here. Leave it out."),
    ({"input_fidelity": "high"}, "unknown_parameter", "input_fidelity", "input_fidelity: is no parameter of this address. Leave it out."),
    ({"cfg_scale": 7}, "unknown_parameter", "cfg_scale", "cfg_scale: is no parameter of this address. Leave it out."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "param", "message"), DRAWN, ids=[f"{c} {next(reversed(b))}" for b, c, *_ in DRAWN])  # fmt: skip
def test_generations_refuses(program: Client, changes: dict[str, Any], code: str, param: str, message: str) -> None:
    drawing_base()
    add_opt_out(name="Example Artist")
    answer = draw(program, **changes)
    assert (refusal(answer), answer.json()["error"]["message"]) == ((CODES[code][0], code, param), message)


FILE = "invalid_image_file"
SENT: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({"image": None}, "missing_required_parameter", "image", "image: is required, as a file"),
    ({"image": "no file"}, "missing_required_parameter", "image", "image: is required, as a file"),
    ({"image": [file(png()), file(png())]}, UNSUPPORTED, "image", "image: must be one picture: a base here starts from one and looks at no others. Leave the others out."),
    ({"image[]": file(png())}, UNSUPPORTED, "image", "image: must be one picture: a base here starts from one and looks at no others. Leave the others out."),
    ({"image": file(b"")}, FILE, "image", "image: must have from 1 byte to 16 MiB"),
    ({"image": file(bytes(16 * 2**20 + 1))}, FILE, "image", "image: must have from 1 byte to 16 MiB"),
    ({"image": file(b"\x89PNG")}, FILE, "image", "image: The picture can't be read. Send a PNG, JPEG or WebP file that opens elsewhere."),
    ({"image": file(b"GIF89a")}, FILE, "image", "image: This is GIF. Send the picture as PNG, JPEG or WebP."),
    ({"image": file(b"<svg xmlns='http://www.w3.org/2000/svg'/>")}, FILE, "image", "image: This is SVG. Send the picture as PNG, JPEG or WebP."),
    ({"mask": file(b"GIF89a")}, FILE, "mask", "mask: This is GIF. Send the picture as PNG, JPEG or WebP."),
    ({"image": file(png((4097, 1)))}, FILE, "image", "image: The picture has 4097 x 1 pixels. Send one of at most 4096 on a side."),
    ({"mask": file(png((64, 64), "RGBA"))}, FILE, "mask", "mask: must have the size of image, 128 x 128 pixels"),
    ({"mask": file(png())}, FILE, "mask", "mask: has no fully transparent part. What is to be drawn anew must be transparent."),
    ({"mask": file(png(mode="RGBA", colour=(0, 0, 0, 9)))}, FILE, "mask", "mask: has no fully transparent part. What is to be drawn anew must be transparent."),
    ({"mask": file(SEEN[:100])}, FILE, "mask", "mask: can't be read to its end"),
    ({"image": file(png((2049, 1))), "mask": file(png((2049, 1), "RGBA"))}, FILE, "mask", "mask: must have at most 2048 pixels on a side"),
    ({"markup": file(png())}, "unsupported_parameter", "markup", "markup: is not supported here. Leave it out."),
    ({"picture": file(png())}, "unknown_parameter", "picture", "picture: is no parameter of this address. Leave it out."),
    ({"input_fidelity": "medium"}, INVALID, "input_fidelity", "input_fidelity: must be one of low, high"),
    ({"n": "two"}, INVALID, "n", "n: must be an integer from 1 to 10"),
    ({"stream": "yes"}, INVALID, "stream", "stream: must be true or false"),
    ({"stream": "true", "n": "2"}, UNSUPPORTED, "n", "n: must be 1 where stream is true"),
    ({"adapters": "{"}, INVALID, "adapters", "adapters: must be a list of at most 4 objects"),
    ({"adapters": "[" * 9999}, INVALID, "adapters", "adapters: must be a list of at most 4 objects"),
    ({"adapters": '[{"id": "none"}]'}, "model_not_found", "model", "model: The model `none` does not exist. /v1/models lists those that do."),
    ({"adapters[][id]": "x"}, INVALID, "adapters[][id]", "adapters[][id]: is no name of a field"),
    ({"style": "vivid"}, "unknown_parameter", "style", "style: is no parameter of this address. Leave it out."),
    ({"background": "transparent"}, UNSUPPORTED, "background", "background: pictures here have no transparent parts. Ask for opaque or auto."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "param", "message"), SENT, ids=range(len(SENT)))
def test_edits_refuses(program: Client, changes: dict[str, Any], code: str, param: str, message: str) -> None:
    picture_base()
    answer = send(program, **changes)
    assert (refusal(answer), answer.json()["error"]["message"]) == ((CODES[code][0], code, param), message)


def test_a_base_that_can_start_from_no_picture_refuses_one(program: Client, object_store_server: object) -> None:
    drawing_base()
    assert refusal(send(program)) == (400, INVALID, "image")


@pytest.mark.parametrize("stream", [False, True])
def test_who_has_not_enough_credit_is_told_so_as_the_api_does(stream: bool) -> None:
    drawing_base()
    buyer = make_buyer(0.005 if stream else 0.015)
    answer = draw(program_of(buyer), n=1 if stream else 2, stream=stream)
    assert refusal(answer) == (429, "insufficient_quota", None)
    assert answer["x-should-retry"] == "false"
    assert (wallet_balance(buyer), held_balance(buyer)) == (50 if stream else 150, 0)


def test_who_has_no_key_or_a_wrong_one_is_refused() -> None:
    wrong = ("Bearer nobody", "Bearer", "Bearer a b", "Basic eDp5", "Bearer sk-", "Bearer ключ")
    answers = [Client().get("/v1/models"), *(Client().get("/v1/models", headers={"authorization": w}) for w in wrong)]
    assert [refusal(answer) for answer in answers] == [(401, "invalid_api_key", None)] * 7


@pytest.mark.parametrize(
    ("header", "code"),
    [("openai-organization", "mismatched_organization"), ("openai-project", "mismatched_project")],
)
def test_nobody_else_may_be_asked_to_pay(program: Client, header: str, code: str) -> None:
    assert refusal(program.get("/v1/models", headers={header: "other"})) == (401, code, None)


def test_ones_own_organisation_may_be_named() -> None:
    buyer = make_user()
    headers = {"openai-organization": f"org-{buyer.pk}"}
    assert program_of(buyer).get("/v1/models", headers=headers).status_code == 200


def test_what_a_creator_does_not_allow_is_refused(program: Client) -> None:
    one, other = (make_version(pack=make_pack(base_model=drawing_base())) for _ in range(2))
    mix = [{"id": f"drawer.{other.style.slug}.v1"}]
    answer = draw(program, model=f"drawer.{one.style.slug}.v1", adapters=mix)
    assert refusal(answer) == (403, "insufficient_permissions", "adapters")


def test_what_is_not_offered_is_no_model(program: Client) -> None:
    pack = make_pack(base_model=drawing_base())
    make_version(pack=pack, style=make_style(slug="gone"), state=StyleVersion.State.WITHDRAWN)
    upscaler()
    drawing_base(slug="off", enabled=False)
    for model in ("drawer.gone.v1", "irodori-x2", "off", "é", "a b"):
        assert refusal(draw(program, model=model)) == (404, "model_not_found", "model"), model
    assert refusal(program.get("/v1/models/irodori-x2")) == (404, "model_not_found", "model")


def test_a_hub_without_a_base_has_no_model(program: Client) -> None:
    assert refusal(draw(program)) == (404, "model_not_found", "model")


@pytest.mark.parametrize(
    ("act", "answer"),
    [
        (lambda program: program.post("/v1/images/generations", {"prompt": "x"}), (400, "invalid_body")),
        (lambda program: program.post("/v1/images/generations", "{", "application/json"), (400, "invalid_body")),
        (lambda program: program.post("/v1/images/generations", "[]", "application/json"), (400, "invalid_value")),
        (lambda program: program.post("/v1/images/edits", "{}", "application/json"), (400, "invalid_body")),
        (lambda program: program.post("/v1/images/edits", b"x", "multipart/form-data"), (400, "invalid_body")),
        (lambda program: program.get("/v1/images/generations"), (405, "method_not_supported")),
        (lambda program: program.delete("/v1/models/drawer"), (405, "method_not_supported")),
        (lambda program: program.post("/v1/images/variations"), (404, "unknown_url")),
        (lambda program: Client().get("/v1/models/a/b"), (404, "unknown_url")),
        (lambda program: Client().get("/v1/images/files/nonsense/image.png"), (404, "not_found")),
    ],
)  # fmt: skip
def test_wrong_bodies_methods_and_addresses(
    program: Client, act: Callable[[Client], Any], answer: tuple[int, str]
) -> None:
    drawing_base()
    assert refusal(act(program))[:2] == answer


def test_a_body_that_is_too_long_is_not_read(program: Client) -> None:
    answer = program.generic(
        "POST", "/v1/images/edits", b"", "multipart/form-data; boundary=x", CONTENT_LENGTH=MAX_BODY_BYTES + 1
    )
    assert refusal(answer) == (413, "request_too_large", None)
    assert refusal(draw(program, prompt="x" * 3 * 2**20)) == (413, "request_too_large", None)


def test_more_requests_than_the_limit_are_refused_for_a_while() -> None:
    program = program_of(make_user())
    assert {program.get("/v1/models").status_code for _ in range(REQUESTS)} == {200}
    answer = program.get("/v1/models")
    assert refusal(answer) == (429, "rate_limit_exceeded", None)
    assert int(answer["Retry-After"]) > 0


def test_what_breaks_inside_is_a_server_error_in_the_same_shape(
    monkeypatch: pytest.MonkeyPatch, program: Client
) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("secret")

    monkeypatch.setattr("marketplace.openai.views.listed_models", broken)
    answer = program.get("/v1/models")
    assert (refusal(answer), "secret" in answer.content.decode()) == ((500, "server_error", None), False)


def test_an_address_is_good_for_an_hour_and_for_nothing_else() -> None:
    link = Link("7c1ad0a5-5f0b-4a27-9f1c-1df3bd4a2c11", "png", 100)
    address = address_of(RequestFactory().get("/"), link)
    assert refusal(Client().get(address)) == (404, "not_found", None)
    with time_machine.travel(timezone.now() + timedelta(seconds=3601)):
        assert refusal(Client().get(address)) == (403, "url_expired", None)
    other = signing.dumps({"id": link.id, "format": "png", "compression": 100}, salt=SALT + "x")
    assert refusal(Client().get(f"/v1/images/files/{other}/image.png")) == (404, "not_found", None)
