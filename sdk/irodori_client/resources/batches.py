"""Up to a thousand images as one order, each held, paid or returned by itself."""

from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from irodori_client import endpoints as at
from irodori_client import images, results
from irodori_client.calls import Asked
from irodori_client.effects import Items, Steps
from irodori_client.events import Event
from irodori_client.following import WAIT_SECONDS, followed, last_of
from irodori_client.models import Batch, BatchItem, BatchOrder, BatchQuote, Counts
from irodori_client.resources.base import Mode, Resource, iteration, operation
from irodori_client.resources.generations import under


class Batches(Resource[Mode]):
    @operation
    def quote(
        self, order: BatchOrder, *, grants: Sequence[UUID | str] = (), territory: Sequence[str] = ()
    ) -> Steps[BatchQuote]:
        """What all images together would cost, and who is paid. Nothing is held."""
        return self._calls.call(at.BATCH_QUOTE, Asked(body=order.priced(), headers=under(grants, territory)))

    @operation
    def create(
        self,
        order: BatchOrder,
        *,
        grants: Sequence[UUID | str] = (),
        territory: Sequence[str] = (),
        idempotency_key: str | None = None,
    ) -> Steps[Batch]:
        """Order all of them, or none where one is refused.

        Organisations name the `grants` of all styles in it, and where the images are to be used.
        """
        asked = Asked(body=order, key=idempotency_key, headers=under(grants, territory))
        return self._calls.call(at.BATCH_ORDER, asked)

    @operation
    def get(self, id: UUID | str) -> Steps[Batch]:  # noqa: A002 - the API's word
        """How far one is."""
        return self._calls.call(at.BATCH, Asked(names={"id": id}))

    @iteration
    def all(self) -> Items[Batch]:
        """Your batches, newest first."""
        return self._calls.each(at.BATCHES)

    @iteration
    def items(self, id: UUID | str) -> Items[BatchItem]:  # noqa: A002 - as above
        """What became of each image, in the order of their numbers."""
        return self._calls.each(at.BATCH_ITEMS, names={"id": id})

    @operation
    def wait(
        self,
        id: UUID | str,  # noqa: A002 - as above
        *,
        progress: Callable[[Batch], object] = lambda _: None,
        timeout: float = WAIT_SECONDS,
    ) -> Steps[Batch]:
        """The batch once none of its images waits or is being drawn; `items` says what became of each."""
        return last_of(followed(self._calls, at.BATCH, at.BATCH_EVENTS, id, heard, timeout), progress)

    @iteration
    def stream(self, id: UUID | str, *, timeout: float = WAIT_SECONDS) -> Items[Batch]:  # noqa: A002 - as above
        """Every change of the counts until none of its images waits or is being drawn. Raises TooSlowError."""
        return followed(self._calls, at.BATCH, at.BATCH_EVENTS, id, heard, timeout)

    @iteration
    def results(
        self,
        id: UUID | str,  # noqa: A002 - as above
        *,
        progress: Callable[[Batch], object] = lambda _: None,
        timeout: float = WAIT_SECONDS,
    ) -> Items[BatchItem]:
        """Each image once it has succeeded, failed or been cancelled, as they come; all of them if the batch is over.

        Raises TooSlowError.
        """
        changes = followed(self._calls, at.BATCH, at.BATCH_EVENTS, id, heard, timeout)
        return results.as_they_come(self._calls, changes, progress)

    @operation
    def image(self, item: BatchItem) -> Steps[bytes]:
        """The bytes of an image that succeeded, checked against its SHA-256. Raises DamagedError."""
        return images.checked(self._calls, item.generation, item.image)

    @operation
    def save(self, item: BatchItem, path: Path | str) -> Steps[Path]:
        """The same into a file."""
        return images.save(Path(path), images.checked(self._calls, item.generation, item.image))

    @operation
    def cancel(self, id: UUID | str) -> Steps[Batch]:  # noqa: A002 - as above
        """Stop what is not finished of it. The price of each image that was not made returns to your wallet."""
        return self._calls.call(at.BATCH_CANCEL, Asked(names={"id": id}))


def heard(batch: Batch, event: Event) -> Batch:
    """How it is after this event, which tells the counts."""
    moved: dict[str, object] = {name: event.data[name] for name in ("paid_micro", "eta_seconds") if name in event.data}
    counts = Counts.model_validate(event.data["counts"]) if "counts" in event.data else batch.counts
    return batch.model_copy(update={**moved, "counts": counts})
