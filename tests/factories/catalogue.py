"""Bases, packs, styles and published versions for tests."""

import hashlib
from itertools import count
from typing import Any

from hub import keys
from marketplace.accounts.models import User
from marketplace.catalogue.licences import LICENCES
from marketplace.catalogue.models import BaseModel, Example, Pack, Style, StyleVersion
from marketplace.catalogue.terms import Consent, PublishTerms, TrainingSource
from marketplace.licences.policy import Policy
from marketplace.payouts.services import freeze_version_plan
from tests.factories.accounts import make_user

_numbers = count(1)


def echo_base(**changes: Any) -> BaseModel:
    """The base that the echo engine serves; the same row each time unless `slug` is changed."""
    fields: dict[str, Any] = {
        "slug": "echo",
        "title": "Echo",
        "engine": "echo",
        "licence": "Apache-2.0",
        "default_side": 64,
        "min_side": 8,
        "max_side": 512,
    }
    return _base(fields | changes)


def tiny_sdxl_base(**changes: Any) -> BaseModel:
    """The small SDXL base of the demo; the same row each time unless `slug` is changed."""
    fields: dict[str, Any] = {
        "slug": "tiny-sdxl",
        "title": "Tiny SDXL",
        "engine": "sdxl",
        "licence": "Apache-2.0",
        "default_side": 128,
        "min_side": 64,
        "max_side": 256,
    }
    return _base(fields | changes)


def _base(fields: dict[str, Any]) -> BaseModel:
    base, _ = BaseModel.objects.get_or_create(slug=fields["slug"], defaults=fields)
    return base


def make_pack(**changes: Any) -> Pack:
    """A LoRA pack's row; no object lies in the store."""
    sha256 = hashlib.sha256(f"pack {next(_numbers)}".encode()).hexdigest()
    fields: dict[str, Any] = {
        "sha256": sha256,
        "key": keys.pack(sha256),
        "kind": "lora",
        "size": 4096,
        "rank": 8,
        "modules": 16,
    }
    fields |= changes
    fields["base_model"] = changes.get("base_model") or tiny_sdxl_base()
    return Pack.objects.create(**fields)


def make_style(*, creator: User | None = None, **changes: Any) -> Style:
    """A style without versions."""
    number = next(_numbers)
    fields: dict[str, Any] = {
        "slug": f"style-{number}",
        "title": f"Style {number}",
        "description": "Soft washes of colour.",
    }
    return Style.objects.create(creator=creator or make_user(), **fields | changes)


def make_version(*, creator: User | None = None, **changes: Any) -> StyleVersion:
    """A published version that costs one credit and gives its creator 70 %, with a cover that is not drawn yet."""
    prompts = changes.pop("prompts", ("a harbour at dawn",))
    fields: dict[str, Any] = {
        "number": 1,
        "trigger_words": "washed ink",
        "licence": "irodori-standard",
        "price_micro": 10_000,
        "creator_share_bp": 7_000,
        "training_sources": [{"name": "My sketchbooks", "url": "", "consent": "own_work"}],
    }
    fields |= _policy_columns(fields | changes) | changes
    organisation = fields.pop("organisation", None)
    fields["style"] = changes.get("style") or make_style(creator=creator, organisation=organisation)
    fields["pack"] = changes.get("pack") or make_pack()
    parents, contributors = fields.pop("parents", ()), fields.pop("contributors", ())
    version = StyleVersion.objects.create(**fields)
    version.parents.set(parents)
    freeze_version_plan(version, contributors)
    for position, prompt in enumerate(prompts):
        Example.objects.create(version=version, position=position, prompt=prompt)
    return version


def _policy_columns(fields: dict[str, Any]) -> dict[str, Any]:
    """What goes with its licence and permissions where a test says no more: pictures are for anything but personal ones."""
    licence = LICENCES.get(fields["licence"])
    return {
        "commercial_use": licence is not None and licence.commercial,
        "credit_required": licence is not None and licence.credit,
        "opt_outs": () if fields.get("outputs_may_train") else Policy.opt_outs,
    }


def draw(example: Example) -> Example:
    """The example with its picture, of which no bytes lie in the store."""
    example.image_key, example.image_sha256 = "k", hashlib.sha256(f"{example.pk}".encode()).hexdigest()
    example.save()
    return example


def make_terms(**changes: Any) -> PublishTerms:
    """Terms that keep every rule: a new style at one credit, 70 % for its creator."""
    fields: dict[str, Any] = {
        "title": "Washed Ink",
        "sample_prompt": "a harbour at dawn, washed ink",
        "licence": "irodori-standard",
        "price_micro": 10_000,
        "creator_share_bp": 7_000,
        "training_sources": (TrainingSource("My sketchbooks", Consent.OWN_WORK),),
    }
    return PublishTerms(**fields | changes)
