"""What a body or a header names and is another's answers as what does not exist, for every kind of caller."""

import uuid
from typing import NamedTuple

import pytest

from marketplace.accounts.models import User
from marketplace.generation.pictures import store_picture
from tests.api_operations import Made, Operation, address, body, call, content_of, operation_named, rows
from tests.factories.catalogue import echo_base, make_version, tiny_sdxl_base
from tests.factories.partners import make_grant
from tests.factories.resources import Maker, finished, fresh_png, make_owner, make_partner, organisation
from tests.integration.api.test_every_operation import ACTORS, leaks

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
CALLERS = [actor for actor in ACTORS if actor != "anonymous"]
DRAWN = {"base_model": "tiny-sdxl", "width": 64, "height": 64}


class Named(NamedTuple):
    """`operation` takes in `field` the id of what `theirs` makes; `unknown` is an id of nothing."""

    operation: str
    field: str
    theirs: Maker
    unknown: str


def a_picture(owner: User) -> str:
    return store_picture(owner=owner, content=fresh_png())


NO_PICTURE, NO_ID, NO_SLUG = "f" * 64, str(uuid.UUID(int=7)), "no-such-slug"
IN_BODIES = [
    Named("POST /api/v1/generations", "picture", a_picture, NO_PICTURE),
    Named("POST /api/v1/generations", "mask", a_picture, NO_PICTURE),
    Named("POST /api/v1/batches", "picture", a_picture, NO_PICTURE),
    Named("POST /api/v1/batches/quote", "picture", a_picture, NO_PICTURE),
    Named("POST /api/v1/listings", "generation", lambda owner: finished(owner).pk, NO_ID),
    Named("POST /api/v1/versions", "style", lambda owner: make_version(creator=owner).style.slug, NO_SLUG),
    Named("POST /api/v1/versions", "organisation", organisation, NO_SLUG),
]
ORDERS = ("POST /api/v1/generations", "POST /api/v1/batches")


@pytest.fixture(autouse=True)
def _bases() -> None:
    echo_base()
    tiny_sdxl_base()


def naming(named: Named, thing: str, caller: User) -> Made:
    """The documented body with this thing in it, and all else the caller's own."""
    operation = operation_named(named.operation)
    sent = body(operation, caller, {}) or {}
    if "defaults" in sent:
        return {**sent, "defaults": {**DRAWN, named.field: thing}}
    if named.field in ("picture", "mask"):
        # A mask lies over a picture of one's own.
        own = {"picture": a_picture(caller)} if named.field == "mask" else {}
        return {**sent, **DRAWN, "adapters": [], **own, named.field: thing}
    return {**sent, named.field: thing}


def answered(operation: Operation, caller: User, sent: Made, thing: str, **headers: str) -> tuple[int, str]:
    """Without a trace, and without the id that was sent, which an answer may say again."""
    before = rows()
    answer = call(operation, caller, address(operation, caller)[0], sent, **headers)
    assert not leaks(answer), content_of(answer)
    assert 400 <= answer.status_code < 500, content_of(answer)
    assert rows() == before
    return answer.status_code, content_of(answer).decode().replace(thing, "")


@pytest.mark.parametrize("actor", CALLERS)
@pytest.mark.parametrize("named", IN_BODIES, ids=lambda named: f"{named.operation} {named.field}")
def test_anothers_thing_in_a_body_answers_as_an_unknown_one(named: Named, actor: str) -> None:
    caller = ACTORS[actor]()
    assert caller
    operation = operation_named(named.operation)
    things = str(named.theirs(make_owner())), named.unknown
    theirs, unknown = (answered(operation, caller, naming(named, thing, caller), thing) for thing in things)
    assert theirs == unknown


@pytest.mark.parametrize("actor", CALLERS)
@pytest.mark.parametrize("name", ORDERS)
def test_anothers_grant_in_a_header_answers_as_an_unknown_one(name: str, actor: str) -> None:
    caller = ACTORS[actor]()
    assert caller
    operation = operation_named(name)
    sent = body(operation, caller, {}) or {}
    grants = str(make_grant(make_partner()).pk), NO_ID
    theirs, unknown = (
        answered(operation, caller, sent, grant, Irodori_Grant=grant, Irodori_Territory="DE") for grant in grants
    )
    assert theirs == unknown
