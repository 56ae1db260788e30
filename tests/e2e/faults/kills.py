"""Fault: `kill -9` of each process in each moment between two steps of a generation, then of any at any time."""

import time
from itertools import product

from django.db import connection

from marketplace.generation.models import Generation
from tests.e2e.faults.buyers import PRICE_MICRO, Buyer, key_of
from tests.e2e.faults.hub_on_postgres import VICTIMS
from tests.e2e.faults.moments import MOMENTS, Moment
from tests.e2e.faults.scene import Scene

SHORT, AT_ANY_TIME = 5, 40
TOGETHER = 3
LONGEST_WAIT_S = 1.5


def kills(scene: Scene) -> str:
    buyer = scene.buyer(10_000 * PRICE_MICRO)
    cells = _cells(scene)
    for moment, victim in cells:
        _kill_in(scene, buyer, moment, victim)
    rounds = 0 if scene.short else AT_ANY_TIME
    for number in range(rounds):
        _kill_at_any_time(scene, buyer, number)
    return f"{len(cells)} kills between two steps, {rounds} at any time, of {', '.join(VICTIMS)}"


def _cells(scene: Scene) -> list[tuple[Moment, str]]:
    """Every process in every moment, or in short a few of these that chance picks."""
    every = list(product(MOMENTS, VICTIMS))
    return scene.chance.sample(every, SHORT) if scene.short else every


def _kill_in(scene: Scene, buyer: Buyer, moment: Moment, victim: str) -> None:
    what = f"{victim} killed when {moment.__name__}"
    scene.say(what)
    with moment(scene.hub, buyer, what):
        scene.hub.kill(victim)
    _recover(scene)
    _order_again(buyer, [what])


def _order_again(buyer: Buyer, prompts: list[str]) -> None:
    """As a buyer does who may have got no answer: with the same key, so that there is one order whatever was killed."""
    buyer.wait_for_answers()
    for prompt in prompts:
        status = buyer.order(key_of(prompt), prompt=prompt)
        assert status == 201, f"the same order again was answered {status}"
        orders = Generation.objects.filter(prompt=prompt).count()
        assert orders == 1, f"{orders} orders of one key: {prompt}"


def _kill_at_any_time(scene: Scene, buyer: Buyer, number: int) -> None:
    victim, wait_s = scene.chance.choice(VICTIMS), scene.chance.uniform(0, LONGEST_WAIT_S)
    what = f"{number}: {victim} killed {wait_s:.3f} s after {TOGETHER} orders"
    scene.say(what)
    prompts = [f"{what}, the {each}." for each in range(TOGETHER)]
    for prompt in prompts:
        buyer.order_later(prompt)
    time.sleep(wait_s)
    scene.hub.kill(victim)
    _recover(scene)
    _order_again(buyer, prompts)


def _recover(scene: Scene) -> None:
    scene.hub.wait_until_healthy()
    # It may have been to a database that has died since.
    connection.close()
