from collections.abc import Callable

import pytest
from django.db import connection

from marketplace.errors import InvalidInput
from marketplace.rights.models import OptOutName
from marketplace.rights.selectors import opted_out_names
from marketplace.rights.services import add_opt_out

pytestmark = pytest.mark.django_db


def test_the_list_answers_at_once_after_every_change() -> None:
    text = "a harbour by example artist and 見本太郎"
    assert opted_out_names(text) == []
    add_opt_out(name="見本太郎")
    add_opt_out(name="Example Artist")
    assert opted_out_names(text) == ["Example Artist", "見本太郎"]
    OptOutName.objects.get(name="見本太郎").delete()
    assert opted_out_names(text) == ["Example Artist"]
    OptOutName.objects.get(name="Example Artist").delete()
    add_opt_out(name="Harbour", kind=OptOutName.Kind.BRAND)
    assert opted_out_names(text) == ["Harbour"]


CHANGES: dict[str, Callable[[], object]] = {
    "added in bulk": lambda: OptOutName.objects.bulk_create([OptOutName(name="Sample", folded="sample")]),
    "edited": lambda: OptOutName.objects.update(name="Sample", folded="sample"),
    "edited by hand": lambda: _by_hand("UPDATE rights_optoutname SET name = 'Sample', folded = 'sample'"),
    "deleted": lambda: OptOutName.objects.all().delete(),
    "deleted by hand": lambda: _by_hand("DELETE FROM rights_optoutname"),
}


def _by_hand(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.services
@pytest.mark.parametrize("change", CHANGES)
def test_whoever_changes_it_and_however_the_next_text_is_held_to_it(change: str) -> None:
    add_opt_out(name="Example")
    assert opted_out_names("an example, a sample") == ["Example"]
    CHANGES[change]()
    expected = list(OptOutName.objects.order_by("name").values_list("name", flat=True))
    assert opted_out_names("an example, a sample") == expected != ["Example"]


def test_the_same_name_in_another_spelling_is_one_row() -> None:
    assert add_opt_out(name="Example Artist") == add_opt_out(name="exámple-artist")
    assert OptOutName.objects.count() == 1


@pytest.mark.parametrize("name", ["", " . ", "x", "林", "n" * 121])
def test_a_name_that_would_match_everything_or_nothing_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_opt_out(name=name)
    assert (refused.value.code, refused.value.field) == ("bad_name", "name")
