"""Publishing what derives from other styles, and what others earn from."""

from typing import Any

import pytest

from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.services import publish, withdraw
from marketplace.catalogue.terms import Contributor, ContributorKind
from marketplace.errors import InvalidInput, NotAllowed, NotFound
from marketplace.payouts.models import Plan
from marketplace.payouts.selectors import earners, lineage
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base, make_pack, make_terms, make_version
from tests.factories.payouts import make_library, make_organisation
from tests.factories.uploads import ready_upload

pytestmark = pytest.mark.django_db


def published(creator: User | None = None, **terms: Any) -> StyleVersion:
    upload = ready_upload(owner=creator or make_user())
    return publish(creator=upload.owner, upload=upload, terms=make_terms(**terms))


def told(version: StyleVersion) -> list[tuple[str, str, int]]:
    return [(earner.payee, earner.role, earner.share_bp) for earner in earners(version)]


def test_the_plan_names_everyone_who_earns() -> None:
    parent = make_version(pack=ready_upload().pack, may_be_derived=True, derivatives_share_bp=1_000)
    library, helper, mara = make_library(), make_user(display_name="Kenji"), make_user(display_name="Mara")
    version = published(
        mara,
        parents=(parent.pk,),
        contributors=(
            Contributor(ContributorKind.LIBRARY, library.slug, 500),
            Contributor(ContributorKind.DATASET, helper.email.upper(), 250),
        ),
    )
    assert told(version) == [
        ("Mara", "creator", 5_250),
        (library.organisation.name, "library", 500),
        ("Kenji", "dataset", 250),
        (parent.style.creator.display_name, "parent", 1_000),
        ("Irodori", "platform", 3_000),
    ]
    assert lineage(version) == [parent]


def test_a_style_of_an_organisation_earns_for_it() -> None:
    member = make_user()
    studio = make_organisation(member)
    assert told(published(member, organisation=studio.slug))[0] == (studio.name, "creator", 7_000)


def test_an_organisation_of_others_is_refused() -> None:
    with pytest.raises(NotFound, match="You belong to no organisation"):
        published(organisation=make_organisation(make_user()).slug)


def test_ones_own_style_may_always_be_derived_from() -> None:
    creator = make_user()
    upload = ready_upload(owner=creator)
    own = make_version(creator=creator, pack=make_pack(base_model=upload.base_model))
    version = publish(creator=creator, upload=upload, terms=make_terms(parents=(own.pk,)))
    assert list(version.parents.all()) == [own]


def test_a_parent_that_forbids_it_is_refused() -> None:
    upload = ready_upload()
    parent = make_version(pack=make_pack(base_model=upload.base_model))
    with pytest.raises(NotAllowed, match="may not be derived from") as refusal:
        publish(creator=upload.owner, upload=upload, terms=make_terms(parents=(parent.pk,)))
    assert (refusal.value.code, StyleVersion.objects.count()) == ("parent_forbids_derivatives", 1)


def test_a_share_alike_parent_asks_for_its_own_licence() -> None:
    upload = ready_upload()
    pack = make_pack(base_model=upload.base_model)
    parent = make_version(pack=pack, may_be_derived=True, licence="CC-BY-SA-4.0")
    with pytest.raises(NotAllowed) as refusal:
        publish(creator=upload.owner, upload=upload, terms=make_terms(parents=(parent.pk,)))
    assert refusal.value.code == "parent_is_share_alike"


def test_a_parent_that_is_withdrawn_or_for_another_base_is_refused() -> None:
    upload = ready_upload()
    gone = make_version(pack=make_pack(base_model=upload.base_model), may_be_derived=True)
    withdraw(version=gone)
    elsewhere = make_version(pack=make_pack(base_model=echo_base()), may_be_derived=True)
    for parent_id in (gone.pk, elsewhere.pk, 10**15):
        with pytest.raises(InvalidInput) as refusal:
            publish(creator=upload.owner, upload=upload, terms=make_terms(parents=(parent_id,)))
        assert refusal.value.code == "unknown_parent"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"contributors": (Contributor(ContributorKind.DATASET, "nobody@example.org", 1),)}, "unknown_contributor"),
        ({"contributors": (Contributor(ContributorKind.LIBRARY, "no-archive", 1),)}, "unknown_contributor"),
        ({"contributors": (Contributor(ContributorKind.LIBRARY, "any", 0),)}, "share_out_of_range"),
        ({"contributors": (Contributor(ContributorKind.LIBRARY, "any", 1),) * 21}, "too_many_contributors"),
        ({"derivatives_share_bp": 5_001}, "share_out_of_range"),
        ({"parents": tuple(range(11))}, "too_many_parents"),
    ],
)
def test_terms_about_others_that_cannot_hold_are_refused_and_nothing_is_left(
    changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        published(**changes)
    assert refusal.value.code == code
    assert (StyleVersion.objects.count(), Plan.objects.count()) == (0, 0)


def test_others_cannot_be_promised_more_than_the_creators_share() -> None:
    helper = make_user()
    contributors = (Contributor(ContributorKind.DATASET, helper.email, 7_050),)
    with pytest.raises(InvalidInput, match=r"0\.5 % more than your share holds") as refusal:
        published(contributors=contributors)
    assert refusal.value.code == "shares_exceed_the_creators"
