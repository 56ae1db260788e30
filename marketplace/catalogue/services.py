"""Publishes versions, withdraws them, and says what a base's examples show."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from hub.jobs import SITE_QUEUE
from marketplace.accounts.models import Organisation, User
from marketplace.catalogue.announcements import announce_published, announce_withdrawn
from marketplace.catalogue.channels import release_dates
from marketplace.catalogue.derivation import checked_parents
from marketplace.catalogue.models import BaseModel, Example, Pack, Style, StyleVersion
from marketplace.catalogue.policies import refuse_what_is_not_granted, stated_policy
from marketplace.catalogue.term_rules import check_example_prompts, check_terms
from marketplace.catalogue.terms import PublishTerms
from marketplace.errors import Conflict, NotFound
from marketplace.licences.columns import columns_of
from marketplace.outbox import send_after_commit
from marketplace.payouts.services import freeze_version_plan
from marketplace.uploads.models import Upload

EXAMPLES_TASK = "generation.request_examples"
# Terms that belong to the style, the examples, the parents or the plan.
NO_COLUMNS = (
    *("style", "title", "description", "organisation"),
    *("sample_prompt", "example_prompts", "parents", "contributors", "api_first_days", "early_access_days"),
)


@transaction.atomic
def publish(*, creator: User, upload: Upload, terms: PublishTerms) -> StyleVersion:
    """Offer a ready upload under these terms, as a new style or as the next version of one; asks for its pictures.

    Raises InvalidInput (terms), NotAllowed (a permission that a parent or the base does not grant), NotFound (another's
    upload, style or organisation), Conflict (not ready, or published already).
    """
    if upload.owner_id != creator.pk:
        raise NotFound(_("There is no such upload."))
    check_terms(terms)
    pack = _unpublished_pack(creator, upload)
    style = _style(creator, terms)
    parents = checked_parents(creator, pack, terms)
    refuse_what_is_not_granted(creator, stated_policy(terms), upload.base_model, parents)
    version = StyleVersion.objects.create(style=style, number=style.versions.count() + 1, pack=pack, **_columns(terms))
    version.parents.set(parents)
    freeze_version_plan(version, terms.contributors)
    prompts = (terms.sample_prompt, *terms.example_prompts)
    Example.objects.bulk_create(
        Example(version=version, position=position, prompt=prompt.strip()) for position, prompt in enumerate(prompts)
    )
    send_after_commit(EXAMPLES_TASK, version.pk, queue=SITE_QUEUE)
    announce_published(version)
    return version


@transaction.atomic
def withdraw(*, version: StyleVersion) -> None:
    """Take a version out of the gallery and refuse new orders for it; doing it twice changes nothing."""
    offered = StyleVersion.objects.filter(pk=version.pk, state=StyleVersion.State.PUBLISHED)
    if offered.update(state=StyleVersion.State.WITHDRAWN):
        announce_withdrawn(version)
    version.state = StyleVersion.State.WITHDRAWN


@transaction.atomic
def set_base_examples(*, base: BaseModel, prompts: Sequence[str]) -> None:
    """Let a base be shown by pictures of these prompts. What is there already stays; the rest is drawn within minutes.

    Raises InvalidInput.
    """
    check_example_prompts(prompts)
    wanted = dict(enumerate(prompt.strip() for prompt in prompts))
    kept = set()
    for example in base.examples.select_for_update():
        if wanted.get(example.position) == example.prompt:
            kept.add(example.position)
        else:
            example.delete()
    Example.objects.bulk_create(
        (
            Example(base_model=base, position=position, prompt=prompt)
            for position, prompt in wanted.items()
            if position not in kept
        ),
        ignore_conflicts=True,  # set by another in this very moment
    )


def _unpublished_pack(creator: User, upload: Upload) -> Pack:
    """The upload's pack, locked so that it is published once.

    What its creator withdrew may come back under other terms; what another creator published may not.
    """
    if upload.state != Upload.State.READY or upload.pack_id is None:
        raise Conflict(_("This upload is not ready. Publish it once it says “Ready to publish”."), code="not_ready")
    pack = Pack.objects.select_for_update().get(pk=upload.pack_id)
    for version in pack.versions.select_related("style"):
        if version.is_published or version.style.creator_id != creator.pk:
            raise Conflict(
                _("This file is published already as “%(title)s”.") % {"title": version.style.title},
                code="already_published",
            )
    return pack


def _style(creator: User, terms: PublishTerms) -> Style:
    if terms.style is None:
        return _new_style(creator, terms)
    style = Style.objects.select_for_update().filter(slug=terms.style, creator=creator).first()
    if style is None:
        raise NotFound(_("You have no style called “%(slug)s”.") % {"slug": terms.style}, field="style")
    style.title, style.description = terms.title, terms.description
    style.save(update_fields=["title", "description"])
    return style


def _new_style(creator: User, terms: PublishTerms) -> Style:
    slug = slugify(terms.title)[:80] or "style"
    fields = {
        "creator": creator,
        "title": terms.title,
        "description": terms.description,
        "organisation": _organisation(creator, terms.organisation),
    }
    try:
        with transaction.atomic():
            return Style.objects.create(slug=slug, **fields)
    except IntegrityError:  # taken, perhaps in this very moment
        return Style.objects.create(slug=f"{slug}-{secrets.token_hex(4)}", **fields)


def _organisation(creator: User, slug: str | None) -> Organisation | None:
    if not slug:
        return None
    organisation = Organisation.objects.filter(slug=slug, members=creator).first()
    if organisation is None:
        raise NotFound(_("You belong to no organisation called “%(slug)s”.") % {"slug": slug}, field="organisation")
    return organisation


def _columns(terms: PublishTerms) -> dict[str, Any]:
    """The terms as StyleVersion's columns, frozen at publication."""
    values = asdict(terms)
    for name in NO_COLUMNS:
        del values[name]
    return (
        values
        | columns_of(stated_policy(terms))
        | {
            **release_dates(timezone.now(), terms.api_first_days, terms.early_access_days),
            "training_sources": list(values["training_sources"]),
            "artists_imitated": list(values["artists_imitated"]),
        }
    )
