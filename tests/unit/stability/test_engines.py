"""Which engines are listed, under which ids, and who answers to them."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import marketplace
from hub.settings.site import SiteConfig
from marketplace.accounts.tokens import create_token
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.selectors import base_models
from marketplace.stability import contacts, engines
from marketplace.stability.engines import engine_of
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base, make_pack, make_style, make_version
from tests.factories.ledger import make_buyer
from tests.factories.partners import make_account
from tests.factories.stability import drawing_base, picture_base, program_of, upscaler

pytestmark = pytest.mark.django_db


def listed() -> dict[str, dict[str, Any]]:
    answer = program_of(make_user()).get("/v1/engines/list").json()
    assert all(set(each) == {"id", "name", "description", "type"} and each["type"] == "PICTURE" for each in answer)
    return {each["id"]: each for each in answer}


def test_bases_versions_and_upscalers_are_listed_and_what_is_not_offered_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = {"stable-diffusion-v1-6": "small", "old-name": "small.ink.v2", "gone": "none"}
    monkeypatch.setattr(engines, "site_config", lambda: SiteConfig(stability_engines=names))
    base, style = picture_base(), make_style(slug="ink", title="Ink", creator=make_user(display_name="Mara"))
    for number, state in ((1, StyleVersion.State.WITHDRAWN), (2, StyleVersion.State.PUBLISHED)):
        make_version(pack=make_pack(base_model=base), style=style, number=number, state=state)
    upscaler(summary="Enlarges.")
    drawing_base(slug="off", enabled=False)
    echo_base(slug="no-plugin", engine="none")
    found = listed()
    assert set(found) == {"small", "irodori-x2", "small.ink.v2", "stable-diffusion-v1-6", "old-name"}
    assert (found["small.ink.v2"]["name"], found["small.ink.v2"]["description"]) == (
        "Ink v2",
        "A style by Mara. It makes pictures of 128 × 128 pixels alone.",
    )
    assert found["old-name"]["description"].startswith("Another name of small.ink.v2. A style by Mara.")
    assert found["irodori-x2"]["description"] == "Enlarges. Takes image-to-image/upscale alone."
    assert {engine_of(name).name for name in found} == {"Tiny SDXL", "Ink v2", "Echo"}


def test_a_base_may_have_dots_in_its_name_and_wins_over_another_name() -> None:
    base = drawing_base(slug="sdxl-1.0", title="One")
    version = make_version(pack=make_pack(base_model=base), style=make_style(slug="ink"), number=12)
    assert (engine_of("sdxl-1.0").base, engine_of("sdxl-1.0.ink.v12").version) == (base, version)
    picture_base(slug="irodori-small")
    assert engine_of("stable-diffusion-xl-1024-v1-0").base.slug == "irodori-small"
    drawing_base(slug="stable-diffusion-xl-1024-v1-0")
    assert engine_of("stable-diffusion-xl-1024-v1-0").base.slug == "stable-diffusion-xl-1024-v1-0"


def test_an_upscaler_is_no_base_that_pages_offer() -> None:
    upscaler()
    drawing = drawing_base()
    assert list(base_models()) == [drawing]


def test_account_and_balance() -> None:
    buyer = make_buyer(12.5)
    program = program_of(buyer)
    organisation = f"org-{buyer.pk}"
    own = {"id": organisation, "name": buyer.display_name, "role": "ADMIN", "is_default": True}
    account = {"id": f"user-{buyer.pk}", "email": buyer.email, "organizations": [own]}
    headers = {"organization": organisation, "stability-client-id": "any", "stability-client-version": "1"}
    assert program.get("/v1/user/account", headers=headers).json() == account
    assert program.get("/v1/user/balance").json() == {"credits": 12.5}


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://hub.irodori.art:8443", "hub.irodori.art"),
        ("http://127.0.0.1:8000", "example.org"),
        ("http://[::1]:8000", "example.org"),
        ("http://localhost", "example.org"),
        ("http://hub.test", "example.org"),
    ],
)
def test_an_organisations_account_is_told_with_an_address_that_programs_take_for_one(
    monkeypatch: pytest.MonkeyPatch, url: str, domain: str
) -> None:
    """Its own lies in a domain that no mail reaches, which they refuse."""
    monkeypatch.setattr(contacts, "site_config", lambda: SiteConfig(url=url))
    account = make_account()
    answer = program_of(account).get("/v1/user/account").json()
    assert answer["email"] == f"no-reply.org-{account.pk}@{domain}"


def test_a_key_is_taken_bare_and_by_either_prefix() -> None:
    _, key = create_token(user=make_user())
    for header in (key, f"sk-{key}", f"Bearer {key}", f"bearer sk-{key}"):
        assert Client().get("/v1/user/balance", headers={"authorization": header}).status_code == 200, header


def test_nobody_is_asked_which_program_they_use() -> None:
    """Only in requests that the hub makes itself does it say what it is."""
    sources = Path(marketplace.__file__).parent.rglob("*.py")
    named = [path for path in sources if "user_agent" in path.read_text().lower().replace("-", "_")]
    assert [f"{path.parent.name}/{path.name}" for path in named] == ["webhooks/claims.py"]
