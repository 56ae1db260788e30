"""`python -m hub.local.database`: tables, and the row of the base that this stack serves."""

import os
from typing import Any

import django
from django.core.management import call_command

from hub.config import hub_config
from hub.local.folder import DataFolder

TINY = {
    "title": "Tiny",
    "summary": "Small, with SDXL's structure and random weights: it proves the path, its pictures are fields of colour.",
    "licence": "Apache-2.0",
    "default_side": 128,
    "min_side": 64,
    "max_side": 256,
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    django.setup()
    # The system checks cost four seconds and have nothing to do with the tables.
    call_command("migrate", interactive=False, skip_checks=True)
    config = hub_config()
    sdxl: dict[str, Any] = config.plugin_config["sdxl"]
    slug = sdxl.get("base_model", "sdxl")
    is_tiny = sdxl["base"] == str(DataFolder(config.data_dir).tiny_base)
    about = TINY if is_tiny else {"title": slug, "licence": "as its makers say"}
    call_command("add_base_model", slug, engine="sdxl", **about, skip_checks=True)


if __name__ == "__main__":
    main()
