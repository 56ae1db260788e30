"""Many orders at once, each saved when it is there. What is interrupted is cancelled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import anyio

from irodori_client.client import AsyncClient
from irodori_client.errors import FailedError, IrodoriError
from irodori_client.models import Generation, Order

# Time to cancel what is under way when somebody wants to stop.
LAST_WORDS_S = 10.0


@dataclass(frozen=True)
class Line:
    """`number` is the line's in the file, which names the picture."""

    number: int
    prompt: str
    file: Path


@dataclass(frozen=True)
class Drawn:
    """How one line ended."""

    line: Line
    made: Generation | None = None
    failure: FailedError | None = None

    @property
    def data(self) -> dict[str, object]:
        failure = {"code": self.failure.code, "message": str(self.failure)} if self.failure else None
        file = None if self.failure else str(self.line.file)
        return {"line": self.line.number, "file": file, "generation": self.made, "failure": failure}

    @property
    def text(self) -> str:
        return f"line {self.line.number}: {self.failure}" if self.failure else str(self.line.file)


class Many:
    """Draws lines, all as `order` says but for the prompt. A picture that fails is told; any other error ends it all."""

    def __init__(self, client: AsyncClient, order: Order, tell: Callable[[Drawn], None]) -> None:
        self._client = client
        self._order = order
        self._tell = tell
        self._failed = False
        self._error: IrodoriError | None = None

    async def draw(self, lines: Sequence[Line], at_once: int) -> bool:
        """Did all succeed? Raises the first error that ended it, once what was under way is there."""
        turn = anyio.Semaphore(at_once)
        async with anyio.create_task_group() as group:
            for line in lines:
                await turn.acquire()
                if self._error:
                    break
                group.start_soon(self._one, line, turn)
        if self._error:
            raise self._error
        return not self._failed

    async def _one(self, line: Line, turn: anyio.Semaphore) -> None:
        try:
            made = await self._made(line)
            await self._client.generations.save(made, line.file)
            self._tell(Drawn(line, made=made))
        except FailedError as failure:
            self._failed = True
            self._tell(Drawn(line, failure=failure))
        except IrodoriError as error:
            self._error = self._error or error
        finally:
            turn.release()

    async def _made(self, line: Line) -> Generation:
        order, key = self._order.model_copy(update={"prompt": line.prompt}), str(uuid4())
        try:
            ordered = await self._client.generations.create(order, idempotency_key=key)
            return await self._client.generations.wait(ordered.id)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(LAST_WORDS_S, shield=True):
                await self._cancel(order, key)
            raise

    async def _cancel(self, order: Order, key: str) -> None:
        """By its key it is found even where the answer to the order was still on its way."""
        try:
            ordered = await self._client.generations.create(order, idempotency_key=key)
            await self._client.generations.cancel(ordered.id)
        except IrodoriError:
            return  # It is finished already, or the hub is away; then it is drawn and stands in the history.
