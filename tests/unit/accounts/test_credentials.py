"""Keys: shown once, kept as a hash, limited by scopes and time, rotated with an overlap, revoked."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.accounts.credentials import (
    MAX_CREDENTIALS,
    MAX_OVERLAP,
    credentials_of,
    make_credential,
    matching,
    own_credential,
    revoke,
    rotate,
)
from marketplace.accounts.models import Credential, OlderSecret, User
from marketplace.accounts.scopes import Scope
from marketplace.accounts.secrets import digest
from marketplace.errors import Conflict, InvalidInput, NotFound
from tests.factories.accounts import make_user, program_with

pytestmark = pytest.mark.django_db
KEY, CLIENT = Credential.Kind.KEY, Credential.Kind.CLIENT
NOW = timezone.now()


def make_key(account: User | None = None, **fields: Any) -> tuple[Credential, str]:
    return make_credential(account=account or make_user(), **{"scopes": [Scope.WALLET_READ]} | fields)


def wallet_with(secret: str) -> int:
    return program_with(secret).get("/api/v1/wallet").status_code


def test_a_key_signs_its_account_in_until_it_is_revoked() -> None:
    user = make_user()
    key, secret = make_key(user, name=" my laptop ")
    assert (list(credentials_of(user, KEY)), key.name, wallet_with(secret)) == ([key], "my laptop", 200)
    revoke(credential=key)
    assert (list(credentials_of(user, KEY)), wallet_with(secret), wallet_with("nonsense")) == ([], 401, 401)


def test_nothing_that_is_kept_gives_the_key_back() -> None:
    key, secret = make_key()
    row = Credential.objects.values().get()
    assert [name for name, value in row.items() if secret in str(value)] == []
    assert (secret.startswith(key.label), len(key.label), len(secret) >= 40) == (True, 12, True)
    assert wallet_with(key.label) == wallet_with(key.digest) == 401


def test_a_key_expires() -> None:
    key, secret = make_key(expires_at=timezone.now() + timedelta(days=1))
    assert wallet_with(secret) == 200
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1)):
        assert wallet_with(secret) == 401
        with pytest.raises(Conflict):
            rotate(credential=key)


def test_a_rotated_key_holds_beside_the_new_one_for_the_overlap_and_no_longer() -> None:
    key, first = make_key()
    second = rotate(credential=key, overlap=timedelta(hours=2))
    assert (wallet_with(first), wallet_with(second)) == (200, 200)
    with time_machine.travel(timezone.now() + timedelta(hours=2, seconds=1)):
        assert (wallet_with(first), wallet_with(second)) == (401, 200)


@pytest.mark.parametrize(("hours", "then"), [(5, [200, 200, 200]), (7, [200, 401, 200]), (13, [401, 401, 200])])
def test_a_second_rotation_leaves_each_older_secret_its_own_overlap(hours: int, then: list[int]) -> None:
    key, first = make_key()
    second, third = (rotate(credential=key, overlap=timedelta(hours=each)) for each in (12, 6))
    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        assert [wallet_with(secret) for secret in (first, second, third)] == then


def test_without_an_overlap_every_older_secret_ends_at_once() -> None:
    key, first = make_key()
    second, third = (rotate(credential=key, overlap=MAX_OVERLAP) for _ in range(2))
    fourth = rotate(credential=key, overlap=timedelta(0))
    assert [wallet_with(secret) for secret in (first, second, third, fourth)] == [401, 401, 401, 200]
    assert not OlderSecret.objects.exists()


def test_what_has_ended_is_forgotten_at_the_next_rotation() -> None:
    key, _ = make_key()
    for _ in range(3):
        rotate(credential=key, overlap=timedelta(hours=1))
    assert OlderSecret.objects.count() == 2
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        rotate(credential=key, overlap=timedelta(hours=1))
    assert not OlderSecret.objects.exists()


def test_a_client_rotated_twice_shows_any_of_its_secrets_that_holds() -> None:
    client, first = make_key(kind=CLIENT)
    second, third = (rotate(credential=client, overlap=timedelta(hours=1)) for _ in range(2))
    for secret in (first, second, third):
        assert matching(digest(secret), CLIENT) == client
        assert matching(digest(secret), KEY) is None
    revoke(credential=client)
    assert [matching(digest(secret), CLIENT) for secret in (first, second, third)] == [None] * 3


def test_a_key_rotated_without_overlap_ends_at_once_and_stays_the_same_key() -> None:
    key, first = make_key(name="ci")
    second = rotate(credential=key, overlap=timedelta(0))
    assert (wallet_with(first), wallet_with(second)) == (401, 200)
    assert Credential.objects.values_list("pk", "name").get() == (key.pk, "ci")


def test_revoking_ends_both_secrets() -> None:
    key, first = make_key()
    second = rotate(credential=key)
    revoke(credential=key)
    assert (wallet_with(first), wallet_with(second)) == (401, 401)


def test_an_account_that_was_closed_lets_no_key_in() -> None:
    user = make_user()
    _, secret = make_key(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert wallet_with(secret) == 401


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "n" * 61}, "invalid"),
        ({"name": "two\nlines"}, "invalid"),
        ({"scopes": []}, "unknown_scope"),
        ({"scopes": ["generate", "fly"]}, "unknown_scope"),
        ({"expires_at": NOW - timedelta(seconds=1)}, "already_past"),
    ],
)
def test_what_is_no_key_is_refused(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_key(**fields)
    assert (refused.value.code, Credential.objects.count()) == (code, 0)


def test_an_overlap_longer_than_a_week_is_refused() -> None:
    key, first = make_key()
    with pytest.raises(InvalidInput):
        rotate(credential=key, overlap=MAX_OVERLAP + timedelta(seconds=1))
    assert wallet_with(first) == 200


def test_nobody_has_more_than_twenty_that_hold() -> None:
    user = make_user()
    for _ in range(MAX_CREDENTIALS):
        last, _secret = make_key(user)
    with pytest.raises(Conflict):
        make_key(user)
    revoke(credential=last)
    make_key(user)


def test_anothers_key_does_not_exist_and_neither_does_one_of_another_kind() -> None:
    user = make_user()
    key, _ = make_key(user)
    for account, kind in ((make_user(), KEY), (user, CLIENT)):
        with pytest.raises(NotFound):
            own_credential(account, kind, key.pk)


def test_a_request_with_a_key_asks_once_and_writes_once_a_minute() -> None:
    _, secret = make_key()
    with time_machine.travel(NOW, tick=False) as clock:
        seen = []
        for seconds in (0, 59, 1):
            clock.shift(seconds)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                wallet_with(secret)
            about = [query["sql"].split()[0] for query in queries if "accounts_credential" in query["sql"]]
            seen.append((about, Credential.objects.get().last_used_at))
    first, later = NOW, NOW + timedelta(seconds=60)
    assert seen == [(["SELECT", "UPDATE"], first), (["SELECT"], first), (["SELECT", "UPDATE"], later)]


def test_over_rest_a_key_is_shown_once_rotated_and_revoked_and_makes_no_other() -> None:
    client, user = Client(), make_user()
    client.force_login(user)
    asked = {"name": "ci", "scopes": ["wallet:read"]}
    made = client.post("/api/v1/keys", asked, content_type="application/json").json()
    listed = client.get("/api/v1/keys").json()
    assert [(key["name"], key["identifier"], key["scopes"]) for key in listed["results"]] == [
        ("ci", made["identifier"], ["wallet:read"])
    ]
    assert made["secret"] not in json.dumps(listed)
    again = program_with(made["secret"]).post("/api/v1/keys", asked, content_type="application/json")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (403, "people_only")
    rotated = client.post(f"/api/v1/keys/{made['id']}/rotate", {"overlap_hours": 0}, content_type="application/json")
    assert (wallet_with(made["secret"]), wallet_with(rotated.json()["secret"])) == (401, 200)
    assert client.delete(f"/api/v1/keys/{made['id']}").status_code == 204
    assert client.get("/api/v1/keys").json()["results"] == []


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer \xff", "Bearer irt_a.b.c", "Bearer irt_"])
def test_a_header_that_holds_no_key_is_refused_in_the_usual_shape(header: str) -> None:
    answer = Client().get("/api/v1/wallet", headers={"authorization": header})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "authentication_failed")
    assert answer["WWW-Authenticate"] == "Bearer"
