"""`iro partner` against the real site: from the list to a grant, and what it tells of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.receipts import Kind, read
from irodori_client.cli.exits import Exit
from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.partners.keys import receipt_keyring
from marketplace.partners.matrix import keep
from marketplace.partners.models import Grant
from marketplace.partners.statements import close_months
from tests.factories.accounts import make_user
from tests.factories.command import Command
from tests.factories.partners import deliver, licensable_version, make_account, make_grant, order_under

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("receipt_key")]


@pytest.fixture
def account() -> User:
    return make_account()


@pytest.fixture
def iro(monkeypatch: pytest.MonkeyPatch, account: User) -> Command:
    return Command(monkeypatch, account)


@pytest.fixture
def version() -> StyleVersion:
    made = licensable_version(territory=("DE", "JP"))
    keep()
    return made


def test_what_may_be_licensed_is_listed_and_filtered(iro: Command, version: StyleVersion) -> None:
    style = version.style
    [line] = iro("partner", "licensable", "-p", "merging", "-p", "commercial_use", "-t", "JP").out.splitlines()
    granted = "commercial_use, merging, resale_through_partners"
    expected = [version.pk, style.slug, 1, style.creator.display_name, "0.01 USD", granted, "DE, JP"]
    assert line.split("\t") == list(map(str, expected))
    assert iro("partner", "licensable", "-t", "FR").out == ""
    assert [each["version"] for each in iro("partner", "licensable", "--json").json] == [version.pk]


def test_a_quote_is_accepted_once_and_its_grant_is_listed_with_its_receipt(
    iro: Command, version: StyleVersion, tmp_path: Path
) -> None:
    asked = ("partner", "quote", version.pk, "--images", 10, "--days", 30, "-t", "JP", "--prepaid")
    assert iro(*asked, "--json").json["total_micro"] == 100_000
    quote = iro(*asked).out.strip()
    accepted = [iro("partner", "accept", quote).out for _ in range(2)]
    grant = Grant.objects.select_related("agreement").get()
    assert accepted == [f"{grant.pk}\n"] * 2
    [line] = iro("partner", "grants").out.splitlines()
    until = grant.agreement.ends_at.date().isoformat()
    described = ["active", version.style.title, "0 of 10", until, "commercial_use", "JP"]
    assert line.split("\t") == [str(grant.pk), *described]
    path = tmp_path / "grant.jws"
    assert iro("partner", "receipt", grant.pk, "-o", path).code == 0
    assert read(path.read_text(), receipt_keyring().public, Kind.RECEIPT)["kind"] == "grant"


def test_an_image_is_priced_under_a_grant_where_it_is_to_be_used(
    iro: Command, account: User, version: StyleVersion
) -> None:
    grant = make_grant(account, version, territory=("DE", "JP"), payment="prepaid")
    asked = ("generate", "a fox", "-s", version.style.slug, "--quote", "--json")
    # What is prepaid leaves the computing.
    with_grant, without = (iro(*asked, *words).json for words in (("--grant", grant.pk, "--territory", "JP"), ()))
    assert without["total_micro"] - with_grant["total_micro"] == 10_000
    refused = iro(*asked, "--grant", grant.pk, "--territory", "FR")
    assert (refused.code, json.loads(refused.err)["error"]["code"]) == (Exit.REFUSED, "territory_not_granted")


def test_reports_are_lines_and_files(iro: Command, account: User, version: StyleVersion, tmp_path: Path) -> None:
    grant = make_grant(account, version, territory=("DE", "JP"))
    made = deliver(order_under(account, grant))
    [line] = iro("partner", "usage").out.splitlines()
    assert line.split("\t") == [str(grant.pk), version.style.title, "1", "0.0101 USD"]
    assert iro("partner", "usage", "--from", "2020-01-01", "--to", "2020-01-31").out == ""
    path = tmp_path / "usage.csv"
    assert iro("partner", "usage", "--csv", path).out == f"{path}\n"
    assert str(made.pk) in path.read_text()


def test_statements_of_months_that_are_over_are_listed_and_saved(
    iro: Command, account: User, version: StyleVersion, tmp_path: Path
) -> None:
    make_grant(account, version, territory=("JP",), payment="prepaid")
    now = datetime.now(UTC)
    month = f"{now:%Y-%m}"
    assert iro("partner", "statements").out == ""
    close_months(now=now.replace(year=now.year + 1, day=15))
    assert month in [line.split("\t")[0] for line in iro("partner", "statements").out.splitlines()]
    path = tmp_path / "statement.csv"
    assert iro("partner", "statements", "--month", month, "--csv", path).out == f"{path}\n"
    assert "control total" in path.read_text()


def test_people_are_told_that_they_are_no_partners(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Command(monkeypatch, make_user())("partner", "grants")
    assert (said.code, "organisation" in said.err) == (Exit.REFUSED, True)
