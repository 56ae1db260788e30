"""The two clients. They differ in how they wait, not in what they can do."""

from importlib.metadata import version
from typing import Any, Generic

import httpx

from irodori_client.calls import Calls
from irodori_client.drivers import AsyncDriver, SyncDriver
from irodori_client.drivers.shared import Doors
from irodori_client.errors import UsageError
from irodori_client.resources import (
    Account,
    Bases,
    Batches,
    Earnings,
    Generations,
    Ledger,
    Licences,
    Partner,
    Pictures,
    Purchases,
    Quotes,
    Receipts,
    Styles,
    Uploads,
    Versions,
    Wallet,
)
from irodori_client.resources.base import Async, Driver, Mode, Sync
from irodori_client.retries import Retries
from irodori_client.settings import Access, resolve

TIMEOUT = httpx.Timeout(60, connect=5)
RETRIES = Retries()
DISTRIBUTION = "irodori-client"


class _Resources(Generic[Mode]):
    """What both clients offer."""

    def _offer(self, driver: Driver, retries: Retries) -> None:
        calls = Calls(retries)
        self.bases: Bases[Mode] = Bases(calls, driver)
        self.styles: Styles[Mode] = Styles(calls, driver)
        self.licences: Licences[Mode] = Licences(calls, driver)
        self.versions: Versions[Mode] = Versions(calls, driver)
        self.quotes: Quotes[Mode] = Quotes(calls, driver)
        self.pictures: Pictures[Mode] = Pictures(calls, driver)
        self.generations: Generations[Mode] = Generations(calls, driver)
        self.batches: Batches[Mode] = Batches(calls, driver)
        self.uploads: Uploads[Mode] = Uploads(calls, driver)
        self.wallet: Wallet[Mode] = Wallet(calls, driver)
        self.purchases: Purchases[Mode] = Purchases(calls, driver)
        self.receipts: Receipts[Mode] = Receipts(calls, driver)
        self.account: Account[Mode] = Account(calls, driver)
        self.partner: Partner[Mode] = Partner(calls, driver)
        self.earnings: Earnings[Mode] = Earnings(calls, driver)
        self.ledger: Ledger[Mode] = Ledger(calls, driver)


class Client(_Resources[Sync]):
    """One person's access to one hub, blocking. Use it as a context manager.

    What is not given comes from IRODORI_URL and IRODORI_API_KEY, else from the file that `iro login` wrote. `timeout`
    is httpx's, in seconds. `transport` and `store_transport` are httpx's too, for proxies and tests.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        retries: Retries = RETRIES,
        transport: httpx.BaseTransport | None = None,
        store_transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Raises UsageError for an address or a key that can't be one."""
        access = resolve(url, api_key)
        self._doors = Doors(
            hub=httpx.Client(**_to_hub(access), timeout=timeout, transport=transport),
            store=httpx.Client(timeout=timeout, transport=store_transport),
        )
        self._offer(SyncDriver(self._doors), retries)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._doors.hub.close()
        self._doors.store.close()


class AsyncClient(_Resources[Async]):
    """The same, awaited: on asyncio or trio, as an asynchronous context manager."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        retries: Retries = RETRIES,
        transport: httpx.AsyncBaseTransport | None = None,
        store_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Raises UsageError for an address or a key that can't be one."""
        access = resolve(url, api_key)
        self._doors = Doors(
            hub=httpx.AsyncClient(**_to_hub(access), timeout=timeout, transport=transport),
            store=httpx.AsyncClient(timeout=timeout, transport=store_transport),
        )
        self._offer(AsyncDriver(self._doors), retries)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._doors.hub.aclose()
        await self._doors.store.aclose()


def _to_hub(access: Access) -> dict[str, Any]:
    """What the hub's client sends with everything."""
    headers = {"Accept": "application/json", "User-Agent": f"{DISTRIBUTION}/{version(DISTRIBUTION)}"}
    if access.api_key:
        headers["Authorization"] = f"Bearer {access.api_key}"
    return {"base_url": _address(access.url), "headers": headers}


def _address(url: str) -> httpx.URL:
    """Raises UsageError for what is no address of a hub."""
    try:
        address = httpx.URL(f"{url.strip().rstrip('/')}/")
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in {"http", "https"} or not address.host:
        raise UsageError(f"“{url}” is no address of a hub. It begins with http:// or https://.")
    return address
