"""The arithmetic of plans, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.ledger.lines import Role
from marketplace.payouts.plans import (
    PLATFORM,
    UPSTREAM_CAP_BP,
    Makers,
    Parent,
    Part,
    Payee,
    Plan,
    PlannedShare,
    TooMuchSharedError,
    compute_plan,
    divide,
    plan_of,
)

MARA, KENJI, AYA, STUDIO, LICENSOR = Payee(1), Payee(2), Payee(3), Payee(organisation_id=1), Payee(organisation_id=2)


def shares(plan: Plan) -> dict[tuple[str, Payee, int], int]:
    return {tuple(share.part): share.share_bp for share in plan}  # type: ignore[misc]  # a NamedTuple is its tuple


def alone(version_id: int, creator: Payee, share_bp: int = 7_000) -> Plan:
    return plan_of(Makers(version_id=version_id, creator=creator, creator_share_bp=share_bp))


def test_alone_a_creator_shares_with_the_platform() -> None:
    assert shares(alone(7, MARA)) == {(Role.CREATOR, MARA, 7): 7_000, (Role.PLATFORM, PLATFORM, 0): 3_000}


def test_the_creators_share_pays_everyone_who_made_it_possible() -> None:
    library = PlannedShare(Part(Role.LIBRARY, STUDIO), 1_500)
    plan = plan_of(
        Makers(
            version_id=7,
            creator=MARA,
            creator_share_bp=7_000,
            licensor=LICENSOR,
            licensor_bp=500,
            contributors=(library, PlannedShare(Part(Role.DATASET, KENJI), 1_000)),
            parents=(Parent(3, 1_000, alone(3, AYA)),),
        )
    )
    assert shares(plan) == {
        (Role.CREATOR, MARA, 7): 3_000,
        (Role.LICENSOR, LICENSOR, 0): 500,
        (Role.LIBRARY, STUDIO, 0): 1_500,
        (Role.DATASET, KENJI, 0): 1_000,
        (Role.PARENT, AYA, 3): 1_000,
        (Role.PLATFORM, PLATFORM, 0): 3_000,
    }


def test_a_parents_part_goes_up_the_lineage_by_the_parents_own_plan() -> None:
    """Aya's version asks 20 % of Kenji's, Kenji's asks 30 % of Mara's: Aya gets 20/70 of those 30 %."""
    kenjis = plan_of(
        Makers(version_id=2, creator=KENJI, creator_share_bp=7_000, parents=(Parent(1, 2_000, alone(1, AYA)),))
    )
    plan = plan_of(Makers(version_id=3, creator=MARA, creator_share_bp=9_000, parents=(Parent(2, 3_000, kenjis),)))
    assert shares(plan) == {
        (Role.CREATOR, MARA, 3): 6_000,
        (Role.PARENT, AYA, 1): 857,
        (Role.PARENT, KENJI, 2): 2_143,
        (Role.PLATFORM, PLATFORM, 0): 1_000,
    }


def test_an_ancestor_that_two_ways_lead_to_is_paid_by_both() -> None:
    left, right = (
        plan_of(
            Makers(version_id=number, creator=KENJI, creator_share_bp=8_000, parents=(Parent(1, 4_000, alone(1, AYA)),))
        )
        for number in (2, 3)
    )
    plan = plan_of(
        Makers(
            version_id=4,
            creator=MARA,
            creator_share_bp=9_000,
            parents=(Parent(2, 1_000, left), Parent(3, 1_000, right)),
        )
    )
    assert shares(plan)[Role.PARENT, AYA, 1] == 1_000


def test_what_all_parents_get_is_capped_and_each_gets_the_same_fraction() -> None:
    parents = (Parent(1, 5_000, alone(1, AYA)), Parent(2, 2_500, alone(2, KENJI)))
    plan = shares(plan_of(Makers(version_id=3, creator=MARA, creator_share_bp=9_000, parents=parents)))
    assert (plan[Role.PARENT, AYA, 1], plan[Role.PARENT, KENJI, 2]) == (3_333, 1_667)


def test_others_cannot_get_more_than_the_creators_share_holds() -> None:
    with pytest.raises(TooMuchSharedError) as refusal:
        plan_of(
            Makers(
                version_id=7,
                creator=MARA,
                creator_share_bp=1_000,
                contributors=(PlannedShare(Part(Role.DATASET, KENJI), 1_200),),
            )
        )
    assert refusal.value.over_bp == 200


def test_computing_on_a_licensed_base_pays_its_licensor() -> None:
    assert shares(compute_plan(LICENSOR, 500)) == {
        (Role.LICENSOR, LICENSOR, 0): 500,
        (Role.COMPUTE, PLATFORM, 0): 9_500,
    }
    assert shares(compute_plan(PLATFORM, 0)) == {(Role.COMPUTE, PLATFORM, 0): 10_000}


@st.composite
def lineages(draw: st.DrawFn) -> Plan:
    """The plan of the last of some versions, each derived from any of those before it."""
    plans: list[Plan] = []
    for number in range(draw(st.integers(1, 6))):
        chosen = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        parents = tuple(Parent(one + 1, draw(st.integers(0, 5_000)), plans[one]) for one in sorted(chosen))
        share_bp = draw(st.integers(UPSTREAM_CAP_BP, 9_000))
        creator = Payee(draw(st.integers(1, 4)))
        plans.append(
            plan_of(Makers(version_id=number + 1, creator=creator, creator_share_bp=share_bp, parents=parents))
        )
    return plans[-1]


@given(lineages())
def test_shares_make_a_whole_and_none_is_empty(plan: Plan) -> None:
    assert sum(share.share_bp for share in plan) == 10_000
    assert min(share.share_bp for share in plan) >= 1
    assert sum(share.share_bp for share in plan if share.part.role == Role.PARENT) <= UPSTREAM_CAP_BP


@given(lineages(), st.integers(0, 10**12))
def test_a_payment_is_divided_without_rest(plan: Plan, amount: int) -> None:
    parts = divide(amount, plan)
    assert sum(part for _, part in parts) == amount
    for (_, part), share in zip(parts, plan, strict=True):
        assert abs(part * 10_000 - amount * share.share_bp) < 10_000
