"""Every document says the whole policy: what is read out of one is what was written, and what is not understood restricts."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.licences import card, odrl, odrl_reader, rsl, rsl_reader
from marketplace.licences.plain import UnreadableLicenceError, from_plain, to_plain
from marketplace.licences.policy import Policy
from marketplace.licences.rules import Act, Use, evaluate, exceeds
from tests.factories.licences import TODAY, free_policy, make_subject, policies

SUBJECT = make_subject()
HEAD = '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
FOOT = "</license></content></rsl>"


@given(policies)
def test_plain_values_hold_a_policy(policy: Policy) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(policy)))) == policy


@given(policies)
def test_an_odrl_offer_and_an_agreement_hold_a_policy(policy: Policy) -> None:
    assert odrl_reader.read_policy(json.loads(json.dumps(odrl.offer(policy, SUBJECT)))) == policy
    party = odrl.Party("https://hub.example/organisations/aoi", "Studio Aoi")
    agreed = odrl.agreement(policy, SUBJECT, uid="urn:uuid:1", assignee=party, issued=TODAY)
    assert odrl_reader.read_policy(agreed) == policy


@given(policies)
def test_an_rsl_document_holds_a_policy(policy: Policy) -> None:
    assert rsl_reader.read_policy(rsl.rsl_document(policy, SUBJECT)) == policy


@given(policies, st.text(max_size=20), st.text(max_size=20))
def test_a_model_card_holds_a_policy_whatever_its_texts_say(policy: Policy, title: str, words: str) -> None:
    subject = make_subject(title=title, creator=title, trigger_words=words)
    assert card.read_policy(card.model_card(policy, subject)) == policy


@given(policies)
def test_rsls_own_words_alone_never_grant_more_than_the_policy(policy: Policy) -> None:
    """RSL has no words for mixing, deriving, partners, resale and the last day: without our element they are not granted,
    and limits on partners and days are lost, which therefore nothing but our element may be asked about."""
    document = rsl.rsl_document(policy, SUBJECT)
    bare = rsl_reader.read_policy(document.replace(b"irodori:policy", b"irodori:unknown"))
    assert exceeds(bare, replace(policy, expires=None, partners=(), credit_required=True, opt_outs=())) is None
    training = Use(act=Act.TRAIN, on=date(2000, 1, 1))
    assert (evaluate(training, bare) is None) == (evaluate(training, policy) is None)


@pytest.mark.parametrize(
    ("terms", "changes"),
    [
        ("", {}),
        ('<permits type="usage">all</permits>', {"training_on_outputs": True}),
        ('<permits type="usage">search</permits>', {}),
        ('<permits type="usage">ai-train</permits><prohibits type="usage">ai-train</prohibits>', {}),
        (
            '<permits type="usage">ai-train</permits><prohibits type="usage">train-ai</prohibits>',
            {"training_on_outputs": True, "opt_outs": ("train-ai",)},
        ),
        (
            '<permits type="usage">all</permits><prohibits type="usage">ai-input ai-index</prohibits>',
            {"training_on_outputs": True, "opt_outs": ("data_mining", "ai_inference")},
        ),
        (
            '<permits type="usage">all</permits><prohibits type="usage">ai-all</prohibits>',
            {"training_on_outputs": True, "opt_outs": Policy.opt_outs},
        ),
        ('<permits type="user">commercial</permits>', {"commercial_use": True}),
        ('<permits type="user">commercial</permits><prohibits type="user">commercial</prohibits>', {}),
        ('<permits type="geo">JP DE</permits>', {"territory": ("DE", "JP")}),
        ('<permits type="geo">JP DE</permits><prohibits type="geo">DE</prohibits>', {"territory": ("JP",)}),
    ],
)
def test_a_foreign_rsl_document_grants_what_it_says_and_no_more(terms: str, changes: dict[str, Any]) -> None:
    assert rsl_reader.read_policy(f"{HEAD}{terms}{FOOT}".encode()) == Policy(**{"opt_outs": (), **changes})


def test_an_unknown_token_rules_out_training() -> None:
    document = f'{HEAD}<permits type="usage">all</permits><prohibits type="usage">train-ai</prohibits>{FOOT}'
    assert evaluate(Use(act=Act.TRAIN, on=TODAY), rsl_reader.read_policy(document.encode())) is not None


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<rsl/>",
        b"{}",
        b'<rsl xmlns="https://rslstandard.org/rsl"/>',
        f"{HEAD}</license><license>{FOOT}".encode(),
        b'<!DOCTYPE x [<!ENTITY a "b">]><rsl xmlns="https://rslstandard.org/rsl">&a;</rsl>',
        f'{HEAD}<permits type="geo">JP</permits><prohibits type="geo">JP</prohibits>{FOOT}'.encode(),
        f'{HEAD}<p:policy xmlns:p="urn:irodori:licence:" expires="soon"/>{FOOT}'.encode(),
    ],
)
def test_what_is_no_licence_grants_nothing(document: bytes) -> None:
    with pytest.raises(UnreadableLicenceError):
        rsl_reader.read_policy(document)


def rule(action: str, **terms: Any) -> dict[str, Any]:
    return {"target": SUBJECT.target, "action": action, **terms}


def constraint(left: str, operator: str, right: object) -> list[dict[str, Any]]:
    return [{"leftOperand": left, "operator": operator, "rightOperand": right}]


GENERATE = rule("irodori:generate")


@pytest.mark.parametrize(
    "unknown",
    [
        {"constraint": constraint("count", "lteq", 5)},
        {"constraint": constraint("dateTime", "lteq", "soon")},
        {"constraint": constraint("dateTime", "gteq", {"@type": "xsd:date", "@value": "2026-01-01"})},
        {"duty": [{"action": "compensate"}]},
        {"output": "https://hub.example/x"},
    ],
)
def test_an_odrl_permission_under_a_condition_that_is_not_understood_is_none(unknown: dict[str, Any]) -> None:
    read = odrl_reader.read_policy(
        {"permission": [GENERATE, rule("irodori:combine", **unknown), rule("derive")], "prohibition": []}
    )
    assert read == Policy(derivatives=True, credit_required=False, opt_outs=())


def test_an_odrl_prohibition_wins_and_one_with_an_unknown_condition_holds_everywhere() -> None:
    document = {
        "permission": [GENERATE, rule("derive"), rule("irodori:combine")],
        "prohibition": [rule("derive"), rule("irodori:combine", constraint=constraint("count", "gt", 9))],
    }
    assert odrl_reader.read_policy(document) == Policy(credit_required=False, opt_outs=())


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"permission": [rule("derive")]},
        {"permission": [GENERATE], "prohibition": [GENERATE]},
        {"permission": [GENERATE], "prohibition": [rule("use")]},
        {"permission": [GENERATE], "prohibition": [rule("distribute")]},
        {"permission": [{"action": {"rdf:value": "use"}}]},
        {"permission": "irodori:generate"},
    ],
)
def test_odrl_that_permits_nobody_or_prohibits_what_is_not_understood_is_refused(document: object) -> None:
    with pytest.raises(UnreadableLicenceError):
        odrl_reader.read_policy(document)


@pytest.mark.parametrize(
    "text",
    ["", "---\n", "---\nlicense: mit\n---\n", "---\n- a\n---\n", "---\n: {\n---\n", "---\nirodori_policy: yes\n---\n"],
)
def test_a_card_without_our_policy_is_refused(text: str) -> None:
    with pytest.raises(UnreadableLicenceError):
        card.read_policy(text)


@pytest.mark.parametrize("limit", [{"territory": "JP"}, {"partners": [1]}, {"expires": "soon"}, {"opt_outs": None}])
def test_a_limit_that_cannot_be_read_is_no_permission_without_it(limit: dict[str, Any]) -> None:
    with pytest.raises(UnreadableLicenceError):
        from_plain(to_plain(free_policy()) | limit)


def test_only_a_plain_yes_permits() -> None:
    stated = dict.fromkeys(("commercial_use", "merging", "derivatives"), "yes")
    assert from_plain({**stated, "resale_through_partners": 1, "credit_required": "no"}) == Policy()
