"""Decides by policies alone: may this be done, and may somebody grant what they mean to? Pure, and the only place that does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from marketplace.licences.policy import Policy

# Opt-outs that leave training on outputs to `training_on_outputs`. Any other, also one that nobody here knows, rules it out.
# The opt-out of use as a model's input.
AI_INPUT = "ai_inference"
NOT_ABOUT_TRAINING = frozenset({AI_INPUT, "data_mining"})


class Clause(StrEnum):
    """What a refusal names: the fields of Policy."""

    COMMERCIAL_USE = "commercial_use"
    CREDIT_REQUIRED = "credit_required"
    MERGING = "merging"
    DERIVATIVES = "derivatives"
    RESALE = "resale_through_partners"
    TRAINING = "training_on_outputs"
    TERRITORY = "territory"
    PARTNERS = "partners"
    EXPIRES = "expires"
    OPT_OUTS = "opt_outs"


class Act(StrEnum):
    """What is done with a model, or with a picture made with it."""

    GENERATE = "generate"
    COMBINE = "combine"  # with other styles in one picture
    DERIVE = "derive"  # train a style that starts from it
    RESELL = "resell"  # a picture
    LICENSE = "license"  # the model, through a partner
    TRAIN = "train"  # on its pictures
    INPUT = "input"  # draw a picture that starts from one of its pictures


@dataclass(frozen=True, kw_only=True)
class Use:
    """`partner` is the organisation's slug and `territory` an ISO 3166-1 alpha-2 code, None where nobody said.

    `on` is the day of it. A picture keeps what its style granted on the day it was made, so for what is done with a picture
    it is that day.
    """

    act: Act
    on: date
    commercial: bool = False
    partner: str | None = None
    territory: str | None = None

    @property
    def is_commercial(self) -> bool:
        return self.commercial or self.act in FOR_GAIN


@dataclass(frozen=True)
class Denial:
    """Which clause of which policy refuses, by its place among those that were asked."""

    clause: Clause
    place: int = 0


FOR_GAIN = frozenset({Act.RESELL, Act.LICENSE})
NEEDS = MappingProxyType(
    {
        Act.COMBINE: Clause.MERGING,
        Act.DERIVE: Clause.DERIVATIVES,
        Act.RESELL: Clause.RESALE,
        Act.TRAIN: Clause.TRAINING,
    }
)
PERMISSIONS = (Clause.COMMERCIAL_USE, Clause.MERGING, Clause.DERIVATIVES, Clause.RESALE, Clause.TRAINING)


def evaluate(use: Use, *policies: Policy) -> Denial | None:
    """The first refusal, or None: all of these policies permit it.

    Limits on partners and territory are judged wherever the use names one. Reselling and licensing name both, or are outside.
    """
    for place, policy in enumerate(policies):
        for clause, refuses in _REFUSALS:
            if refuses(use, policy):
                return Denial(clause, place)
    return None


def exceeds(wanted: Policy, granted: Policy) -> Clause | None:
    """The first clause in which `wanted` gives more than `granted`, which it builds on, or None where it gives no more."""
    for clause in PERMISSIONS:
        if getattr(wanted, clause) and not getattr(granted, clause):
            return clause
    if granted.credit_required and not wanted.credit_required:
        return Clause.CREDIT_REQUIRED
    for clause in (Clause.TERRITORY, Clause.PARTNERS):
        if _wider(getattr(wanted, clause), getattr(granted, clause)):
            return clause
    if granted.expires is not None and (wanted.expires is None or wanted.expires > granted.expires):
        return Clause.EXPIRES
    return Clause.OPT_OUTS if set(granted.opt_outs) - set(wanted.opt_outs) else None


def may_train(policy: Policy) -> bool:
    """May pictures that exist already be trained on?"""
    return policy.training_on_outputs and NOT_ABOUT_TRAINING.issuperset(policy.opt_outs)


def is_reserved(policy: Policy) -> bool:
    """Must machines be told that mining is not free here? A creator who rules anything out says so."""
    return not may_train(policy) or bool(policy.opt_outs)


def gives_what_share_alike_gives(policy: Policy) -> bool:
    """Everyone who receives the picture may use, sell and train on it, wherever they are."""
    anyone_anywhere = not (policy.territory or policy.partners or policy.opt_outs)
    return policy.commercial_use and policy.resale_through_partners and policy.training_on_outputs and anyone_anywhere


def _lacks(clause: Clause) -> Callable[[Use, Policy], bool]:
    return lambda use, policy: NEEDS.get(use.act) == clause and not getattr(policy, clause)


def _trains_in_spite_of_an_opt_out(use: Use, policy: Policy) -> bool:
    return use.act == Act.TRAIN and not may_train(policy)


def _is_input_in_spite_of_an_opt_out(use: Use, policy: Policy) -> bool:
    return use.act == Act.INPUT and AI_INPUT in policy.opt_outs


def _is_for_gain(use: Use, policy: Policy) -> bool:
    return use.is_commercial and not policy.commercial_use


def _is_by_another(use: Use, policy: Policy) -> bool:
    return _outside(use, use.partner, policy.partners)


def _is_elsewhere(use: Use, policy: Policy) -> bool:
    return _outside(use, use.territory, policy.territory)


def _is_too_late(use: Use, policy: Policy) -> bool:
    return policy.expires is not None and use.on > policy.expires


_REFUSALS: tuple[tuple[Clause, Callable[[Use, Policy], bool]], ...] = (
    *((clause, _lacks(clause)) for clause in NEEDS.values()),
    (Clause.OPT_OUTS, _trains_in_spite_of_an_opt_out),
    (Clause.OPT_OUTS, _is_input_in_spite_of_an_opt_out),
    (Clause.COMMERCIAL_USE, _is_for_gain),
    (Clause.PARTNERS, _is_by_another),
    (Clause.TERRITORY, _is_elsewhere),
    (Clause.EXPIRES, _is_too_late),
)


def _outside(use: Use, named: str | None, allowed: tuple[str, ...]) -> bool:
    if not allowed:
        return False
    return use.act in FOR_GAIN if named is None else named not in allowed


def _wider(wanted: tuple[str, ...], granted: tuple[str, ...]) -> bool:
    return bool(granted) and not (wanted and set(wanted) <= set(granted))
