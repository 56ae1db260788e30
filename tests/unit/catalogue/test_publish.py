"""Publishing: what is saved, what is asked for, and everything that is refused."""

from typing import Any

import pytest
from django.forms.models import model_to_dict

from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.services import publish, withdraw
from marketplace.catalogue.terms import Artist, Consent, TrainingSource
from marketplace.errors import Conflict, InvalidInput, NotFound
from marketplace.rights.services import add_opt_out
from marketplace.uploads.models import Upload
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_style, make_terms, make_version
from tests.factories.messages import messages_of
from tests.factories.uploads import make_upload, ready_upload

pytestmark = pytest.mark.django_db


def test_publishing_saves_every_term_and_asks_for_pictures(django_capture_on_commit_callbacks: Any) -> None:
    upload = ready_upload()
    terms = make_terms(
        example_prompts=("a fox", "緑の背景のいちご"),
        description="Soft\nwashes.",
        trigger_words="washed ink",
        may_be_merged=True,
        artists_imitated=(Artist("A Friend", consents=True),),
        training_sources=(TrainingSource("Old prints", Consent.PUBLIC_DOMAIN, "https://example.org/prints"),),
    )
    with django_capture_on_commit_callbacks() as callbacks:
        version = publish(creator=upload.owner, upload=upload, terms=terms)
    version.refresh_from_db()
    assert (version.style.slug, version.style.title, version.style.description) == (
        "washed-ink",
        "Washed Ink",
        "Soft\nwashes.",
    )
    assert model_to_dict(version, exclude=["id", "style", "pack"]) == {
        "number": 1,
        "state": "published",
        "trigger_words": "washed ink",
        "licence": "irodori-standard",
        "attribution": "",
        "price_micro": 10_000,
        "creator_share_bp": 7_000,
        "download_price_micro": None,
        "members_from": None,
        "public_from": None,
        "derivatives_share_bp": 0,
        "parents": [],
        "training_sources": [{"name": "Old prints", "consent": "public_domain", "url": "https://example.org/prints"}],
        "artists_imitated": [{"name": "A Friend", "consents": True}],
        "outputs_may_train": False,
        "may_be_merged": True,
        "may_be_derived": False,
        "may_be_resold": False,
        "commercial_use": False,
        "credit_required": False,
        "territory": (),
        "partners": (),
        "expires": None,
        "opt_outs": ("ai_training", "ai_generative_training", "data_mining"),
    }
    assert list(version.examples.values_list("position", "prompt", "image_sha256")) == [
        (0, "a harbour at dawn, washed ink", ""),
        (1, "a fox", ""),
        (2, "緑の背景のいちご", ""),
    ]
    assert version.pack == upload.pack
    assert messages_of(callbacks) == [("generation.request_examples", (version.pk,), "site")]


def test_naming_ones_own_style_adds_its_next_version() -> None:
    creator = make_user()
    first = publish(creator=creator, upload=ready_upload(owner=creator), terms=make_terms())
    second = publish(
        creator=creator,
        upload=ready_upload(owner=creator),
        terms=make_terms(style=first.style.slug, title="Washed Ink II"),
    )
    assert (second.style, second.number, second.style.title) == (first.style, 2, "Washed Ink II")


def test_two_styles_of_one_title_get_addresses_of_their_own() -> None:
    slugs = [publish(creator=(u := ready_upload()).owner, upload=u, terms=make_terms()).style.slug for _ in range(2)]
    assert slugs[0] == "washed-ink"
    assert slugs[1].startswith("washed-ink-")


