"""Files of styles."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from irodori_client import endpoints as at
from irodori_client import sending
from irodori_client.calls import Asked
from irodori_client.effects import Items, Steps
from irodori_client.following import WAIT_SECONDS
from irodori_client.models import Upload
from irodori_client.resources.base import Mode, Resource, iteration, operation


class Uploads(Resource[Mode]):
    @operation
    def send(
        self, path: Path | str, *, base_model: str, progress: Callable[[int, int], object] = lambda _sent, _size: None
    ) -> Steps[Upload]:
        """Send a file in parts; it is then being checked (see `wait`).

        `progress(sent, size)` hears how many bytes have left; where a part has to be sent again, `sent` is less than
        before. Interrupted, the same call sends only what is missing: the hub keeps an unfinished upload for a day.
        """
        return sending.send_file(self._calls, Path(path), base_model, progress)

    @operation
    def wait(
        self,
        id: UUID | str,  # noqa: A002 - the API's word
        *,
        progress: Callable[[Upload], object] = lambda _: None,
        timeout: float = WAIT_SECONDS,
    ) -> Steps[Upload]:
        """The upload once it is checked and ready. Raises FailedError with the reason if it is refused."""
        return sending.settled(self._calls, id, progress, timeout)

    @operation
    def get(self, id: UUID | str) -> Steps[Upload]:  # noqa: A002 - as above
        """One of your uploads."""
        return self._calls.call(at.UPLOAD, Asked(names={"id": id}))

    @iteration
    def all(self) -> Items[Upload]:
        """Your uploads, newest first."""
        return self._calls.each(at.UPLOADS)

    @operation
    def abort(self, id: UUID | str) -> Steps[None]:  # noqa: A002 - as above
        """Cancel one whose parts are still arriving."""
        return self._calls.call(at.ABORT, Asked(names={"id": id}))

    @operation
    def make_lora(self, id: UUID | str) -> Steps[Upload]:  # noqa: A002 - as above
        """Have a LoRA made of a fine-tuned model that is ready. It is an upload of its own."""
        return self._calls.call(at.LORA, Asked(names={"id": id}))

    @operation
    def save_lora(self, id: UUID | str, path: Path | str) -> Steps[Path]:  # noqa: A002 - as above
        """The file of a LoRA that the hub made for you."""
        return self._calls.save(at.LORA_FILE, Asked(names={"id": id}), Path(path))
