import pytest

from hub.plugin_api import Engine
from hub.testing.engine_contract import EngineContract

pytestmark = pytest.mark.torch


class TestSdxlEngine(EngineContract):
    engine_id = "sdxl"
    base_model = "tiny-sdxl"

    @pytest.fixture(autouse=True)
    def _loaded(self, sdxl_engine: Engine) -> None:
        self._engine = sdxl_engine

    def engine(self) -> Engine:
        return self._engine
