from uuid import uuid4

import pytest
from django.core.management import call_command

from hub.local.demo_styles import CONCEPTS, STYLES
from hub.local.shipped import BASE_MODEL
from marketplace.accounts.models import User
from marketplace.catalogue.models import BaseModel, Example
from marketplace.catalogue.publish_serializers import PublishSerializer
from marketplace.catalogue.term_rules import check_terms
from marketplace.rights.selectors import opted_out_names

pytestmark = pytest.mark.django_db


def test_seeding_twice_seeds_once_and_keeps_passwords() -> None:
    call_command("seed_demo", people_password="first")
    call_command("seed_demo", people_password="second")
    staff = {user.email: (user.is_staff, user.check_password("first")) for user in User.objects.all()}
    assert staff == {
        **dict.fromkeys((style.email for style in STYLES), (False, True)),
        "buyer@demo.example": (False, True),
        "admin@demo.example": (True, True),
    }
    assert list(BaseModel.objects.order_by("slug").values_list("slug", "default_guidance")) == [
        (BASE_MODEL, 1.5),
        ("irodori-x2", 5.0),
    ]
    base = BaseModel.objects.get(slug=BASE_MODEL)
    assert [example.prompt for example in base.examples.all()] == list(CONCEPTS)
    assert opted_out_names("by example artist at Sample Studio") == ["Example Artist", "Sample Studio"]


def test_each_demo_publisher_is_said_to_be_one() -> None:
    call_command("seed_demo", people_password="first")
    names = User.objects.filter(email__in=[style.email for style in STYLES]).values_list("display_name", flat=True)
    assert sorted(names) == [
        "demo: Fluent Emoji 3D style",
        "demo: Fluent Emoji Flat style",
        "demo: OpenMoji style",
        "demo: Twemoji style",
    ]


def test_the_demos_terms_are_ones_that_may_be_published() -> None:
    for style in STYLES:
        terms = PublishSerializer(data={**style.terms, "upload": uuid4()})
        assert terms.is_valid(), terms.errors
        check_terms(terms.terms())


def test_people_are_made_only_when_asked_for() -> None:
    call_command("seed_demo")
    assert (User.objects.exists(), Example.objects.exists()) == (False, False)


def test_each_look_is_shown_by_the_same_prompts() -> None:
    for style in STYLES:
        assert sorted([style.terms["sample_prompt"], *style.terms["example_prompts"]]) == sorted(CONCEPTS)
