"""`manage.py seed_demo`: what a demo needs before the first style is uploaded. Running it again changes nothing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hub.local.demo_styles import CONCEPTS
from marketplace.accounts.models import User
from marketplace.catalogue.models import BaseModel
from marketplace.catalogue.services import set_base_examples
from marketplace.rights.services import add_opt_out

SMALL = {
    "title": "Irodori Small",
    "summary": "Draws animals, plants, food and drink on a plain background, from English and Japanese.",
    "engine": "sdxl",
    "licence": "Apache-2.0",
    # The one size that it has learnt.
    "default_side": 128,
    "min_side": 128,
    "max_side": 128,
    "default_guidance": 1.5,
}
UPSCALER = {
    "title": "Irodori ×2",
    "summary": (
        "Enlarges a picture with a small network (115,000 parameters) that the Irodori project trained on openly licensed "
        "emoji artwork. It is not ESRGAN, has seen no photograph, and sharpens edges rather than inventing detail."
    ),
    "engine": "upscale",
    "licence": "Apache-2.0",
    "default_side": 256,
    "min_side": 1,
    "max_side": 4096,
    "default_steps": 1,
}
# Invented: no real person or brand is listed on anyone's behalf.
OPTED_OUT = ("Example Artist", "Sample Studio", "見本太郎")
PEOPLE = {
    # "demo:" because no rights holder of the artwork is a member of the hub.
    "twemoji@demo.example": ("demo: Twemoji style", False),
    "openmoji@demo.example": ("demo: OpenMoji style", False),
    "fluent-flat@demo.example": ("demo: Fluent Emoji Flat style", False),
    "fluent-3d@demo.example": ("demo: Fluent Emoji 3D style", False),
    "buyer@demo.example": ("Demo Buyer", False),
    "admin@demo.example": ("Demo Staff", True),
}


class Command(BaseCommand):
    help = "Add the small base model and invented opt-out names; with --people-password also the demo accounts and the base's examples."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people-password", default="", help="Make the demo accounts, with this password.")

    def handle(self, *, people_password: str, **_options: Any) -> None:
        base, _ = BaseModel.objects.get_or_create(slug="irodori-small", defaults=SMALL)
        BaseModel.objects.get_or_create(slug="irodori-x2", defaults=UPSCALER)
        for name in OPTED_OUT:
            add_opt_out(name=name)
        if people_password:
            _add_people(people_password)
            set_base_examples(base=base, prompts=CONCEPTS)


def _add_people(password: str) -> None:
    for email, (display_name, staff) in PEOPLE.items():
        if not User.objects.filter(email=email).exists():
            create = User.objects.create_superuser if staff else User.objects.create_user
            create(email, password, display_name=display_name)
