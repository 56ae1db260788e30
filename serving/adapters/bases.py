"""The weights of the bases that are here, as they were published, and packs restored from their difference to them."""

from collections.abc import Callable, Iterable, Iterator

from hub.keys import THIN_ENDING
from hub.plugin_api import Engine
from serving.adapters.cache import Fetch
from serving.adapters.stored import StoredBase, StoredWeights
from serving.adapters.thin import ThinPackError, whole_pack


def stored_base(engine: Engine) -> StoredBase:
    return {component: StoredWeights(places) for component, places in engine.stored_weights().items() if places}


def whole_packs(stream: Fetch, engines: Callable[[], Iterable[Engine]]) -> Fetch:
    """`stream` for packs, whichever way they are kept: the chunks are always those of the whole pack."""

    def base_of(layout_digest: str) -> StoredBase:
        for engine in engines():
            if engine.layout().digest() == layout_digest:
                return stored_base(engine)
        raise ThinPackError(f"No base with the layout {layout_digest[:12]} is here.")

    def fetch(key: str) -> Iterator[bytes]:
        chunks = stream(key)
        return whole_pack(chunks, base_of) if key.endswith(THIN_ENDING) else iter(chunks)

    return fetch
