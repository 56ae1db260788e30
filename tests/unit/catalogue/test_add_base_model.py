"""`manage.py add_base_model`: what it says of a licence that the hub does not know, and of a refiner."""

from io import StringIO

import pytest
from django.core.management import call_command

from marketplace.catalogue.models import BaseModel
from marketplace.licences.policy import Policy
from marketplace.licences.selectors import policy_of_base

pytestmark = pytest.mark.django_db


def said(licence: str) -> str:
    out = StringIO()
    call_command("add_base_model", "sdxl-1.0", title="SDXL 1.0", licence=licence, stdout=out)
    return out.getvalue()


def test_a_licence_that_nobody_knows_is_told_to_grant_nothing() -> None:
    assert "does not know what “ours” grants" in said("ours")
    assert policy_of_base(BaseModel.objects.get()) == Policy()


def test_the_licence_of_sdxl_is_known() -> None:
    assert said("CreativeML Open RAIL++-M") == "Added sdxl-1.0.\n"
    assert policy_of_base(BaseModel.objects.get()).commercial_use is True


def test_a_refiner_is_there_as_long_as_it_is_named() -> None:
    has = []
    for options in (["--refiner"], []):
        call_command("add_base_model", "sdxl-1.0", "--title=SDXL 1.0", "--licence=ours", *options, stdout=StringIO())
        has.append(BaseModel.objects.get().has_refiner)
    assert has == [True, False]
