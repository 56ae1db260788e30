"""The command against the real site: what it prints, where, and how it ends."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.main

from irodori_client import errors
from irodori_client.cli.exits import MEANINGS, Exit, exit_of
from irodori_client.cli.files import read_model
from irodori_client.cli.main import app
from irodori_client.cli.output import clean, usd
from irodori_client.models import Terms
from irodori_client.settings import resolve
from marketplace.accounts.models import User
from marketplace.generation.models import Generation
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_style
from tests.factories.command import Command
from tests.factories.generation import PROMPT, echo_version, order, paid
from tests.factories.ledger import make_buyer
from tests.factories.site import SITE_URL

pytestmark = pytest.mark.django_db
TERMS: dict[str, Any] = {
    "title": "Washed Ink",
    "sample_prompt": "a harbour at dawn",
    "licence": "CC0-1.0",
    "price_micro": 10_000,
    "creator_share_bp": 7_000,
    "training_sources": [{"name": "Mine", "consent": "own_work"}],
}


@pytest.fixture
def buyer() -> User:
    return make_buyer()


@pytest.fixture
def iro(monkeypatch: pytest.MonkeyPatch, buyer: User) -> Command:
    return Command(monkeypatch, buyer)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(monkeypatch)


def test_styles_are_lines_with_tabs_for_pipes_and_json_for_programs(nobody: Command) -> None:
    version = echo_version(style=make_style(title="Ink\x1b[31m\tWash", slug="ink-wash"))
    creator = version.style.creator.display_name
    said = nobody("styles", "search", "ink")
    assert (said.code, said.err) == (0, "")
    assert said.out == f"ink-wash\tInk�[31m�Wash\t{creator}\techo\t0.01 USD\tirodori-standard\n"
    [found] = nobody("styles", "search", "--json").json
    assert (found["slug"], found["latest"]["id"]) == ("ink-wash", version.pk)
    assert "version 1 (published): lora for echo, 0.01 USD per picture" in nobody("styles", "show", "ink-wash").out
    assert nobody("bases").out == "echo\tEcho\tApache-2.0\t8-512\t20\n"


def test_a_licence_says_what_it_grants_to_people_and_to_programs(nobody: Command) -> None:
    version = echo_version(licence="CC-BY-4.0", may_be_merged=True)
    slug = version.style.slug
    said = nobody("licence", slug)
    assert (said.code, said.out.splitlines()[0]) == (0, f"{slug}, version 1: CC-BY-4.0")
    document = nobody("licence", slug, "--json").json
    marks = {True: "yes", False: "no ", None: "   "}
    for words in document["words"]:
        assert f"{marks[words['allowed']]}  {words['title']}: {words['detail']}" in said.out
    assert document["policy"]["merging"] is True
    assert nobody("licence", slug, "--as", "jsonld").json["@type"] == "Offer"
    assert nobody("licence", slug, "--as", "rsl").out.startswith("<")
    assert nobody("licence", slug, "--version", 7).code == Exit.REFUSED
    assert nobody("licence", "none", "--as", "md").code == Exit.REFUSED


def test_a_quote_says_the_price_and_who_is_paid_and_orders_nothing(iro: Command) -> None:
    version = echo_version()
    said = iro("generate", PROMPT, "--style", f"{version.style.slug}:0.5", "--quote")
    assert said.out.splitlines()[0] == "0.0101 USD, of which 0.0001 USD for computing"
    assert f"to {version.style.creator.display_name} (creator): 0.007 USD" in said.out
    assert iro("generate", PROMPT, "--quote", "--json").json["total_micro"] > 0
    assert Generation.objects.exists() is False


def test_wallet_history_and_statements(iro: Command, buyer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    creator = make_user()
    made = paid(order(buyer, echo_version(creator=creator)))
    assert iro("wallet").out == "0.9899 USD to spend, 0.00 USD held\n"
    assert iro("wallet", "--json").json == {"balance_micro": 989_900, "held_micro": 0, "currency": "USD"}
    assert iro("history").out.startswith(f"{made.pk}\t")
    assert iro("top-up", 5).out.startswith("http")
    earner = Command(monkeypatch, creator)
    assert "sum of capture\t7000\n" in earner("statements").out
    assert earner("statements", "--json").json[0]["sum of all"] == 7000
    assert f"{made.pk}" in earner("statements", "--month", f"{datetime.now(UTC):%Y-%m}", "--csv", "-").out


def test_a_statement_is_saved(iro: Command, tmp_path: Path) -> None:
    path = tmp_path / "november.csv"
    assert iro("statements", "--month", "2026-11", "--csv", path).out == f"{path}\n"
    assert path.read_text().startswith("date,transaction,")
    assert iro("statements", "--month", "2026-13", "--csv", path).code == Exit.REFUSED
    nowhere = iro("statements", "--csv", tmp_path / "none" / "november.csv")
    assert (nowhere.code, "can't be written (No such file or directory)." in nowhere.err) == (Exit.USAGE, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["generate"], Exit.USAGE, "prompt"),
        (["generate", "x", "--style", "ink:much"], Exit.USAGE, "is not NAME:WEIGHT"),
        (["generate", "x", "--mask", __file__], Exit.USAGE, "Name that too"),
        (["generate", "x", "--from", __file__], Exit.USAGE, "no PNG, JPEG or WebP"),
        (["generate", "x", "-o", "/nowhere/x.png"], Exit.USAGE, "can't be written"),
        (["generate", "x", "--style", "none"], Exit.REFUSED, "no such style"),
        (["generate", "x", "--steps", "100000"], Exit.REFUSED, "steps: "),
        (["top-up", "0"], Exit.USAGE, "dollars"),
        (["upload", "none.safetensors", "--base", "echo"], Exit.USAGE, "none.safetensors"),
        (["upload", __file__, "--base", "echo", "--publish", __file__], Exit.USAGE, "can't be read"),
        (["proof", "7b1cbb5e-0000-4000-8000-000000000000"], Exit.REFUSED, "no such movement"),
        (["--url", "nonsense", "wallet"], Exit.USAGE, "no address of a hub"),
    ],
)
def test_what_is_wrong_is_told_on_stderr_with_a_code(iro: Command, words: list[str], code: int, said: str) -> None:
    echo_version()
    result = iro(*words)
    assert (result.code, result.out, said in result.err) == (code, "", True), result.err
    assert Generation.objects.exists() is False


def test_errors_are_json_where_results_are(iro: Command, nobody: Command) -> None:
    refused = iro("styles", "show", "none", "--json")
    error = json.loads(refused.err)["error"]
    assert (refused.code, refused.out, error["status"], error["field"]) == (4, "", 404, None)
    stranger = nobody("wallet", "--json")
    assert (stranger.code, json.loads(stranger.err)["error"]["code"]) == (3, "not_authenticated")
    wrong = iro("generate", "x", "-o", "/nowhere/x.png", "--json")
    assert json.loads(wrong.err)["error"]["code"] == "usage"


def test_too_little_credit_is_its_own_code_and_a_batch_orders_nothing_then(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    poor, version = Command(monkeypatch, make_buyer(1.5)), echo_version()
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("a fox\n\n# a remark\na hare\n")
    said = poor("batch", prompts, "-o", tmp_path, "--style", version.style.slug)
    assert (said.code, said.err) == (
        Exit.CREDIT,
        "2 pictures cost 0.0202 USD, and your wallet holds 0.015 USD. Top up, or draw fewer.\n",
    )
    assert Command(monkeypatch, make_user())("generate", "x").code == Exit.CREDIT
    assert Generation.objects.exists() is False


def test_signing_in_keeps_what_was_tried(nobody: Command, buyer: User, tmp_path: Path) -> None:
    from tests.factories.sdk import key_of

    wrong = nobody("login", SITE_URL, "--key-stdin", given="wrong\n")
    assert (wrong.code, (tmp_path / "config").exists()) == (Exit.SIGN_IN, False)
    assert nobody("login", SITE_URL, "--key-stdin", given="\n").code == Exit.USAGE
    key = key_of(buyer)
    typed = nobody("login", SITE_URL, given=f"{key}\n")
    kept = resolve(None, None, {"IRODORI_CONFIG": str(tmp_path / "config" / "client.json")})
    assert (typed.code, key in typed.out + typed.err, kept.api_key) == (0, False, key)
    assert nobody("logout").code == 0
    assert not (tmp_path / "config" / "client.json").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("terms.json", json.dumps(TERMS)),
        (
            "terms.yaml",
            "title: Washed Ink\nsample_prompt: a harbour at dawn\nlicence: CC0-1.0\nprice_micro: 10_000\n"
            "creator_share_bp: 7000\ntraining_sources:\n- {name: Mine, consent: own_work}\n",
        ),
        (
            "terms.toml",
            'title = "Washed Ink"\nsample_prompt = "a harbour at dawn"\nlicence = "CC0-1.0"\nprice_micro = 10_000\n'
            'creator_share_bp = 7000\n[[training_sources]]\nname = "Mine"\nconsent = "own_work"\n',
        ),
    ],
)
def test_terms_are_read_by_the_files_ending(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_model(path, Terms) == Terms.model_validate(TERMS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps(TERMS | {"may_be_sold": True}), "may_be_sold"),
        (json.dumps({"title": "x"}), "licence"),
        ("[" * 5000, "can't be read"),
        ("{", "can't be read"),
        ("a: !!python/object:os.system", "can't be read"),
    ],
)
def test_terms_that_can_not_be_used_are_told_before_a_file_is_sent(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text(text)
    with pytest.raises(errors.UsageError, match=said):
        read_model(path, Terms)


def test_every_error_has_a_code_of_its_family() -> None:
    def families(family: type[Exception]) -> set[type[Exception]]:
        return {family}.union(*(families(each) for each in family.__subclasses__()))

    made = {
        family: exit_of(family.__new__(family))
        for family in families(errors.IrodoriError)
        if issubclass(family, errors.IrodoriError)
    }
    assert [family for family, code in made.items() if code == Exit.BUG] == [errors.IrodoriError]
    assert set(MEANINGS) == set(Exit)


def test_every_command_says_what_it_and_its_options_do() -> None:
    def silent(command: Any, name: str) -> list[str]:
        found = [] if command.help else [name]
        found += [f"{name} {each.name}" for each in command.params if not getattr(each, "help", "")]
        return found + [line for key, child in getattr(command, "commands", {}).items() for line in silent(child, key)]

    assert silent(typer.main.get_command(app), "iro") == []


@pytest.mark.parametrize(
    ("micro", "said"),
    [(0, "0.00 USD"), (10_100, "0.0101 USD"), (-1, "-0.000001 USD"), (1_234_500_000, "1,234.50 USD")],
)
def test_amounts_are_exact(micro: int, said: str) -> None:
    assert usd(micro) == said


def test_nothing_that_moves_a_cursor_is_printed() -> None:
    assert clean("a\x1b]0;b\x07\r\nc\u202e") == "a�]0;b��\nc�"
