"""The manifest of an engine that answers every prompt with the prompt: read this file first."""

from pydantic import BaseModel

from hub.plugin_api import Component, EngineInfo, Plugin


class EchoConfig(BaseModel, extra="forbid", frozen=True):
    """`seconds` is how long an answer takes, for trying queues and crashes without a model."""

    prefix: str = ""
    seconds: float = 0.0


def compute_price(width: int, height: int, steps: int) -> int:  # noqa: ARG001 - the signature every engine has
    """A fixed 0.01 credit: echoing costs the same at any size."""
    return 100


plugin = Plugin(
    name="echo",
    summary="Answers every prompt with the prompt; runs without torch or a GPU.",
    config=EchoConfig,
    components=[
        Component(
            "engine",
            "echo",
            "plugins.echo.engine:EchoEngine",
            EngineInfo(schedulers=("euler",), size_multiple=8, max_steps=50, compute_price=compute_price),
        )
    ],
)
