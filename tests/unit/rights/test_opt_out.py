import pytest

from marketplace.errors import InvalidInput, NotFound
from marketplace.rights.models import OptOutName
from marketplace.rights.selectors import opted_out_names
from marketplace.rights.services import add_opt_out, remove_opt_out

pytestmark = pytest.mark.django_db


def test_the_list_answers_at_once_after_every_change() -> None:
    text = "a harbour by example artist and 見本太郎"
    assert opted_out_names(text) == []
    add_opt_out(name="見本太郎")
    add_opt_out(name="Example Artist")
    assert opted_out_names(text) == ["Example Artist", "見本太郎"]
    remove_opt_out(name="見本太郎")
    assert opted_out_names(text) == ["Example Artist"]
    remove_opt_out(name="EXAMPLE ARTIST")
    add_opt_out(name="Harbour", kind=OptOutName.Kind.BRAND)
    assert opted_out_names(text) == ["Harbour"]


def test_the_same_name_in_another_spelling_is_one_row() -> None:
    assert add_opt_out(name="Example Artist") == add_opt_out(name="exámple-artist")
    assert OptOutName.objects.count() == 1


@pytest.mark.parametrize("name", ["", " . ", "x", "林", "n" * 121])
def test_a_name_that_would_match_everything_or_nothing_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_opt_out(name=name)
    assert (refused.value.code, refused.value.field) == ("bad_name", "name")


def test_removing_what_is_not_listed_says_so() -> None:
    with pytest.raises(NotFound):
        remove_opt_out(name="Nobody Listed")
