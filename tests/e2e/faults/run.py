"""Does the faults in turn and reads the books after each. Needs Django to be set up."""

import time
from collections.abc import Callable, Sequence

from tests.e2e.faults.audit import check_books, check_holds, check_orders, open_orders
from tests.e2e.faults.endings import endings
from tests.e2e.faults.hub_on_postgres import within
from tests.e2e.faults.kills import kills
from tests.e2e.faults.overspending import overspending
from tests.e2e.faults.same_key import same_key
from tests.e2e.faults.scene import Scene

# The kills first: what they left to be sent again comes back while the others run.
FAULTS: dict[str, Callable[[Scene], str]] = {
    "kills": kills,
    "overspending": overspending,
    "endings": endings,
    "same_key": same_key,
}
# The longest way back: a message lost in the queue is sent again after 30 s, and the reaper looks every 5 s.
ALL_OVER_S = 120.0


def run(scene: Scene, chosen: Sequence[str]) -> None:
    """Print a line for each. Raises AssertionError."""
    for name in chosen or FAULTS:
        began = time.monotonic()
        found = FAULTS[name](scene)
        print(f"{name}: {found}  ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"the books: {_audit(scene)}", flush=True)


def _audit(scene: Scene) -> str:
    within(ALL_OVER_S, lambda: open_orders() == 0, "every order is over")
    ordered = [check_orders(buyer) for buyer in scene.buyers if buyer.promised]
    return "; ".join([check_books(), check_holds(), *ordered])
