"""What the demo needs of the files that ship, and what it says without them."""

from pathlib import Path

import pytest

from hub.local import shipped
from hub.local.demo_styles import FILES, PICTURES, STYLES
from hub.local.servers import StartError
from marketplace.catalogue.licences import LICENCES


def complete(models: Path) -> None:
    for file in (f"{shipped.BASE_MODEL}/model_index.json", *FILES):
        (models / file).parent.mkdir(parents=True, exist_ok=True)
        (models / file).touch()


def test_a_complete_folder_is_enough(tmp_path: Path) -> None:
    complete(tmp_path)
    shipped.require(FILES, tmp_path)


@pytest.mark.parametrize("file", [f"{shipped.BASE_MODEL}/model_index.json", FILES[-1]])
def test_what_is_missing_is_named_with_what_to_do(tmp_path: Path, file: str) -> None:
    complete(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(StartError) as error:
        shipped.require(FILES, tmp_path)
    sentence = str(error.value)
    words = (f"{tmp_path} lacks {file}. ", "git checkout -- models", "make base", "HUB_PLUGIN_CONFIG")
    assert [word for word in words if word not in sentence] == []


def test_the_demos_styles_differ_and_say_that_no_holder_is_a_member() -> None:
    terms = [style.terms for style in STYLES]
    for name in ("title", "price_micro", "creator_share_bp", "sample_prompt"):
        assert len({each[name] for each in terms}) == len(STYLES)
    assert [each["licence"] for each in terms] == ["CC-BY-4.0", "CC-BY-SA-4.0", "MIT", "MIT"]
    for each in terms:
        assert LICENCES[each["licence"]].credit
        assert each["attribution"].endswith(each["licence"])
        assert "is no member of this hub" in each["description"].replace("\n", " ")
    assert {title for title, _ in PICTURES} == {None, *(each["title"] for each in terms)}
