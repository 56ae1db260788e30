"""`manage.py set_licensor`: from now on an organisation has a share of what a base earns."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.accounts.models import Organisation
from marketplace.catalogue.models import BaseModel
from marketplace.errors import Refusal
from marketplace.payouts.services import set_base_licensor


class Command(BaseCommand):
    help = "Give an organisation a share of computing on a base, and of each version published on it from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("base", help="slug of the base")
        parser.add_argument("organisation", help="slug of the organisation")
        parser.add_argument("share_bp", type=int, help="in 1/10,000, at most 3,000; 0 ends it")

    def handle(self, *, base: str, organisation: str, share_bp: int, **_: Any) -> None:
        found = BaseModel.objects.filter(slug=base).first()
        licensor = Organisation.objects.filter(slug=organisation).first()
        if found is None or licensor is None:
            raise CommandError("There is no such base or organisation. Both are named by their slugs.")
        try:
            set_base_licensor(base=found, licensor=licensor, share_bp=share_bp)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{licensor} now has {share_bp / 100:g} % of {found}.")
