"""Nobody publishes a permission that the base or a version up the lineage does not grant, and licence and policy agree."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.policies import binding_sources, stated_policy
from marketplace.catalogue.services import publish
from marketplace.errors import InvalidInput, NotAllowed, Refusal
from marketplace.licences.policy import Policy
from marketplace.licences.selectors import policy_of
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, make_terms, make_version, tiny_sdxl_base
from tests.factories.payouts import make_organisation
from tests.factories.uploads import ready_upload

pytestmark = pytest.mark.django_db

FREE: dict[str, Any] = {
    "commercial_use": True,
    "may_be_merged": True,
    "may_be_derived": True,
    "may_be_resold": True,
    "outputs_may_train": True,
    "credit_required": False,
}


def published(creator: User | None = None, **terms: Any) -> StyleVersion:
    upload = ready_upload(owner=creator or make_user())
    return publish(creator=upload.owner, upload=upload, terms=make_terms(**terms))


def refusal(**terms: Any) -> tuple[type[Refusal], str, str | None]:
    before = StyleVersion.objects.count()
    with pytest.raises(Refusal) as caught:
        published(**terms)
    assert StyleVersion.objects.count() == before
    return type(caught.value), caught.value.code, caught.value.field


def parent(**changes: Any) -> StyleVersion:
    return make_version(pack=make_pack(base_model=tiny_sdxl_base()), **FREE | changes)


def test_nothing_is_granted_that_is_not_said() -> None:
    assert policy_of(published()) == Policy(credit_required=False)


def test_every_clause_is_kept_as_it_was_stated() -> None:
    studio = make_organisation()
    last_day = timezone.now().date() + timedelta(days=30)
    version = published(
        **FREE | {"credit_required": True},
        territory=("JP", "DE", "JP"),
        partners=(studio.slug,),
        expires=last_day,
        opt_outs=("ai_inference", "data_mining"),
    )
    assert policy_of(version) == Policy(
        commercial_use=True,
        credit_required=True,
        merging=True,
        derivatives=True,
        resale_through_partners=True,
        training_on_outputs=True,
        territory=("DE", "JP"),
        partners=(studio.slug,),
        expires=last_day,
        opt_outs=("data_mining", "ai_inference"),
    )


@pytest.mark.parametrize(
    ("licence", "terms", "commercial", "credit"),
    [
        ("irodori-standard", {}, False, False),
        ("irodori-standard", {"may_be_resold": True}, True, False),
        ("irodori-personal", {}, False, False),
        ("irodori-personal", {"credit_required": True}, False, True),
        ("CC-BY-4.0", {}, True, True),
        ("MIT", {}, True, True),
        ("CC0-1.0", {}, True, False),
    ],
)
def test_what_a_licence_gives_and_asks_by_itself_is_in_the_policy(
    licence: str, terms: dict[str, Any], commercial: bool, credit: bool
) -> None:
    policy = stated_policy(make_terms(licence=licence, **terms))
    assert (policy.commercial_use, policy.credit_required) == (commercial, credit)


@pytest.mark.parametrize(
    ("terms", "code", "field"),
    [
        ({"licence": "irodori-personal", "commercial_use": True}, "licence_forbids_commercial_use", "commercial_use"),
        ({"licence": "MIT", "territory": ("JP",)}, "licence_forbids_limits", "territory"),
        ({"licence": "CC-BY-4.0", "partners": ("aoi",)}, "licence_forbids_limits", "partners"),
        ({"licence": "CC0-1.0", "credit_required": True}, "licence_forbids_credit", "credit_required"),
        ({"licence": "CC-BY-SA-4.0", **FREE, "opt_outs": ("data_mining",)}, "licence_forbids_opt_out", "opt_outs"),
        ({"attribution": "Brushes by Aoi"}, "licence_shows_no_credit", "attribution"),
        ({"territory": ("UK",)}, "unknown_country", "territory"),
        ({"territory": ("jp",)}, "unknown_country", "territory"),
        ({"territory": ("J,P",)}, "unknown_country", "territory"),
        ({"partners": ("nobody",)}, "unknown_partner", "partners"),
        ({"partners": tuple(f"p{n}" for n in range(101))}, "too_many_partners", "partners"),
        ({"expires": date(2020, 1, 1)}, "expires_in_the_past", "expires"),
        ({"opt_outs": ("everything",)}, "unknown_opt_out", "opt_outs"),
        ({"outputs_may_train": True, "opt_outs": ("ai_training",)}, "training_allowed_and_ruled_out", "opt_outs"),
    ],
)
def test_terms_that_contradict_themselves_or_their_licence_are_refused(
    terms: dict[str, Any], code: str, field: str
) -> None:
    assert refusal(**terms) == (InvalidInput, code, field)


@pytest.mark.parametrize(
    ("granted", "wanted", "field"),
    [
        ({"commercial_use": False, "may_be_resold": False}, {"commercial_use": True}, "commercial_use"),
        ({"may_be_merged": False}, {"may_be_merged": True}, "may_be_merged"),
        ({"may_be_resold": False}, {"may_be_resold": True}, "may_be_resold"),
        ({"outputs_may_train": False}, {"outputs_may_train": True}, "outputs_may_train"),
        ({"credit_required": True}, {}, "credit_required"),
        ({"territory": ("JP",)}, {}, "territory"),
        ({"partners": ("aoi",)}, {}, "partners"),
        ({"expires": date(2999, 1, 1)}, {}, "expires"),
        ({"opt_outs": ("ai_inference",)}, {}, "opt_outs"),
    ],
)
def test_a_permission_that_a_parent_does_not_grant_is_refused_with_the_clause(
    granted: dict[str, Any], wanted: dict[str, Any], field: str
) -> None:
    source = parent(**granted)
    assert refusal(parents=(source.pk,), **wanted) == (NotAllowed, "not_granted_by_parent", field)


def test_the_refusal_says_the_clause_in_words() -> None:
    source = parent(may_be_merged=False)
    with pytest.raises(NotAllowed, match=f"“{source.style.title}”.* this: mixing with other styles"):
        published(parents=(source.pk,), may_be_merged=True)


def test_a_grandparent_binds_too_and_ones_own_version_does_not() -> None:
    root = parent(may_be_merged=False)
    # As rows are that were published before anybody looked.
    between = parent(parents=[root])
    assert refusal(parents=(between.pk,), may_be_merged=True) == (
        NotAllowed,
        "not_granted_by_parent",
        "may_be_merged",
    )
    assert refusal(creator=between.style.creator, parents=(between.pk,), may_be_merged=True)[1] == (
        "not_granted_by_parent"
    )
    own = root.style.creator
    assert published(own, parents=(root.pk,), may_be_merged=True).may_be_merged


def test_what_a_creator_grants_anew_binds_in_its_place() -> None:
    """Mara's root is closed, and her later version of it open: whoever derives from that is bound by that alone."""
    mara = make_user()
    root = parent(creator=mara, may_be_merged=False)
    opened = parent(creator=mara, parents=[root])
    assert list(binding_sources(make_user(), [opened])) == [opened]
    assert published(parents=(opened.pk,), may_be_merged=True).may_be_merged


def test_a_base_whose_licence_grants_less_binds_every_style_on_it() -> None:
    base = tiny_sdxl_base()
    base.licence = "CC-BY-NC-4.0"
    base.save()
    assert refusal(commercial_use=True, credit_required=True) == (NotAllowed, "not_granted_by_base", "commercial_use")
    assert published(may_be_merged=True, credit_required=True).may_be_merged


def test_an_expired_parent_is_not_derived_from() -> None:
    source = parent(expires=date(2020, 1, 1))
    assert refusal(parents=(source.pk,))[1] == "parent_forbids_derivatives"
