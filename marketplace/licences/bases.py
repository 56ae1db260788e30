"""What the licences of base models grant, for the styles that are built on them and the pictures made with them.

One that is not listed here, or whose text nobody has read for the hub, grants what Policy grants by default.
"""

from dataclasses import replace
from types import MappingProxyType

from marketplace.licences.policy import Policy

_FREE = Policy(
    commercial_use=True,
    credit_required=False,
    merging=True,
    derivatives=True,
    resale_through_partners=True,
    training_on_outputs=True,
    opt_outs=(),
)
_NON_COMMERCIAL = Policy(credit_required=True, merging=True, derivatives=True, training_on_outputs=True, opt_outs=())

# Their conditions bind whoever passes the weights on (notices, use restrictions); pictures carry none of them, so no
# clause of a policy stands for them. Credit is asked for where a licence asks that adaptations name their source.
BASE_LICENCES = MappingProxyType(
    {
        "apache-2.0": _FREE,
        "mit": _FREE,
        "bsd-3-clause": _FREE,
        "cc0-1.0": _FREE,
        "openrail++": _FREE,
        "creativeml open rail++-m": _FREE,
        "creativeml-openrail-m": _FREE,
        "creativeml open rail-m": _FREE,
        "cc-by-4.0": replace(_FREE, credit_required=True),
        "cc-by-nc-4.0": _NON_COMMERCIAL,
    }
)


def policy_of_licence(licence: str) -> Policy:
    """What a base's licence grants, by its name in any case."""
    return BASE_LICENCES.get(licence.strip().casefold(), Policy())


def is_known(licence: str) -> bool:
    return licence.strip().casefold() in BASE_LICENCES
