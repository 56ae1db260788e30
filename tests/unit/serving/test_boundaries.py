"""What import-linter can't see: what a process really holds once it runs."""

import json
import os
import subprocess
import sys

WORKER = """
import json, sys
from serving.celery import app
from serving.config import serving_config
from serving.worker import ServingWorker
app.loader.import_default_modules()
app.finalize()
worker = ServingWorker(app, serving_config(), "test@host", ["echo"])
worker.start()
worker.fingerprints()
worker.converter
worker.stop()
print(json.dumps(sorted({"django.db", "django.apps", "marketplace", "torch"} & sys.modules.keys())))
"""
SITE = """
import json, sys
from hub.config import plugin_registry
from hub.plugin_api import ADAPTER_FORMAT, ENGINE
registry = plugin_registry()
registry.info(ENGINE, "sdxl").compute_price(128, 128, 20)
formats = [name for name, _ in registry.every(ADAPTER_FORMAT)]
found = sorted({"torch", "diffusers", "transformers", "safetensors", "serving"} & sys.modules.keys())
print(json.dumps([sorted(formats), registry.ids(ENGINE), found]))
"""
FORMATS = [
    "diffusers_old_lora",
    "kohya_lora",
    "lycoris",
    "onetrainer_lora",
    "other_kinds",
    "peft_lora",
    "sdxl_checkpoint",
    "sdxl_unet",
    "textual_inversion",
]


def run(code: str) -> object:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return json.loads(ended.stdout.splitlines()[-1])


def test_a_worker_holds_neither_the_database_nor_torch_before_its_engine_needs_it() -> None:
    assert run(WORKER) == []


def test_the_site_lists_engines_and_reads_formats_without_torch() -> None:
    assert run(SITE) == [FORMATS, ["echo", "sdxl", "upscale"], []]
