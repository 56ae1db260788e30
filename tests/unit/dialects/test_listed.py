"""What other people's programs are listed: all that can be drawn with now and no more, written anew only when it changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.catalogue.models import BaseModel, Style, StyleVersion
from marketplace.dialects import listed
from marketplace.openai.offers import listed_models
from marketplace.stability.engines import listed_engines
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, make_style, make_version
from tests.factories.stability import picture_base

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LISTS = pytest.mark.parametrize("answer", [listed_engines, listed_models])
Answer = Callable[[], Any]


def style(slug: str, **changes: Any) -> StyleVersion:
    return make_version(pack=make_pack(base_model=picture_base()), style=make_style(slug=slug), **changes)


def ids(answer: Answer) -> list[str]:
    content = answer().content.decode()
    return [name for name in ("small", "small.ink.v1", "small.wash.v1", "small.chalk.v1") if f'"{name}"' in content]


@LISTS
def test_what_was_licensed_until_yesterday_is_not_listed(answer: Answer) -> None:
    today = timezone.now().date()
    style("ink", expires=today)
    style("wash", expires=today - timedelta(days=1))
    assert ids(answer) == ["small", "small.ink.v1"]


@LISTS
def test_of_a_long_catalogue_the_newest_versions_are_listed(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "MOST_VERSIONS", 2)
    for slug in ("ink", "wash", "chalk"):
        style(slug)
    assert ids(answer) == ["small", "small.wash.v1", "small.chalk.v1"]


@LISTS
@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda: User.objects.filter(styles__slug="ink").update(display_name="Ren"), "Ren"),
        (lambda: Style.objects.filter(slug="ink").update(slug="wash"), "small.wash.v1"),
        (lambda: StyleVersion.objects.update(number=7), "small.ink.v7"),
        (lambda: BaseModel.objects.update(slug="large"), "large.ink.v1"),
        (lambda: style("wash"), "small.wash.v1"),
    ],
)
def test_a_change_of_anything_in_it_is_seen_at_once(answer: Answer, change: Callable[[], object], seen: str) -> None:
    make_version(
        pack=make_pack(base_model=picture_base()),
        style=make_style(slug="ink", creator=make_user(display_name="Mara")),
    )
    for _ in range(2):
        before = answer().content.decode()
    assert ("small.ink.v1" in before, seen in before) == (True, False)
    change()
    assert seen in answer().content.decode()
    StyleVersion.objects.update(state="withdrawn")
    assert "ink" not in answer().content.decode()


@LISTS
def test_what_has_not_changed_is_not_read_again(answer: Answer) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite doesn't tell when a row was changed")
    style("ink")
    first = answer().content
    with CaptureQueriesContext(connection) as queries:
        assert answer().content == first
    assert len(queries) == 1
