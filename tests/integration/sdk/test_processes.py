"""What only a process of its own shows: Ctrl-C, pipes, and shells that complete."""

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from irodori_client.cli.exits import Exit
from irodori_client.cli.underway import NAME
from marketplace.accounts.models import User
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from tests.factories.generation import echo_version, make_request
from tests.factories.ledger import make_buyer
from tests.factories.playing import play_the_serving_worker
from tests.factories.sdk import key_of
from tests.needed import lacking

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack]
IRO = [sys.executable, "-m", "irodori_client.cli"]
BIN = Path(sys.executable).parent


@pytest.fixture
def buyer(transactional_db: None) -> User:
    make_request()
    return make_buyer()


@pytest.fixture
def environment(live_server: Any, buyer: User, tmp_path: Path) -> dict[str, str]:
    """Of a shell whose user has signed in."""
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "IRODORI_URL": live_server.url,
        "IRODORI_API_KEY": key_of(buyer),
    }


@contextmanager
def running(words: list[str], environment: dict[str, str], folder: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [*IRO, *words],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_ctrl_c,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _hear_ctrl_c() -> None:
    """A shell that runs the tests in the background has them, and what they start, ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_orders(count: int) -> None:
    deadline = time.monotonic() + 30
    while Generation.objects.count() < count:
        assert time.monotonic() < deadline, "nothing was ordered"
        time.sleep(0.05)


@pytest.mark.parametrize(("words", "count"), [(["generate", "a fox"], 1), (["batch", "prompts.txt"], 2)])
def test_ctrl_c_cancels_what_was_ordered(
    environment: dict[str, str], buyer: User, tmp_path: Path, words: list[str], count: int
) -> None:
    (tmp_path / "prompts.txt").write_text("a fox\na hare\n")
    with running(words, environment, tmp_path) as process:
        wait_for_orders(count)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, "Traceback" in err) == (Exit.INTERRUPTED, "", False), err
    assert [each.state for each in Generation.objects.all()] == ["cancelled"] * count
    assert held_balance(buyer) == 0
    assert [path.name for path in tmp_path.glob("*.png")] == []


@pytest.mark.usefixtures("object_store_server")
def test_ctrl_c_leaves_the_pictures_of_a_batch_that_were_drawn(
    environment: dict[str, str], buyer: User, tmp_path: Path
) -> None:
    (tmp_path / "prompts.txt").write_text("a fox\na hare\n")
    with running(["batch", "prompts.txt"], environment, tmp_path) as process:
        wait_for_orders(2)
        for _ in range(3):
            play_the_serving_worker(prompt="a hare")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (Exit.INTERRUPTED, "0002.png\n")
    assert err == "Cancelled. 1 of 2 pictures were drawn, and 0.0001 USD paid.\n"
    assert [path.name for path in tmp_path.glob("*.png")] == ["0002.png"]
    assert (held_balance(buyer), (tmp_path / NAME).exists()) == (0, False)


def test_a_batch_is_not_ordered_before_somebody_at_a_terminal_agrees(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "prompts.txt").write_text("a fox\na hare\n")
    ours, theirs = pty.openpty()
    words = [*IRO, "batch", "prompts.txt"]
    process = subprocess.Popen(
        words, env=environment | {"TERM": "xterm"}, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    read_until(ours, "2 pictures, 0.0002 USD. Order them? [y/N]: ")
    os.write(ours, b"n\n")
    assert process.wait(timeout=30) == Exit.INTERRUPTED
    assert Generation.objects.exists() is False


def test_somebody_at_a_terminal_sees_price_and_progress(
    environment: dict[str, str], buyer: User, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*IRO, "generate", "a fox"],
        env=environment | {"TERM": "xterm"},
        cwd=tmp_path,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=_hear_ctrl_c,
    )
    os.close(theirs)
    wait_for_orders(1)
    seen = read_until(ours, "in the queue")
    process.send_signal(signal.SIGINT)
    seen += read_until(ours, "Nothing was paid.")
    assert process.wait(timeout=30) == Exit.INTERRUPTED
    assert "0.0001 USD, default x default pixels on echo" in seen
    assert "number 1 in the queue" in seen
    assert held_balance(buyer) == 0


def read_until(terminal: int, *words: str) -> str:
    seen, deadline = "", time.monotonic() + 60
    while not all(each in seen for each in words):
        ready, _, _ = select.select([terminal], [], [], 1)
        assert time.monotonic() < deadline, seen
        seen += os.read(terminal, 4096).decode(errors="replace") if ready else ""
    return seen


def test_a_reader_who_has_enough_is_no_error(environment: dict[str, str], tmp_path: Path) -> None:
    for _ in range(3):
        echo_version()
    command = f"{' '.join(IRO)} styles search --json | true; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("0\n", "")


@pytest.mark.parametrize("name", ["iro", "irodori-client"])
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (["st"], ["statements", "styles"]),
        (["styles", ""], ["search", "show"]),
        (["upload", "x", "--publ"], ["--publish"]),
        (["upload", "x", "--base", ""], ["echo"]),
        (["licence", "ink"], ["ink-wash"]),
    ],
)
def test_bash_completes(
    environment: dict[str, str], tmp_path: Path, name: str, typed: list[str], completed: list[str]
) -> None:
    echo_version().style.__class__.objects.update(slug="ink-wash")
    words = " ".join(f"'{word}'" for word in [name, *typed])
    script = f"""
        eval "$(iro completion bash)"
        COMP_WORDS=({words}) COMP_CWORD={len(typed)}
        function=$(complete -p {name} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        "$function" {name}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    ended = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (sorted(ended.stdout.split()), ended.stderr) == (completed, "")


EVALUATED = 'autoload -Uz compinit; compinit -u -d ~/dump; eval "$(iro completion zsh)"'
LOADED = "mkdir f; iro completion zsh > f/_iro; fpath=($PWD/f $fpath); autoload -Uz compinit; compinit -u -d ~/dump"
INSTALLED = "iro completion zsh --install; source ~/.zshrc"
OPERATORS = 'autoload -Uz compinit; compinit -u -d ~/dump; eval "$(irodori --show-completion)"'


@pytest.mark.parametrize(
    ("start", "typed", "completed"),
    [
        (EVALUATED, "iro st", ["statements", "styles"]),
        (EVALUATED, "irodori-client styles s", ["search", "show"]),
        (LOADED, "iro st", ["statements", "styles"]),
        (LOADED, "irodori-client st", ["statements", "styles"]),
        (INSTALLED, "iro upload x --publ", ["--publish"]),
        (INSTALLED, "irodori-client st", ["statements", "styles"]),
        (OPERATORS, "irodori verify", ["verify-receipt"]),
        (OPERATORS, "irodori worker ", ["generate", "convert", "site"]),
    ],
    ids=[f"{how} {number}" for how in ("evaluated", "loaded", "installed", "operators") for number in (1, 2)],
)
def test_zsh_completes_at_the_first_tab(
    environment: dict[str, str], tmp_path: Path, start: str, typed: str, completed: list[str]
) -> None:
    _require("zsh")
    ours, theirs = pty.openpty()
    told = environment | {"TERM": "dumb", "PROMPT": "ready> ", "COLUMNS": "200"}
    shell = subprocess.Popen(
        ["zsh", "-f", "-i"], env=told, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        read_until(ours, "ready> ")
        os.write(ours, f"{start}; PROMPT='no''w> '\n".encode())
        read_until(ours, "now> ")
        os.write(ours, f"{typed}\t".encode())
        read_until(ours, *completed)
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def test_bash_completes_the_operators_command_too(environment: dict[str, str], tmp_path: Path) -> None:
    script = """
        eval "$(irodori --show-completion)"
        COMP_WORDS=(irodori verify) COMP_CWORD=1
        _irodori_completion irodori
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    ended = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("verify-receipt\n", "")


def _require(shell: str) -> None:
    if shutil.which(shell) is None:
        lacking(f"{shell} is not installed. Install it (apt install {shell}).")


def test_completion_is_installed_where_bash_looks(environment: dict[str, str], tmp_path: Path) -> None:
    subprocess.run([*IRO, "completion", "bash", "--install"], env=environment, capture_output=True, check=True)
    installed = sorted(path.name for path in (tmp_path / ".bash_completions").iterdir())
    assert installed == ["iro.sh", "irodori-client.sh"]
    assert "iro.sh" in (tmp_path / ".bashrc").read_text()
