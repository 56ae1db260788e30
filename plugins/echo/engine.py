"""The smallest engine."""

import time

from hub.jobs import GenerateJob
from hub.plugin_api import Generation, OneShotEngine
from plugins.echo.plugin import EchoConfig


class EchoEngine(OneShotEngine):
    def __init__(self, config: EchoConfig) -> None:
        self.config = config

    def generate(self, job: GenerateJob) -> Generation:
        time.sleep(self.config.seconds)
        return Generation(f"{self.config.prefix}{job.prompt}".encode(), "text/plain", job.seed)
