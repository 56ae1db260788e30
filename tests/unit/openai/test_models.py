"""Which models are listed, under which ids, and which answers where a request names none."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.settings.site import SiteConfig
from marketplace.catalogue.models import StyleVersion
from marketplace.openai import offers
from marketplace.openai.offers import default_model
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base, make_pack, make_style, make_version
from tests.factories.stability import drawing_base, picture_base, program_of, upscaler

pytestmark = pytest.mark.django_db


def configured(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    monkeypatch.setattr(offers, "site_config", lambda: SiteConfig(**changes))


def test_bases_versions_and_other_names_are_listed_and_retrieved(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, openai_models={"gpt-image-1": "small.ink.v2", "gone": "none"})
    style = make_style(slug="ink", creator=make_user(display_name="Mara"))
    base = picture_base()
    version = make_version(pack=make_pack(base_model=base), style=style, number=2)
    StyleVersion.objects.update(published_at=datetime(2026, 1, 2, tzinfo=UTC))
    make_version(pack=make_pack(base_model=base), style=style, number=1, state=StyleVersion.State.WITHDRAWN)
    upscaler()
    echo_base(slug="off", enabled=False)
    ink = {"id": "small.ink.v2", "object": "model", "created": 1_767_312_000, "owned_by": "Mara"}
    models = [
        {"id": "small", "object": "model", "created": 0, "owned_by": "irodori"},
        ink,
        ink | {"id": "gpt-image-1", "alias_of": "small.ink.v2"},
    ]
    program = program_of(make_user())
    assert program.get("/v1/models").json() == {"object": "list", "data": models}
    for model in models:
        assert program.get(f"/v1/models/{model['id']}").json() == model
    assert version.pk == offers.model_of("gpt-image-1").adapters[0].version_id


def test_without_a_name_the_first_base_draws_or_the_one_that_the_operator_chose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upscaler(slug="a-first")
    drawing_base(slug="b-later", title="B")
    picture_base(slug="a-last", title="A")
    assert default_model().id == "b-later"
    configured(monkeypatch, openai_model="a-last")
    assert default_model().id == "a-last"


def test_names_that_programs_ask_for_are_answered_by_the_small_base() -> None:
    picture_base(slug="irodori-small")
    for name in ("gpt-image-1", "dall-e-3", "gpt-image-2.5-flare"):
        assert offers.described(offers.model_of(name))["alias_of"] == "irodori-small"
