"""A creator's pages: uploads, publishing, withdrawing, earnings."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from marketplace.catalogue.channels import openings
from marketplace.catalogue.models import StyleVersion
from marketplace.licences.policy import Policy
from marketplace.uploads.models import Upload
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, make_style, make_version, tiny_sdxl_base
from tests.factories.payouts import make_organisation
from tests.factories.uploads import make_upload, ready_upload
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db


def terms(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "title": "Harbour",
        "description": "Soft washes.",
        "trigger_words": "washed ink",
        "sample_prompt": "a harbour at dawn",
        "example_prompts": "a fox\n\n  an owl  ",
        "price_credits": "1.25",
        "share_percent": "65",
        "licence": "irodori-standard",
        "source": ["My drawings", ""],
        "source_url": ["https://example.org/drawings", ""],
        "consent": ["own_work", "own_work"],
        "artist": ["Ren"],
        "artist_agreed": ["yes"],
    }
    return fields | changes


def publish(upload: Upload, **changes: Any) -> Any:
    return signed_in(upload.owner).post(f"/studio/uploads/{upload.pk}/publish/", terms(**changes))


def test_conditions_are_kept_as_they_were_typed() -> None:
    upload, studio = ready_upload(), make_organisation()
    answer = publish(
        upload,
        commercial_use="on",
        outputs_may_train="on",
        credit_required="on",
        territory="jp, de",
        partners=studio.slug,
        expires="2999-01-31",
        rules_out_input="on",
    )
    assert answer.status_code == 302
    assert StyleVersion.objects.get().policy == Policy(
        commercial_use=True,
        training_on_outputs=True,
        credit_required=True,
        territory=("DE", "JP"),
        partners=(studio.slug,),
        expires=date(2999, 1, 31),
        opt_outs=("ai_inference",),
    )


def test_the_studio_shows_ones_own_styles_and_uploads() -> None:
    creator = make_user()
    make_version(creator=creator, style=make_style(creator=creator, title="Mine"))
    make_version(style=make_style(title="Theirs"))
    make_upload(owner=creator, file_name="mine.safetensors")
    make_upload(file_name="theirs.safetensors")
    page = signed_in(creator).get("/studio/").content.decode()
    shown = {name: name in page for name in ("Mine", "Theirs", "mine.safetensors", "theirs.safetensors")}
    assert shown == {"Mine": True, "Theirs": False, "mine.safetensors": True, "theirs.safetensors": False}


def test_the_upload_page_shows_a_command_that_names_base_and_hub_and_where_its_token_comes_from() -> None:
    base = tiny_sdxl_base()
    page = signed_in().get("/studio/upload/").content.decode()
    command = f"irodori upload style.safetensors --base {base.slug} --url http://testserver<"
    assert [text for text in (command, "IRODORI_TOKEN", 'href="/account/"') if text not in page] == []


@pytest.mark.parametrize(
    ("state", "asks_again"),
    [("receiving", False), ("checking", True), ("converting", True), ("ready", False), ("refused", False)],
)
def test_the_list_asks_again_only_while_a_file_is_being_checked(state: str, asks_again: bool) -> None:
    creator = make_user()
    make_upload(owner=creator, state=state, refusal_message="It holds a NaN." if state == "refused" else "")
    page = signed_in(creator).get("/studio/uploads/").content.decode()
    assert ("hx-get" in page, "It holds a NaN." in page) == (asks_again, state == "refused")


def test_what_is_published_or_cancelled_leaves_the_list() -> None:
    creator = make_user()
    published = ready_upload(owner=creator)
    make_version(creator=creator, pack=published.pack)
    make_upload(owner=creator, state=Upload.State.ABORTED)
    assert signed_in(creator).get("/studio/uploads/").context["uploads"] == []


def test_the_publishing_form_starts_from_the_file_and_allows_nothing() -> None:
    upload = ready_upload(metadata={"title": "ink_and_tea", "trigger_words": "ink and tea"})
    form = signed_in(upload.owner).get(f"/studio/uploads/{upload.pk}/publish/").context["form"]
    values = {name: form[name].value() for name in ("title", "trigger_words", "may_be_merged", "may_be_resold")}
    assert values | {"training": form["outputs_may_train"].value()} == {
        "title": "ink and tea",
        "trigger_words": "ink and tea",
        "may_be_merged": None,
        "may_be_resold": None,
        "training": None,
    }


def test_publishing_states_exactly_what_was_typed() -> None:
    upload = ready_upload()
    answer = publish(upload, may_be_merged="on")
    version = StyleVersion.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/styles/{version.style.slug}/")
    assert {
        "title": version.style.title,
        "price": version.price_micro,
        "share": version.creator_share_bp,
        "examples": [example.prompt for example in version.examples.all()],
        "sources": version.training_sources,
        "artists": version.artists_imitated,
        "permissions": (version.may_be_merged, version.may_be_resold, version.outputs_may_train),
        "pack": version.pack,
    } == {
        "title": "Harbour",
        "price": 12_500,
        "share": 6_500,
        "examples": ["a harbour at dawn", "a fox", "an owl"],
        "sources": [{"name": "My drawings", "url": "https://example.org/drawings", "consent": "own_work"}],
        "artists": [{"name": "Ren", "consents": True}],
        "permissions": (True, False, False),
        "pack": upload.pack,
    }


def test_publishing_says_who_gets_it_first() -> None:
    publish(ready_upload(), api_first_days="7", early_access_days="3")
    partners, members, everyone = (each.opens_at for each in openings(StyleVersion.objects.get()))
    day = timedelta(days=1)
    assert (round((members - partners) / day), everyone - members) == (7, 3 * day)


def test_publishing_names_who_else_earns() -> None:
    creator, helper = make_user(display_name="Mara"), make_user(display_name="Kenji")
    upload = ready_upload(owner=creator)
    parent = make_version(pack=make_pack(base_model=upload.base_model), may_be_derived=True, derivatives_share_bp=1_000)
    answer = publish(
        upload,
        contributor=[helper.email, ""],
        contributor_kind=["dataset", "dataset"],
        contributor_percent=["2,5", ""],
        parents=f"http://testserver/styles/{parent.style.slug}/",
        derivatives_percent="12.5",
    )
    version = StyleVersion.objects.get(style__creator=creator)
    assert (answer.status_code, version.derivatives_share_bp, list(version.parents.all())) == (302, 1_250, [parent])
    page = signed_in(creator).get(answer["Location"])
    assert [(earner.payee, earner.role, earner.share_bp) for earner in page.context["earners"]] == [
        ("Mara", "creator", 5_250),
        ("Kenji", "dataset", 250),
        (parent.style.creator.display_name, "parent", 1_000),
        ("Irodori", "platform", 3_500),
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"contributor": ["nobody@example.org"], "contributor_kind": ["dataset"]}, "Give each contributor a share"),
        ({"parents": "no-such-style"}, "There is no style at"),
    ],
)
def test_who_earns_must_be_known(changes: dict[str, Any], sentence: str) -> None:
    answer = publish(ready_upload(), **changes)
    assert (answer.status_code, sentence in answer.content.decode()) == (400, True)


def test_a_next_version_keeps_the_style() -> None:
    creator = make_user()
    style = make_version(creator=creator).style
    publish(ready_upload(owner=creator), style=style.slug)
    assert list(style.versions.order_by("number").values_list("number", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"source": [""]}, "Name what the style learnt from"),
        ({"consent": ["none"]}, "was used without consent"),
        ({"consent": ["made-up"]}, "was used without consent"),
        ({"artist_agreed": ["no"]}, "has not agreed to be imitated"),
        ({"licence": "irodori-personal", "may_be_resold": "on"}, "allows no resale"),
        ({"example_prompts": "a\nb\nc\nd\ne\nf\ng"}, "At most 6 examples"),
        ({"example_prompts": "a fox\na fox"}, "is named twice"),
        ({"title": ""}, "This field is required"),
        ({"share_percent": "91"}, "less than or equal to 90"),
        ({"territory": "UK"}, "These are no countries: UK."),
        ({"partners": "nobody"}, "There are no organisations called nobody."),
        ({"licence": "MIT", "territory": "JP"}, "gives its rights to everyone everywhere"),
        ({"licence": "CC-BY-SA-4.0"}, "whoever receives a picture may sell it"),
        ({"attribution": "A studio"}, "shows no credit line"),
        ({"api_first_days": "91"}, "less than or equal to 90"),
        ({"price_credits": "10001"}, "between 0 and 10,000 credits"),
        ({"price_credits": "NaN"}, "Enter a number"),
        ({"price_credits": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(changes: dict[str, Any], sentence: str) -> None:
    answer = publish(ready_upload(), **changes)
    page = answer.content.decode()
    assert (answer.status_code, sentence in page, "Soft washes." in page) == (400, True, True)
    assert StyleVersion.objects.count() == 0


def test_a_file_that_is_not_ready_can_not_be_published() -> None:
    upload = make_upload()
    assert publish(upload).status_code == 409


def test_withdrawing_takes_the_version_out_of_the_gallery(client: Client) -> None:
    version = make_version()
    signed_in(version.style.creator).post(f"/studio/versions/{version.pk}/withdraw/")
    version.refresh_from_db()
    assert (version.state, list(client.get("/").context["page"])) == ("withdrawn", [])


def test_a_refused_upload_shows_the_whole_list_to_its_owner_and_in_the_api() -> None:
    creator = make_user()
    names = [f"unet.block_{number}" for number in range(7)]
    upload = make_upload(
        owner=creator,
        state=Upload.State.REFUSED,
        refusal_code="unknown_modules",
        refusal_message="The base lacks 7 modules.",
        refusal_names=names,
    )
    client = signed_in(creator)
    page = client.get("/studio/").content.decode()
    assert [name for name in names if f">{name}</li>" not in page] == []
    answer = client.get(f"/api/v1/uploads/{upload.pk}").json()
    assert answer["refusal"] == {
        "code": "unknown_modules",
        "message": "The base lacks 7 modules.",
        "names": names,
    }
