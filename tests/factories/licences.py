"""Policies and uses of every shape, for laws that hold of all of them."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from marketplace.licences.policy import Policy
from marketplace.licences.rules import Act, Use
from marketplace.licences.subject import Subject

TODAY = date(2026, 12, 1)
DAYS = st.dates(date(2026, 11, 1), date(2027, 1, 31))
PLACES = ("DE", "JP", "US")
PARTNERS = ("aoi", "aoi-tv", "north_star")
OPT_OUTS = ("ai_inference", "ai_training", "ai_generative_training", "data_mining", "unheard_of")
FREE: dict[str, Any] = {
    "commercial_use": True,
    "credit_required": False,
    "merging": True,
    "derivatives": True,
    "resale_through_partners": True,
    "training_on_outputs": True,
    "opt_outs": (),
}


def free_policy(**changes: Any) -> Policy:
    """One that grants everything, but for the changes."""
    return Policy(**FREE | changes)


def some_of(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), unique=True).map(lambda chosen: tuple(sorted(chosen)))


policies = st.builds(
    Policy,
    commercial_use=st.booleans(),
    credit_required=st.booleans(),
    merging=st.booleans(),
    derivatives=st.booleans(),
    resale_through_partners=st.booleans(),
    training_on_outputs=st.booleans(),
    territory=some_of(PLACES),
    partners=some_of(PARTNERS),
    expires=st.none() | DAYS,
    opt_outs=some_of(OPT_OUTS),
)
uses = st.builds(
    Use,
    act=st.sampled_from(Act),
    on=DAYS,
    commercial=st.booleans(),
    partner=st.none() | st.sampled_from((*PARTNERS, "aoi-t")),
    territory=st.none() | st.sampled_from((*PLACES, "FR")),
)


def make_subject(**changes: Any) -> Subject:
    """A version of a style, as documents name it."""
    fields: dict[str, Any] = {
        "uid": "https://hub.example/api/v1/styles/washed-ink/versions/1/licence",
        "page": "https://hub.example/styles/washed-ink/v1/licence/",
        "target": "https://hub.example/styles/washed-ink/?version=1",
        "title": "Washed Ink",
        "creator": "Mara",
        "number": 1,
        "licence": "irodori-standard",
        "base_model": "irodori-small",
        "kind": "lora",
        "trigger_words": "washed ink",
        "price_micro": 10_000,
        "credit": "",
    }
    return Subject(**fields | changes)
