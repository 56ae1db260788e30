import pytest

from hub.plugin_api import Engine, JobRefusedError
from hub.testing.engine_contract import EngineContract, run_to_end
from plugins.echo.engine import EchoEngine
from plugins.echo.plugin import EchoConfig


class TestEchoEngine(EngineContract):
    engine_id = "echo"

    def engine(self) -> Engine:
        return EchoEngine(EchoConfig(prefix="> "))

    def test_answers_with_the_prefixed_prompt(self) -> None:
        assert run_to_end(self.engine(), self.job()).content == b"> a pelican"

    def test_it_has_no_refiner(self) -> None:
        with pytest.raises(JobRefusedError, match="no refiner"):
            self.engine().start(self.job(refiner_start=0.8), [])
