"""`python -m hub.local.database`: the tables, and the row of the base that this stack serves."""

import os
from typing import Any

import django
from django.core.management import call_command

from hub.config import hub_config
from hub.local import shipped


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    django.setup()
    # The system checks cost four seconds and have nothing to do with the tables.
    call_command("migrate", interactive=False, skip_checks=True)
    sdxl: dict[str, Any] = hub_config().plugin_config["sdxl"]
    if sdxl["base"] == str(shipped.BASE):
        call_command("seed_demo", skip_checks=True)
    else:
        slug = sdxl.get("base_model", "sdxl")
        terms = {"title": slug, "licence": "as its makers say", "has_refiner": bool(sdxl.get("refiner"))}
        call_command("add_base_model", slug, **terms, skip_checks=True)


if __name__ == "__main__":
    main()
