"""API tokens: made once, shown once, revoked by their owner."""

import json
from typing import Any

import pytest
from django.test import Client

from marketplace.accounts.tokens import MAX_TOKENS, create_token, revoke_token, tokens_of
from marketplace.errors import Conflict, InvalidInput, NotFound
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db


def uploads_with(token: str) -> int:
    return Client().get("/api/v1/uploads", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_signs_its_owner_in_until_it_is_revoked() -> None:
    user = make_user()
    info, text = create_token(user=user, name="my laptop")
    assert (tokens_of(user), info.name, uploads_with(text)) == ([info], "my laptop", 200)
    revoke_token(user=user, key=info.key)
    assert (tokens_of(user), uploads_with(text), uploads_with("nonsense")) == ([], 401, 401)


def test_anothers_token_can_not_be_revoked() -> None:
    info, text = create_token(user=make_user())
    with pytest.raises(NotFound):
        revoke_token(user=make_user(), key=info.key)
    assert uploads_with(text) == 200


def test_names_are_short_and_printable() -> None:
    for name in ("n" * 61, "two\nlines"):
        with pytest.raises(InvalidInput):
            create_token(user=make_user(), name=name)


def test_nobody_has_more_than_twenty() -> None:
    user = make_user()
    for _ in range(MAX_TOKENS):
        create_token(user=user)
    with pytest.raises(Conflict):
        create_token(user=user)


def test_over_rest_a_token_is_shown_once_and_makes_no_other() -> None:
    client, user = Client(), make_user()
    client.force_login(user)
    made: dict[str, Any] = client.post("/api/v1/tokens", '{"name": "ci"}', content_type="application/json").json()
    listed = client.get("/api/v1/tokens").json()
    assert [token["name"] for token in listed] == ["ci"]
    assert made["token"] not in json.dumps(listed)
    again = Client().post(
        "/api/v1/tokens", "{}", content_type="application/json", headers={"Authorization": f"Bearer {made['token']}"}
    )
    assert again.status_code in {401, 403}
    assert client.delete(f"/api/v1/tokens/{made['key']}").status_code == 204
    assert client.get("/api/v1/tokens").json() == []
