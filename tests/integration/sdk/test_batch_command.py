"""`iro batch` with a real store behind it: one batch, saved as it comes, and gone on with after whatever ended it."""

import json
from pathlib import Path

import pytest

from irodori_client.cli.exits import Exit
from irodori_client.cli.underway import NAME
from marketplace.accounts.models import User
from marketplace.batches.models import Batch
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from tests.factories.command import Command
from tests.factories.playing import give_up, play_the_serving_worker

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    file = tmp_path / "prompts.txt"
    file.write_text("a fox\n# a remark\n\na hare\na wren\n")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


ALL = {"0001.png": b"a fox", "0004.png": b"a hare", "0005.png": b"a wren"}


def test_the_lines_without_a_picture_are_one_batch(iro: Command, buyer: User, prompts: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "0004.png").write_bytes(b"there already")
    said = iro("batch", prompts, "-o", folder, "--name", "beasts", afterwards=play_the_serving_worker)
    assert (said.code, said.err) == (0, "")
    assert sorted(said.out.split()) == [str(folder / name) for name in ("0001.png", "0005.png")]
    assert pictures(folder) == ALL | {"0004.png": b"there already"}
    assert [(each.name, each.size) for each in Batch.objects.all()] == [("beasts", 2)]
    assert iro("batch", prompts, "-o", folder).out == ""
    assert (Batch.objects.count(), held_balance(buyer)) == (1, 0)


def test_what_failed_is_told_and_ordered_anew_by_the_same_command(iro: Command, prompts: Path, folder: Path) -> None:
    def work() -> None:
        give_up("a hare")
        play_the_serving_worker()

    said = iro("batch", prompts, "-o", folder, "--json", afterwards=work)
    told = {each["line"]: each for each in map(json.loads, said.out.splitlines())}
    assert (said.code, set(told)) == (Exit.PARTLY, {1, 4, 5})
    assert (told[4]["file"], told[4]["failure"]["code"]) == (None, "no_refiner")
    assert (told[5]["failure"], told[5]["item"]["prompt"]) == (None, "a wren")
    assert set(pictures(folder)) == {"0001.png", "0005.png"}
    assert iro("batch", prompts, "-o", folder, afterwards=play_the_serving_worker).code == 0
    assert pictures(folder) == ALL
    assert [each.size for each in Batch.objects.order_by("created_at")] == [3, 1]


def test_where_all_fail_the_code_says_so(iro: Command, tmp_path: Path, folder: Path) -> None:
    (tmp_path / "foxes.txt").write_text("a fox\na fox\n")
    said = iro("batch", tmp_path / "foxes.txt", "-o", folder, afterwards=give_up)
    assert (said.code, said.out.splitlines()) == (7, ["1: The base has no refiner.", "2: The base has no refiner."])


def test_a_batch_is_gone_on_with_by_the_same_command(iro: Command, prompts: Path, folder: Path) -> None:
    ordered = iro("batch", prompts, "-o", folder, "--no-wait")
    assert (ordered.code, ordered.out) == (0, f"{Batch.objects.get().pk}\n")
    said = iro("batch", prompts, "-o", folder, afterwards=play_the_serving_worker)
    assert (said.code, pictures(folder), Batch.objects.count()) == (0, ALL, 1)


def test_an_order_whose_answer_was_lost_is_not_ordered_twice(iro: Command, prompts: Path, folder: Path) -> None:
    iro("batch", prompts, "-o", folder, "--no-wait")
    kept = json.loads((folder / NAME).read_text())
    (folder / NAME).write_text(json.dumps(kept | {"batch": None}))
    iro("batch", prompts, "-o", folder, afterwards=play_the_serving_worker)
    assert (pictures(folder), Batch.objects.count()) == (ALL, 1)


def test_a_batch_is_gone_on_with_by_its_id_anywhere(iro: Command, prompts: Path, folder: Path, tmp_path: Path) -> None:
    known = iro("batch", prompts, "-o", folder, "--no-wait", "--json").json["batch"]
    elsewhere = iro("batch", "--resume", known, "-o", tmp_path / "new", afterwards=play_the_serving_worker)
    assert (elsewhere.code, pictures(tmp_path / "new")) == (
        0,
        {"0001.png": b"a fox", "0002.png": b"a hare", "0003.png": b"a wren"},
    )
    assert iro("batch", "--resume", known, "-o", folder).code == 0
    assert pictures(folder) == ALL
    (tmp_path / "new" / "0002.png").write_bytes(b"somebody's own")
    refused = iro("batch", "--resume", known, "-o", tmp_path / "new")
    assert (refused.code, "0002.png is another picture" in refused.err, Batch.objects.count()) == (Exit.USAGE, True, 1)


def test_a_folder_that_waits_for_another_batch_takes_no_second(iro: Command, prompts: Path, folder: Path) -> None:
    iro("batch", prompts, "-o", folder, "--no-wait")
    refused = iro("batch", prompts, "-o", folder, "--seed", 5)
    assert (refused.code, f"--resume {Batch.objects.get().pk}" in refused.err) == (Exit.USAGE, True)
    prompts.write_text("a lynx\n")
    assert iro("batch", prompts, "-o", folder).code == Exit.USAGE
    assert Batch.objects.count() == 1


def test_a_refusal_names_the_line_and_leaves_nothing(iro: Command, prompts: Path, folder: Path) -> None:
    prompts.write_text(f"a fox\n\n{'x' * 5000}\n")
    refused = iro("batch", prompts, "-o", folder)
    assert (refused.code, refused.err.startswith("line 3.prompt: ")) == (Exit.REFUSED, True), refused.err
    assert (pictures(folder), Batch.objects.exists()) == ({}, False)
    prompts.write_text("a fox\n" * 1001)
    assert iro("batch", prompts, "-o", folder).code == Exit.USAGE
    assert iro("batch", "-o", folder).code == Exit.USAGE
    assert iro("batch", "--resume", "00000000-0000-4000-8000-000000000000", "-o", folder).code == Exit.REFUSED


def test_a_quote_orders_nothing(iro: Command, prompts: Path, folder: Path) -> None:
    said = iro("batch", prompts, "-o", folder, "--quote")
    assert (said.code, said.out.splitlines()[0]) == (0, "3 pictures, 0.0003 USD")
    assert (folder.exists(), Generation.objects.exists()) == (False, False)
