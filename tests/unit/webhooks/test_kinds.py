"""The kinds of events: each is listed, described, and has an example in its own form; nothing else can be announced."""

import ast
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from marketplace.events import Event, announce
from marketplace.webhooks import messages, tasks
from marketplace.webhooks.kinds import TEST, UnknownKindError, kinds, subscribable
from marketplace.webhooks.messages import MAX_BODY_BYTES, body_of
from marketplace.webhooks.models import Delivery, Endpoint, Message
from marketplace.webhooks.openapi import payload_example, payload_schema
from tests.factories.accounts import make_user
from tests.factories.webhooks import make_endpoint

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
CORE = {
    *("generation.succeeded", "generation.failed", "generation.cancelled", "top_up.paid", "purchase.made", "sale.made"),
    *("style.published", "style.withdrawn", "upload.ready", "upload.refused", TEST),
}


def test_what_the_core_announces_is_listed() -> None:
    assert set(kinds()) >= CORE
    assert set(kinds()) - set(subscribable()) == {TEST}


@pytest.mark.parametrize("name", kinds())
def test_a_kind_is_described_and_its_example_has_its_form(name: str) -> None:
    kind = kinds()[name]
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)
    assert str(kind.description).endswith(".")
    assert [field for field, info in kind.data.model_fields.items() if not info.description] == []
    schema = payload_schema(kind)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(payload_example(kind))
    assert len(json.dumps(payload_example(kind))) < MAX_BODY_BYTES / 16


def test_no_source_announces_a_kind_that_no_app_lists() -> None:
    """Where an event is made by name and not by its Kind."""
    made = [
        (str(path.relative_to(ROOT)), str(node.args[0].value))
        for path in ROOT.glob("marketplace/**/*.py")
        if "from marketplace.events import" in path.read_text()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Event"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    assert [(path, name) for path, name in made if name not in kinds()] == []


@pytest.mark.django_db
def test_announcing_an_unknown_kind_is_a_mistake_that_shows() -> None:
    with pytest.raises(UnknownKindError, match=r"announcements\.py"):
        announce(Event("style.exploded", make_user().pk))


@pytest.mark.django_db
def test_an_event_goes_to_the_accounts_own_endpoints_that_want_it() -> None:
    account = make_user()
    everything = make_endpoint(account=account)
    this = make_endpoint(account=account, kinds=["top_up.paid", "style.published"])
    make_endpoint(account=account, kinds=["style.withdrawn"])
    make_endpoint()
    make_endpoint(account=account, disabled=Endpoint.Disabled.OWNER)
    make_endpoint(account=account, disabled=Endpoint.Disabled.GONE)
    failing = make_endpoint(account=account, disabled=Endpoint.Disabled.FAILING)
    announce(kinds()["top_up.paid"].event(account.pk, kinds()["top_up.paid"].example))
    states = dict(Delivery.objects.values_list("endpoint", "state"))
    assert states == {everything.pk: "waiting", this.pk: "waiting", failing.pk: "failed"}
    assert Message.objects.count() == 1


@pytest.mark.django_db
def test_an_event_that_nobody_wants_leaves_nothing() -> None:
    announce(kinds()["top_up.paid"].event(make_user().pk, kinds()["top_up.paid"].example))
    assert Message.objects.count() == 0


def test_a_body_is_json_as_the_standard_wants_it() -> None:
    body = body_of(Event("style.published", 1, {"title": "彩り"}), now=NOW)
    assert body == '{"type":"style.published","timestamp":"2026-11-26T09:30:00.000Z","data":{"title":"彩り"}}'
    assert json.loads(body_of(Event("style.published", 1), now=NOW, is_test=True))["test"] is True


@pytest.mark.parametrize(("size", "whole"), [(MAX_BODY_BYTES - 200, True), (MAX_BODY_BYTES, False)])
def test_an_event_that_is_too_large_comes_without_its_data_and_says_so(size: int, whole: bool) -> None:
    body = json.loads(body_of(Event("style.published", 1, {"title": "a" * size}), now=NOW))
    assert (bool(body["data"]), body.get("data_left_out", False)) == (whole, not whole)


def test_the_hint_names_the_task_that_sends() -> None:
    assert tasks.send_due.name == messages.SEND_TASK
