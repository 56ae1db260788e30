"""The SDK's examples and the code blocks of its pages, run as they stand against a whole hub with the small base."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.local.shipped import STYLES
from hub.local.stamp import ROOT
from tests.stability_hub import StabilityHub, stability_hub

pytestmark = [pytest.mark.stack, pytest.mark.torch, pytest.mark.long]
SDK = ROOT / "sdk"
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Shell:
    """Somebody who has signed in, in a folder of their own."""

    hub: StabilityHub
    folder: Path

    def run(self, *command: object) -> str:
        """What the command prints."""
        environment = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "IRODORI_URL": self.hub.url,
            "IRODORI_API_KEY": self.hub.token,
        }
        words = [str(word) for word in command]
        ended = subprocess.run(words, env=environment, cwd=self.folder, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def example(self, name: str, *words: object) -> str:
        return self.run(sys.executable, SDK / "examples" / f"{name}.py", *words)

    def picture(self, name: str) -> bytes:
        content = (self.folder / name).read_bytes()
        assert content.startswith(b"\x89PNG")
        return content


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """With two of the styles that ship published, by the example that publishes."""
    folder = tmp_path_factory.mktemp("sdk")
    with stability_hub(folder / "hub") as hub:
        made = Shell(hub, folder)
        for name in ("openmoji", "twemoji"):
            said = made.example("publish", STYLES / f"{name}.safetensors", "irodori-small", name)
            assert said.splitlines()[-1].startswith("lora "), said
        yield made


def blocks(page: str, language: str) -> list[str]:
    return [code for kind, code in BLOCK.findall((ROOT / page).read_text()) if kind == language]


def test_every_example_is_run_below() -> None:
    named = set(re.findall(r'example\("(\w+)"', Path(__file__).read_text()))
    assert {path.stem for path in (SDK / "examples").glob("*.py")} == named


def test_a_picture_is_drawn_while_its_steps_are_told(shell: Shell) -> None:
    said = shell.example("draw", "a fox on a blue background", "fox.png").splitlines()
    assert said[-2].startswith("succeeded: step ")
    assert said[-1].startswith("fox.png: 0.0")
    assert shell.picture("fox.png") == shell.hub.image({"prompt": "a fox on a blue background", "seed": 7})


def test_styles_are_mixed_at_the_price_that_was_quoted(shell: Shell) -> None:
    before = shell.hub.balance()
    said = shell.example("mix_styles", "mix.png")
    assert said == "Program (creator): 0.028 USD\nComputation (compute): 0.0001 USD\nIrodori (platform): 0.012 USD\n"
    assert round(before - shell.hub.balance(), 6) == 4.01  # credits
    shell.picture("mix.png")


def test_several_are_drawn_at_once(shell: Shell) -> None:
    files = shell.example("many_at_once", "a fox", "a hare", "a wren").split()
    assert sorted(files) == ["a-fox.png", "a-hare.png", "a-wren.png"]
    assert len({shell.picture(name) for name in files}) == 3


def test_a_picture_starts_from_another(shell: Shell) -> None:
    shell.example("draw", "a fox", "start.png")
    assert shell.example("start_from_a_picture", "start.png", "a hare", "hare.png") == "hare.png\n"
    assert shell.picture("hare.png") != shell.picture("start.png")


def test_earnings_are_proven(shell: Shell) -> None:
    shell.example("mix_styles", "mix.png")
    said = when_sealed(lambda: shell.example("check_earnings", "statement.csv"))
    assert re.fullmatch(r"capture of \d+ micro-USD is in block \d+\n", said)


def when_sealed(example: Callable[[], str]) -> str:
    """A movement is sealed a few seconds after it is posted; until then there is no proof."""
    for _ in range(20):
        try:
            return example()
        except AssertionError as error:
            if "not sealed yet" not in str(error):
                raise
            time.sleep(1)
    raise AssertionError("nothing was sealed within 20 seconds")


def test_the_blocks_of_the_readme_run(shell: Shell) -> None:
    for code in blocks("sdk/README.md", "python"):
        shell.run(sys.executable, "-c", code)
    assert shell.picture("fox.png") == shell.picture("the-same-fox.png")
    install, *others = blocks("sdk/README.md", "sh")
    assert re.findall(r"^(?:pip install|iro) [\w-]+", install, re.MULTILINE) == [
        "pip install irodori-client",
        "iro login",
    ]
    for code in others:
        shell.run("bash", "-euo", "pipefail", "-c", code)
    assert shell.picture("pictures/0001.png") != shell.picture("pictures/0002.png")


def test_the_blocks_of_the_guide_run_one_after_another(shell: Shell) -> None:
    shutil.copy(STYLES / "fluent-emoji-flat.safetensors", shell.folder / "my-style.safetensors")
    shell.run(sys.executable, "-c", "\n".join(blocks("docs/how-to/use-the-python-sdk.md", "python")))
    (shell.folder / ".zfunc").mkdir(exist_ok=True)
    _install, scripts = blocks("docs/how-to/use-the-python-sdk.md", "sh")
    shell.run("bash", "-euo", "pipefail", "-c", scripts)
    assert "_iro_completion" in (shell.folder / ".zfunc" / "_iro").read_text()
