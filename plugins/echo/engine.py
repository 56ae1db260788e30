"""The smallest engine."""

from hub.jobs import GenerateJob
from hub.plugin_api import Generation, OneShotEngine
from plugins.echo.plugin import EchoConfig


class EchoEngine(OneShotEngine):
    def __init__(self, config: EchoConfig) -> None:
        self.prefix = config.prefix

    def generate(self, job: GenerateJob) -> Generation:
        return Generation(f"{self.prefix}{job.prompt}".encode(), "text/plain", job.seed)
