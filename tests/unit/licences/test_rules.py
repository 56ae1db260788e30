"""What a policy permits, clause by clause, and the laws that hold of all of them."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from marketplace.licences.bases import is_known, policy_of_licence
from marketplace.licences.policy import Policy
from marketplace.licences.rules import Act, Clause, Denial, Use, evaluate, exceeds, is_reserved, may_train
from tests.factories.licences import TODAY, free_policy, policies, uses


def refused(policy: Policy, act: Act, **use: Any) -> Clause | None:
    denial = evaluate(Use(act=act, on=TODAY, **use), policy)
    return denial.clause if denial else None


@pytest.mark.parametrize(
    ("act", "use", "clause"),
    [
        (Act.GENERATE, {}, None),
        (Act.GENERATE, {"commercial": True}, Clause.COMMERCIAL_USE),
        (Act.COMBINE, {}, Clause.MERGING),
        (Act.DERIVE, {}, Clause.DERIVATIVES),
        (Act.RESELL, {}, Clause.RESALE),
        (Act.LICENSE, {}, Clause.COMMERCIAL_USE),
        (Act.TRAIN, {}, Clause.TRAINING),
    ],
)
def test_what_nobody_granted_is_refused(act: Act, use: dict[str, Any], clause: Clause | None) -> None:
    assert refused(Policy(), act, **use) == clause
    assert refused(free_policy(), act, **use) is None


@pytest.mark.parametrize(
    ("changes", "act", "use", "clause"),
    [
        ({"partners": ("aoi",)}, Act.LICENSE, {"partner": "aoi"}, None),
        ({"partners": ("aoi",)}, Act.LICENSE, {"partner": "aoi-tv"}, Clause.PARTNERS),
        ({"partners": ("aoi",)}, Act.LICENSE, {}, Clause.PARTNERS),
        ({"partners": ("aoi",)}, Act.RESELL, {}, Clause.PARTNERS),
        ({"partners": ("aoi",)}, Act.GENERATE, {}, None),
        ({"partners": ("aoi",)}, Act.GENERATE, {"partner": "other"}, Clause.PARTNERS),
        ({"territory": ("DE", "JP")}, Act.RESELL, {"territory": "JP"}, None),
        ({"territory": ("DE", "JP")}, Act.RESELL, {"territory": "US"}, Clause.TERRITORY),
        ({"territory": ("DE", "JP")}, Act.RESELL, {}, Clause.TERRITORY),
        ({"territory": ("DE", "JP")}, Act.GENERATE, {}, None),
        ({"expires": TODAY}, Act.GENERATE, {}, None),
        ({"expires": date(2026, 11, 30)}, Act.GENERATE, {}, Clause.EXPIRES),
        ({"commercial_use": False}, Act.RESELL, {}, Clause.COMMERCIAL_USE),
        ({"opt_outs": ("data_mining", "ai_inference")}, Act.TRAIN, {}, None),
        ({"opt_outs": ("ai_generative_training",)}, Act.TRAIN, {}, Clause.OPT_OUTS),
        ({"opt_outs": ("data_mining", "ai_inference")}, Act.INPUT, {}, Clause.OPT_OUTS),
        ({"opt_outs": ("data_mining", "ai_training", "unheard_of")}, Act.INPUT, {}, None),
        ({"opt_outs": ("unheard_of",)}, Act.TRAIN, {}, Clause.OPT_OUTS),
    ],
)
def test_limits_are_judged_where_they_apply(
    changes: dict[str, Any], act: Act, use: dict[str, Any], clause: Clause | None
) -> None:
    assert refused(free_policy(**changes), act, **use) == clause


def test_the_refusal_says_whose_policy_it_is() -> None:
    use = Use(act=Act.COMBINE, on=TODAY)
    assert evaluate(use, free_policy(), Policy()) == Denial(Clause.MERGING, 1)
    assert evaluate(use) is None


@pytest.mark.parametrize(
    ("wanted", "granted", "clause"),
    [
        ({}, {}, None),
        ({}, {"commercial_use": False}, Clause.COMMERCIAL_USE),
        ({}, {"merging": False}, Clause.MERGING),
        ({}, {"derivatives": False}, Clause.DERIVATIVES),
        ({}, {"resale_through_partners": False}, Clause.RESALE),
        ({}, {"training_on_outputs": False}, Clause.TRAINING),
        ({}, {"credit_required": True}, Clause.CREDIT_REQUIRED),
        ({}, {"territory": ("JP",)}, Clause.TERRITORY),
        ({"territory": ("DE", "JP")}, {"territory": ("JP",)}, Clause.TERRITORY),
        ({"territory": ("JP",)}, {"territory": ("DE", "JP")}, None),
        ({}, {"partners": ("aoi",)}, Clause.PARTNERS),
        ({"partners": ("aoi",)}, {}, None),
        ({}, {"expires": TODAY}, Clause.EXPIRES),
        ({"expires": date(2026, 12, 2)}, {"expires": TODAY}, Clause.EXPIRES),
        ({"expires": TODAY}, {"expires": TODAY}, None),
        ({}, {"opt_outs": ("data_mining",)}, Clause.OPT_OUTS),
    ],
)
def test_nobody_grants_more_than_they_were_granted(
    wanted: dict[str, Any], granted: dict[str, Any], clause: Clause | None
) -> None:
    assert exceeds(free_policy(**wanted), free_policy(**granted)) == clause


@given(uses, policies, policies)
def test_what_the_source_forbids_nothing_built_on_it_permits(use: Use, source: Policy, built: Policy) -> None:
    if exceeds(built, source) is None and evaluate(use, source) is not None:
        assert evaluate(use, built) is not None


@given(uses, policies, policies)
def test_a_use_of_several_is_permitted_where_each_permits_it(use: Use, first: Policy, second: Policy) -> None:
    alone = evaluate(use, first) is None and evaluate(use, second) is None
    assert (evaluate(use, first, second) is None) == alone


@given(policies)
def test_nothing_exceeds_itself_and_the_default_grants_least_of_all(policy: Policy) -> None:
    assert exceeds(policy, policy) is None
    assert is_reserved(policy) or may_train(policy)
    everything_off = Policy(
        territory=policy.territory, partners=policy.partners, expires=policy.expires, opt_outs=policy.opt_outs
    )
    assert exceeds(everything_off, policy) is None


@pytest.mark.parametrize("licence", ["Apache-2.0", "CreativeML Open RAIL++-M", "openrail++", " mit "])
def test_the_licences_of_the_shipped_bases_and_of_sdxl_grant_what_styles_need(licence: str) -> None:
    assert exceeds(free_policy(), policy_of_licence(licence)) is None


def test_a_base_licence_that_nobody_has_read_grants_nothing() -> None:
    assert (is_known("as its makers say"), policy_of_licence("as its makers say")) == (False, Policy())
    assert refused(policy_of_licence("CC-BY-NC-4.0"), Act.GENERATE, commercial=True) == Clause.COMMERCIAL_USE
