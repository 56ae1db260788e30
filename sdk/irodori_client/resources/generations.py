"""Images: what they cost, ordering them, waiting for them, fetching them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from typing_extensions import Unpack

from irodori_client import endpoints as at
from irodori_client import images
from irodori_client.calls import Asked
from irodori_client.composing import Choices, composed
from irodori_client.effects import Items, Steps
from irodori_client.following import WAIT_SECONDS
from irodori_client.models import Generation, Order, Picture, Quote
from irodori_client.resources.base import Mode, Resource, iteration, operation


class Quotes(Resource[Mode]):
    @operation
    def get(self, order: Order, *, grants: Sequence[UUID | str] = (), territory: Sequence[str] = ()) -> Steps[Quote]:
        """What an image would cost, and who is paid. Nothing is held."""
        return self._calls.call(at.QUOTE, Asked(body=order.priced(), headers=under(grants, territory)))


class Pictures(Resource[Mode]):
    @operation
    def send(self, picture: Path | bytes) -> Steps[Picture]:
        """Send a PNG, JPEG or WebP to start from; orders name it by its `sha256`. Nobody else can."""
        return images.send(self._calls, picture)

    @operation
    def take(self, id: UUID | str) -> Steps[Picture]:  # noqa: A002 - the API's word
        """Start from a finished image of yours: it is kept among your pictures."""
        return self._calls.call(at.AS_PICTURE, Asked(names={"id": id}))

    @operation
    def get(self, sha256: str) -> Steps[bytes]:
        """A picture that you sent."""
        return self._calls.call(at.PICTURE_FILE, Asked(names={"sha256": sha256}))


class Generations(Resource[Mode]):
    @operation
    def compose(
        self,
        prompt: str,
        *,
        styles: Mapping[str, float] | None = None,
        base_model: str | None = None,
        **choices: Unpack[Choices],
    ) -> Steps[Order]:
        """An order with styles by name and weight, `{"washed-ink": 0.8}`, each at its newest version for the base.

        Without `base_model` it is the first style's, or the hub's first. Orders nothing.
        """
        return composed(self._calls, prompt, styles or {}, base_model, **choices)

    @operation
    def create(
        self,
        order: Order,
        *,
        grants: Sequence[UUID | str] = (),
        territory: Sequence[str] = (),
        idempotency_key: str | None = None,
    ) -> Steps[Generation]:
        """Order an image: its price is held and it waits to be drawn.

        It is ordered once even if the answer is lost and the request sent again. Name a key of your own to have that
        beyond this call. Organisations name the `grants` that it is made under, one for each style, and where it is to be
        used.
        """
        asked = Asked(body=order, key=idempotency_key, headers=under(grants, territory))
        return self._calls.call(at.ORDER, asked)

    @operation
    def get(self, id: UUID | str) -> Steps[Generation]:  # noqa: A002 - the API's word
        """One of your images."""
        return self._calls.call(at.GENERATION, Asked(names={"id": id}))

    @iteration
    def history(self) -> Items[Generation]:
        """Your images, newest first."""
        return self._calls.each(at.HISTORY)

    @operation
    def wait(
        self,
        id: UUID | str,  # noqa: A002 - as above
        *,
        progress: Callable[[Generation], object] = lambda _: None,
        timeout: float = WAIT_SECONDS,
    ) -> Steps[Generation]:
        """The finished image's answer; `progress` hears of every change on the way.

        Raises FailedError, CancelledError, TooSlowError.
        """
        return images.finished(self._calls, id, progress, timeout)

    @iteration
    def stream(self, id: UUID | str, *, timeout: float = WAIT_SECONDS) -> Items[Generation]:  # noqa: A002 - as above
        """Every change until the image is finished, failed or cancelled. Raises TooSlowError."""
        return images.changes(self._calls, id, timeout)

    @operation
    def image(self, generation: Generation) -> Steps[bytes]:
        """A finished image's bytes, checked against its SHA-256. Raises DamagedError."""
        return images.content(self._calls, generation)

    @operation
    def save(self, generation: Generation, path: Path | str) -> Steps[Path]:
        """The same into a file."""
        return images.save(Path(path), images.content(self._calls, generation))

    @operation
    def preview(self, id: UUID | str) -> Steps[bytes | None]:  # noqa: A002 - as above
        """A small JPEG of what a running image looks like so far, or None while there is none."""
        return images.preview(self._calls, id)

    @operation
    def cancel(self, id: UUID | str) -> Steps[Generation]:  # noqa: A002 - as above
        """Stop one that is not finished. Its whole price returns to your wallet."""
        return self._calls.call(at.CANCEL, Asked(names={"id": id}))


def under(grants: Sequence[UUID | str], territory: Sequence[str]) -> dict[str, str]:
    """The headers that name grants, and where the image is to be used."""
    said = {"Irodori-Grant": ",".join(map(str, grants)), "Irodori-Territory": ",".join(territory)}
    return {name: value for name, value in said.items() if value}
