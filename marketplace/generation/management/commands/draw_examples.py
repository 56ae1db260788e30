"""`manage.py draw_examples`: ask at once for every example picture that is missing. Running it again changes nothing."""

from typing import Any

from django.core.management.base import BaseCommand

from marketplace.errors import Refusal
from marketplace.generation.selectors import examples_not_drawn
from marketplace.generation.services import request_example


class Command(BaseCommand):
    help = "Draw the examples of styles and bases that have no picture: never asked for, failed, or refused before."

    def handle(self, **_options: Any) -> None:
        asked = 0
        for example in examples_not_drawn():
            try:
                request_example(example=example)
                asked += 1
            except Refusal as refusal:
                self.stderr.write(f"{example}: {refusal.message}")
        self.stdout.write(f"{asked} examples are being drawn.")
