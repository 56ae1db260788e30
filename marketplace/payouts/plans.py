"""How a version's price is divided among all who made it possible. Pure.

Of a price the platform keeps what the creator's share leaves. The creator's share first pays the base's licensor, the
contributors that the creator names and each parent what it asks of its derivatives; the rest is the creator's own. A
parent's part is passed on up the lineage by the parent's own plan. What all parents get is capped: where they ask for
more, each gets the same fraction of what it asks.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from marketplace.ledger.lines import Role
from marketplace.ledger.split import WHOLE_BP, apportion

UPSTREAM_CAP_BP = 5_000
SUBSCRIPTION_SHARE_BP = 9_000
PICTURE_STYLES_BP = 2_000
PICTURE_PLATFORM_BP = 1_000
OF_THE_HUB = frozenset({Role.PLATFORM, Role.COMPUTE})
# What of a parent's plan a derivative's payment is passed on by: the platform and the licensor are paid directly.
UP_THE_LINEAGE = frozenset({Role.CREATOR, Role.PARENT, Role.DATASET, Role.LIBRARY})


class Payee(NamedTuple):
    """A person or an organisation; neither is the platform."""

    person_id: int = 0
    organisation_id: int = 0


PLATFORM = Payee()


class Part(NamedTuple):
    """What a share is for: the same payee may have several. `source_id` is the version it is earned by, 0 for none."""

    role: str
    payee: Payee
    source_id: int = 0


@dataclass(frozen=True)
class PlannedShare:
    part: Part
    share_bp: int


Plan = tuple[PlannedShare, ...]


@dataclass(frozen=True)
class Parent:
    """A version that this one derives from: what it asks of each derivative's price, and its own frozen plan."""

    version_id: int
    asks_bp: int
    plan: Plan


@dataclass(frozen=True, kw_only=True)
class Makers:
    """Everyone behind a version. `contributors` are dataset contributors and content libraries with their shares."""

    version_id: int
    creator: Payee
    creator_share_bp: int
    licensor: Payee = PLATFORM
    licensor_bp: int = 0
    contributors: tuple[PlannedShare, ...] = ()
    parents: tuple[Parent, ...] = ()


class TooMuchSharedError(ValueError):
    """The others' shares are more than the creator's share holds; `over_bp` says by how much."""

    def __init__(self, over_bp: int) -> None:
        super().__init__(f"The shares of others exceed the creator's share by {over_bp} basis points.")
        self.over_bp = over_bp


def plan_of(makers: Makers) -> Plan:
    """Shares that sum to 10,000, none of them 0. Raises TooMuchSharedError."""
    others = [*_licensor(makers), *makers.contributors, *_upstream(makers.parents)]
    own = makers.creator_share_bp - sum(share.share_bp for share in others)
    if own < 0:
        raise TooMuchSharedError(-own)
    creator = PlannedShare(Part(Role.CREATOR, makers.creator, makers.version_id), own)
    platform = PlannedShare(Part(Role.PLATFORM, PLATFORM), WHOLE_BP - makers.creator_share_bp)
    return _merged((creator, *others, platform))


def compute_plan(licensor: Payee, licensor_bp: int) -> Plan:
    """How what a base's computation costs is divided."""
    shares = (
        PlannedShare(Part(Role.LICENSOR, licensor), licensor_bp if licensor != PLATFORM else 0),
        PlannedShare(Part(Role.COMPUTE, PLATFORM), WHOLE_BP - (licensor_bp if licensor != PLATFORM else 0)),
    )
    return _merged(shares)


def divide(amount_micro: int, plan: Plan) -> list[tuple[Part, int]]:
    """The parts of a payment in micro-units; they sum to it. A leftover unit goes to the largest remainder, ties by
    the plan's order."""
    parts = apportion(amount_micro, [share.share_bp for share in plan])
    return [(share.part, part) for share, part in zip(plan, parts, strict=True)]


def _licensor(makers: Makers) -> list[PlannedShare]:
    if makers.licensor == PLATFORM or not makers.licensor_bp:
        return []
    return [PlannedShare(Part(Role.LICENSOR, makers.licensor), makers.licensor_bp)]


def _upstream(parents: Sequence[Parent]) -> list[PlannedShare]:
    """Every ancestor's share: exact fractions first, then whole basis points by largest remainder."""
    asked = sum(parent.asks_bp for parent in parents)
    if not asked:
        return []
    exact: dict[Part, Fraction] = defaultdict(Fraction)
    for parent in parents:
        for part, fraction in _passed_on(parent):
            exact[part] += fraction * parent.asks_bp
    parts = sorted(exact)
    shares = apportion(min(asked, UPSTREAM_CAP_BP), _whole_weights([exact[part] for part in parts]))
    return [PlannedShare(part, share) for part, share in zip(parts, shares, strict=True)]


def _passed_on(parent: Parent) -> Iterable[tuple[Part, Fraction]]:
    """Of one unit that a parent gets, what goes to its creator and to each of those its own plan names."""
    own = [share for share in parent.plan if share.part.role in UP_THE_LINEAGE]
    whole = sum(share.share_bp for share in own)
    for share in own:
        source_id = share.part.source_id or parent.version_id
        yield Part(Role.PARENT, share.part.payee, source_id), Fraction(share.share_bp, whole)


def _whole_weights(fractions: Sequence[Fraction]) -> list[int]:
    denominator = lcm(*(fraction.denominator for fraction in fractions))
    return [int(fraction * denominator) for fraction in fractions]


def _merged(shares: Iterable[PlannedShare]) -> Plan:
    """One share per part, without empty ones, in the order they first appear."""
    sums: dict[Part, int] = {}
    for share in shares:
        sums[share.part] = sums.get(share.part, 0) + share.share_bp
    return tuple(PlannedShare(part, share_bp) for part, share_bp in sums.items() if share_bp)


def subscription_plan(creator: Payee) -> Plan:
    """A creator's subscribers pay for access to everything, so no single version's makers share in it."""
    return _merged(
        (
            PlannedShare(Part(Role.CREATOR, creator), SUBSCRIPTION_SHARE_BP),
            PlannedShare(Part(Role.PLATFORM, PLATFORM), WHOLE_BP - SUBSCRIPTION_SHARE_BP),
        )
    )


def picture_plan(seller: Payee, styles: Sequence[tuple[int, Plan]]) -> Plan:
    """Of a finished picture's price: the platform's tenth, a fifth to its styles (version id and plan), each its equal
    part passed on by its own plan, and the rest to the seller; without a style the seller has that fifth, too."""
    parts: dict[Part, Fraction] = defaultdict(Fraction)
    for version_id, plan in styles:
        makers = [share for share in plan if share.part.role not in OF_THE_HUB]
        whole = sum(share.share_bp for share in makers)
        for share in makers:
            part = share.part._replace(source_id=share.part.source_id or version_id)
            parts[part] += Fraction(share.share_bp, whole * len(styles))
    names = sorted(parts)
    shares = apportion(PICTURE_STYLES_BP, _whole_weights([parts[name] for name in names])) if names else []
    makers_shares = [PlannedShare(name, share) for name, share in zip(names, shares, strict=True)]
    own = WHOLE_BP - PICTURE_PLATFORM_BP - sum(shares)
    return _merged(
        (
            PlannedShare(Part(Role.SELLER, seller), own),
            *makers_shares,
            PlannedShare(Part(Role.PLATFORM, PLATFORM), PICTURE_PLATFORM_BP),
        )
    )
