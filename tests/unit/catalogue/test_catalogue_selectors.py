import pytest

from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.selectors import credit_of, own_version, published_styles, style_page, styles_of
from marketplace.errors import NotFound
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base, make_pack, make_style, make_version

pytestmark = pytest.mark.django_db
WITHDRAWN = StyleVersion.State.WITHDRAWN


def test_the_gallery_shows_published_styles_newest_first() -> None:
    older, newer = make_version().style, make_version().style
    make_version(state=WITHDRAWN)
    make_style()
    assert list(published_styles()) == [newer, older]


@pytest.mark.parametrize("search", ["harbour", "HARBOUR ink", "mara", "washed harbour"])
def test_search_finds_title_words_and_creator(search: str) -> None:
    wanted = make_version(style=make_style(title="Harbour", creator=make_user(display_name="Mara"))).style
    make_version(trigger_words="pixel", style=make_style(title="Blocks"))
    assert list(published_styles(search=search)) == [wanted]


def test_a_base_narrows_the_gallery() -> None:
    wanted = make_version(pack=make_pack(base_model=echo_base())).style
    make_version()
    assert list(published_styles(base_model="echo")) == [wanted]


def test_the_latest_version_is_the_newest_published_one() -> None:
    style = make_style()
    first, second = make_version(style=style, number=1), make_version(style=style, number=2)
    assert style_page(style.slug).latest == second
    second.state = WITHDRAWN
    second.save()
    assert style_page(style.slug).latest == first


def test_a_gallery_of_many_needs_as_many_queries_as_one_of_one(django_assert_num_queries: object) -> None:
    for _ in range(5):
        make_version()
    with django_assert_num_queries(3):  # type: ignore[operator]  # a fixture that pytest-django does not type
        assert [
            (style.latest.pack.base_model.slug, style.creator.display_name, style.latest.cover)
            for style in published_styles()
        ]


def test_a_style_without_versions_has_no_page() -> None:
    for slug in (make_style().slug, "nothing-here"):
        with pytest.raises(NotFound):
            style_page(slug)


def test_a_creator_sees_their_own_styles_and_versions() -> None:
    version, other = make_version(), make_version()
    creator = version.style.creator
    assert list(styles_of(creator)) == [version.style]
    assert own_version(creator, version.pk) == version
    with pytest.raises(NotFound):
        own_version(creator, other.pk)


@pytest.mark.parametrize(
    ("licence", "line"),
    [
        ("CC-BY-4.0", "“Ink” by Mara, CC-BY-4.0"),
        ("CC-BY-SA-4.0", "“Ink” by Mara, CC-BY-SA-4.0"),
        ("MIT", "“Ink” by Mara, MIT"),
        ("irodori-standard", ""),
        ("gone", ""),
    ],
)
def test_a_credit_line_goes_with_licences_that_ask_for_it(licence: str, line: str) -> None:
    style = make_style(title="Ink", creator=make_user(display_name="Mara"))
    assert credit_of(make_version(style=style, licence=licence)) == line


def test_a_creator_may_ask_to_be_named_where_the_licence_does_not() -> None:
    style = make_style(title="Ink", creator=make_user(display_name="Mara"))
    version = make_version(style=style, credit_required=True, attribution="Brushes by Studio Aoi")
    assert credit_of(version) == "“Ink” by Mara, irodori-standard. Brushes by Studio Aoi"
