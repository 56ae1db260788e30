"""What a licence permits, as a value. The one object that pages, ODRL, RSL and model cards are written from, and that the
hub itself obeys when it makes a picture or grants a licence."""

from dataclasses import dataclass
from datetime import date

WORLD: tuple[str, ...] = ()
# What a creator can rule out for machines, by CAWG's names, in the order in which a policy holds them.
OPT_OUTS = ("ai_training", "ai_generative_training", "data_mining", "ai_inference")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Restrictive by default: what is not permitted here is refused.

    `territory` holds ISO 3166-1 alpha-2 codes and `partners` slugs of organisations; empty means everywhere and every
    partner. `expires` is the last day on which it is granted; what was granted until then stays. `opt_outs` are uses that
    the creator rules out in machine-readable form, by their TDM and CAWG names.
    """

    commercial_use: bool = False
    credit_required: bool = True
    merging: bool = False
    derivatives: bool = False
    resale_through_partners: bool = False
    training_on_outputs: bool = False
    territory: tuple[str, ...] = WORLD
    partners: tuple[str, ...] = ()
    expires: date | None = None
    opt_outs: tuple[str, ...] = OPT_OUTS[:3]
