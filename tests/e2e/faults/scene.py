"""What every fault is given: the running hub, chance from a seed, how much of it to do, and the buyers so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.e2e.faults.buyers import Buyer, newcomer
from tests.e2e.faults.hub_on_postgres import Hub


@dataclass
class Scene:
    """`short` is the form for every change. `say` notes what is done, for whoever must repeat it."""

    hub: Hub
    chance: Random
    short: bool
    say: Callable[[str], None]
    buyers: list[Buyer] = field(default_factory=list)

    def buyer(self, credit_micro: int = 0) -> Buyer:
        """A buyer whose every order the audit will check."""
        buyer = newcomer(self.hub.url, credit_micro)
        self.buyers.append(buyer)
        return buyer
