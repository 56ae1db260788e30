"""Two processes learn what one would that saw both their batches."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from training.loop import Stage, train

pytestmark = pytest.mark.torch

# Each prints its line in one write, or the processes' lines mix.
LEARN = r"""
import sys
from pathlib import Path
import torch
from torch import nn
from torch.nn import functional
from training import parallel
from training.loop import Stage, train

parallel.join()
torch.manual_seed(0)
model = nn.Linear(1, 1)

def loss_of(generator):
    x = torch.randn(8, 1, generator=generator)
    return functional.mse_loss(model(x), 2 * x)

train(Stage("line", 12, 0.1, warm_up=1), list(model.parameters()), loss_of, Path(sys.argv[1]), averaging=0.9)
print(f"{[parameter.item() for parameter in model.parameters()]}\n", end="")
"""


SHARE = r"""
from training import parallel

parallel.join()
mine = parallel.own_share(range(5))
print(f"{[list(mine), parallel.gathered([10 * each for each in mine])]}\n", end="")
"""


def together(folder: Path, processes: int, code: str) -> list[str]:
    script = folder / "together.py"
    script.write_text(code)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    environment = {**os.environ, "PYTHONPATH": ".", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(script), str(folder / "work")], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("[")]


def expected(folder: Path) -> list[float]:
    """The same twelve steps on the mean of both processes' losses."""
    torch.manual_seed(0)
    model = nn.Linear(1, 1)

    def loss_of(generator: torch.Generator) -> torch.Tensor:
        step = generator.initial_seed()
        losses = []
        for rank in (0, 1):
            x = torch.randn(8, 1, generator=torch.Generator().manual_seed(2 * step + rank))
            losses.append(functional.mse_loss(model(x), 2 * x))
        return torch.stack(losses).mean()

    train(Stage("line", 12, 0.1, warm_up=1), list(model.parameters()), loss_of, folder, averaging=0.9)
    return [parameter.item() for parameter in model.parameters()]


@pytest.mark.slow
def test_two_processes_learn_as_one_that_saw_both_batches(tmp_path: Path) -> None:
    lines = together(tmp_path, 2, LEARN)
    assert len(lines) == 2
    assert lines[0] == lines[1]
    assert json.loads(lines[0]) == pytest.approx(expected(tmp_path / "alone"), rel=1e-4)


@pytest.mark.slow
def test_shared_work_comes_back_to_every_process_in_its_order(tmp_path: Path) -> None:
    whole = [0, 10, 20, 30, 40]
    shares = sorted(json.loads(line) for line in together(tmp_path, 2, SHARE))
    assert shares == [[[0, 2, 4], whole], [[1, 3], whole]]
