import pytest
from django.core.management import call_command

from marketplace.accounts.models import User
from marketplace.catalogue.models import BaseModel
from marketplace.rights.selectors import opted_out_names

pytestmark = pytest.mark.django_db


def test_seeding_twice_seeds_once_and_keeps_passwords() -> None:
    call_command("seed_demo", people_password="first")
    call_command("seed_demo", people_password="second")
    staff = {user.email: (user.is_staff, user.check_password("first")) for user in User.objects.all()}
    assert staff == {
        "creator@demo.example": (False, True),
        "buyer@demo.example": (False, True),
        "admin@demo.example": (True, True),
    }
    assert BaseModel.objects.get().slug == "tiny-sdxl"
    assert opted_out_names("by example artist at Sample Studio") == ["Example Artist", "Sample Studio"]


def test_people_are_made_only_when_asked_for() -> None:
    call_command("seed_demo")
    assert not User.objects.exists()