def test_a_title_without_latin_letters_still_gets_an_address() -> None:
    upload = ready_upload()
    assert publish(creator=upload.owner, upload=upload, terms=make_terms(title="水彩")).style.slug == "style"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"title": " "}, "required", "title"),
        ({"title": "x" * 81}, "too_long", "title"),
        ({"title": "two\nlines"}, "control_character", "title"),
        ({"description": "a\x1b[31m"}, "control_character", "description"),
        ({"description": "right\u202eleft"}, "control_character", "description"),
        ({"trigger_words": "nul\x00"}, "control_character", "trigger_words"),
        ({"trigger_words": "w" * 301}, "too_long", "trigger_words"),
        ({"sample_prompt": ""}, "required", "sample_prompt"),
        ({"licence": "do-what-you-like"}, "unknown_licence", "licence"),
        ({"licence": "irodori-personal", "may_be_resold": True}, "licence_forbids_resale", "may_be_resold"),
        ({"licence": "CC-BY-SA-4.0", "outputs_may_train": True}, "licence_forbids_opt_out", "may_be_resold"),
        ({"licence": "CC-BY-SA-4.0", "may_be_resold": True}, "licence_forbids_opt_out", "outputs_may_train"),
        ({"attribution": "A studio"}, "licence_shows_no_credit", "attribution"),
        ({"licence": "MIT", "attribution": "x" * 301}, "too_long", "attribution"),
        ({"licence": "MIT", "attribution": "Example Artist"}, "opted_out_name", "attribution"),
        ({"price_micro": -1}, "price_out_of_range", "price_micro"),
        ({"price_micro": 100_000_001}, "price_out_of_range", "price_micro"),
        ({"creator_share_bp": 9_001}, "share_out_of_range", "creator_share_bp"),
        ({"creator_share_bp": -1}, "share_out_of_range", "creator_share_bp"),
        ({"training_sources": ()}, "sources_missing", "training_sources"),
        ({"training_sources": (TrainingSource("x", Consent.OWN_WORK),) * 51}, "sources_missing", "training_sources"),
        ({"training_sources": (TrainingSource("", Consent.OWN_WORK),)}, "required", "training_sources"),
        (
            {"training_sources": (TrainingSource("A gallery", Consent.NONE),)},
            "source_without_consent",
            "training_sources",
        ),
        (
            {"training_sources": (TrainingSource("x", Consent.LICENSED, "javascript:alert(1)"),)},
            "bad_address",
            "training_sources",
        ),
        ({"artists_imitated": (Artist("Somebody", consents=False),)}, "artist_without_consent", "artists_imitated"),
        ({"artists_imitated": (Artist("Somebody", consents=True),) * 21}, "too_many_artists", "artists_imitated"),
        ({"title": "After Example Artist"}, "opted_out_name", "title"),
        ({"trigger_words": "EXAMPLE-ARTIST style"}, "opted_out_name", "trigger_words"),
        ({"description": "like exámple artist"}, "opted_out_name", "description"),
        ({"sample_prompt": "by exampleartist"}, "opted_out_name", "sample_prompt"),
        ({"example_prompts": tuple("abcdefg")}, "too_many_examples", "example_prompts"),
        ({"example_prompts": ("a", " ")}, "required", "example_prompts"),
        ({"example_prompts": ("a", " a")}, "example_twice", "example_prompts"),
        ({"example_prompts": ("a harbour at dawn, washed ink",)}, "example_twice", "example_prompts"),
        ({"example_prompts": ("x" * 301,)}, "too_long", "example_prompts"),
        ({"example_prompts": ("a fox", "by exampleartist")}, "opted_out_name", "example_prompts"),
        ({"artists_imitated": (Artist("Example Artist", consents=True),)}, "opted_out_name", "artists_imitated"),
    ],
)
def test_terms_that_break_a_rule_are_refused_and_nothing_is_kept(
    changes: dict[str, Any], code: str, field: str
) -> None:
    add_opt_out(name="Example Artist")
    upload = ready_upload()
    with pytest.raises(InvalidInput) as refused:
        publish(creator=upload.owner, upload=upload, terms=make_terms(**changes))
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not StyleVersion.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://[",
        "http://[::1",
        "http://℀.com",
        "https://",
        "https://example.org:port/",
        "https://example.org:99999/",
        "https://:443/",
        "https://example.org/my pictures",
        "https://exa\u3000mple.org",
        "example.org",
    ],
)
def test_an_address_that_no_browser_opens_is_refused_in_words(url: str) -> None:
    upload = ready_upload()
    terms = make_terms(training_sources=(TrainingSource("Prints", Consent.LICENSED, url),))
    with pytest.raises(InvalidInput) as refused:
        publish(creator=upload.owner, upload=upload, terms=terms)
    assert (refused.value.code, refused.value.message) == (
        "bad_address",
        f"“{url}” is not a web address. Copy the whole address from a browser, such as https://example.org/prints.",
    )


def test_a_refused_name_is_named() -> None:
    add_opt_out(name="Example Artist")
    upload = ready_upload()
    with pytest.raises(InvalidInput, match="Example Artist asked not to be imitated here"):
        publish(creator=upload.owner, upload=upload, terms=make_terms(title="example artist"))


def test_anothers_upload_does_not_exist() -> None:
    with pytest.raises(NotFound):
        publish(creator=make_user(), upload=ready_upload(), terms=make_terms())


def test_anothers_style_does_not_exist() -> None:
    upload = ready_upload()
    with pytest.raises(NotFound) as refused:
        publish(creator=upload.owner, upload=upload, terms=make_terms(style=make_style().slug))
    assert refused.value.field == "style"


@pytest.mark.parametrize("state", [state for state in Upload.State if state != Upload.State.READY])
def test_an_upload_that_is_not_ready_is_refused(state: Upload.State) -> None:
    upload = make_upload(state=state)
    with pytest.raises(Conflict) as refused:
        publish(creator=upload.owner, upload=upload, terms=make_terms())
    assert refused.value.code == "not_ready"


def test_a_file_is_published_once_even_from_a_second_upload() -> None:
    upload = ready_upload()
    publish(creator=upload.owner, upload=upload, terms=make_terms())
    for again in (upload, ready_upload(owner=upload.owner, pack=upload.pack)):
        with pytest.raises(Conflict) as refused:
            publish(creator=again.owner, upload=again, terms=make_terms())
        assert refused.value.code == "already_published"


def test_a_withdrawn_file_may_come_back_from_its_creator_alone() -> None:
    upload = ready_upload()
    withdraw(version=publish(creator=upload.owner, upload=upload, terms=make_terms()))
    thief = ready_upload(pack=upload.pack)
    with pytest.raises(Conflict):
        publish(creator=thief.owner, upload=thief, terms=make_terms())
    assert publish(creator=upload.owner, upload=upload, terms=make_terms(price_micro=0)).price_micro == 0


def test_withdrawing_twice_is_withdrawing_once() -> None:
    version = make_version()
    withdraw(version=version)
    withdraw(version=version)
    version.refresh_from_db()
    assert version.state == StyleVersion.State.WITHDRAWN
