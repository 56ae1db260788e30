"""Answers Prometheus over HTTP, on a thread of its own."""

from collections.abc import Iterable, Sequence
from wsgiref.simple_server import WSGIServer

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics, start_http_server

from hub.plugin_api import Engine
from serving.config import ServingConfig
from serving.metrics.meter import Meter, metered
from serving.metrics.readings import Readings, Source

log = structlog.get_logger(__name__)

# A series beside each counter with the time of its birth, which the process' own start tells already.
disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus_client leaves it untyped


class WorkerMetrics:
    """Everything that one worker measures, with the endpoint that tells it."""

    def __init__(self, config: ServingConfig) -> None:
        self._config = config
        self.registry = CollectorRegistry()
        self.meter = Meter(self.registry, config.device_hour_price)
        self._server: WSGIServer | None = None

    def metered(self, engines: Iterable[tuple[str, Engine]]) -> dict[str, Engine]:
        return {name: metered(name, engine, self.meter) for name, engine in engines}

    def serve(self, sources: Sequence[Source]) -> None:
        """Begin to answer, with what these sources say at each question."""
        ProcessCollector(registry=self.registry)
        self.registry.register(Readings(sources))
        self._server = serve_metrics(self.registry, self._config.metrics_host, self._config.metrics_port)

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()


def serve_metrics(registry: CollectorRegistry, host: str, port: int) -> WSGIServer | None:
    """None where `port` is 0 or taken: drawing matters more than being watched, so that only is logged."""
    if not port:
        return None
    try:
        server, _ = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        advice = (
            "Set HUB_METRICS_HOST and HUB_METRICS_PORT to an address of this machine that is free, or the port to 0."
        )
        log.error("metrics.not_served", host=host, port=port, reason=str(error), advice=advice)
        return None
    log.info("metrics.served", host=host, port=port)
    return server
