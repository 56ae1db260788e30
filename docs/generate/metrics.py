"""The serving worker's metrics, from the list that the code counts by."""

from docs.generate.tables import table
from serving.metrics.measures import MEASURES

INTRODUCTION = """# Metrics

What a serving worker tells Prometheus, by default at `http://127.0.0.1:9464/metrics`; [watch the
workers](../how-to/watch-the-workers.md) says how to read it. Counts begin at the worker's start. Beside these are `process_...`:
the process' memory, processor time, open files and start.
"""


def page() -> str:
    rows = [
        (f"`{measure.name}`", measure.kind, ", ".join(f"`{label}`" for label in measure.labels), measure.meaning)
        for measure in MEASURES
    ]
    return "\n".join([INTRODUCTION, table(("metric", "kind", "labels", "meaning"), rows)])
