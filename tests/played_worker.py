"""A worker that tests play: it takes what is queued, in order, as long as a block runs."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from django.db import connection

from marketplace.generation import services
from marketplace.generation.models import Generation
from tests.factories.generation import stored

Work = Callable[[Generation], None]


def delivers(generation: Generation) -> None:
    services.succeeded(stored(generation))


@contextmanager
def worker(work: Work = delivers) -> Iterator[None]:
    stopped = Event()

    def serve() -> None:
        try:
            while not stopped.is_set():
                for generation in Generation.objects.filter(state=Generation.State.QUEUED).order_by("seed"):
                    work(generation)
                time.sleep(0.02)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        serving: Future[None] = threads.submit(serve)
        try:
            yield
        finally:
            stopped.set()
    serving.result()
