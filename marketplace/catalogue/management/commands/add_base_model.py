"""`manage.py add_base_model SLUG ...`: offer a base that some engine serves, or change what is said of it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.catalogue.models import BaseModel
from marketplace.catalogue.services import set_base_examples
from marketplace.catalogue.terms import MAX_EXAMPLES
from marketplace.errors import InvalidInput
from marketplace.licences.bases import BASE_LICENCES, is_known

UNKNOWN = (
    "The hub does not know what “{licence}” grants: pictures are for people's own use alone, and styles on it can grant "
    "nothing. If it is one of these by another name, say that name with --licence: {known}."
)
FIELDS = (
    "title",
    "summary",
    "engine",
    "licence",
    "default_side",
    "min_side",
    "max_side",
    "default_steps",
    "default_guidance",
    "has_refiner",
)


class Command(BaseCommand):
    help = "Offer a base model, or change one: SLUG is the name that jobs and the engine's settings use."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--title", required=True)
        parser.add_argument("--summary", default="")
        parser.add_argument("--engine", default="sdxl", help="The engine that serves it (see `irodori plugins`).")
        parser.add_argument("--licence", required=True, help="The licence of its weights.")
        parser.add_argument("--default-side", type=int, default=1024, help="Pixels.")
        parser.add_argument("--min-side", type=int, default=512)
        parser.add_argument("--max-side", type=int, default=1536)
        parser.add_argument("--default-steps", type=int, default=20)
        parser.add_argument("--default-guidance", type=float, default=5.0, help="The guidance scale that suits it.")
        parser.add_argument(
            "--refiner",
            action="store_true",
            dest="has_refiner",
            help="Its workers have a refiner for the last steps: let people say from where on.",
        )
        parser.add_argument(
            "--example",
            action="append",
            dest="examples",
            metavar="PROMPT",
            help=f"Show it by a picture of this; up to {1 + MAX_EXAMPLES} times, and those named replace the earlier ones.",
        )

    def handle(self, *, slug: str, **options: Any) -> None:
        fields = {name: options[name] for name in FIELDS}
        base, created = BaseModel.objects.update_or_create(slug=slug, defaults=fields)
        if options["examples"] is not None:
            try:
                set_base_examples(base=base, prompts=options["examples"])
            except InvalidInput as refusal:
                raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{'Added' if created else 'Changed'} {slug}.")
        if not is_known(base.licence):
            self.stdout.write(UNKNOWN.format(licence=base.licence, known=", ".join(BASE_LICENCES)))
