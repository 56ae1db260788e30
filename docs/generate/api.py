"""Every address of the API, from its OpenAPI document."""

import json
import os
from collections import defaultdict
from typing import Any

from docs.generate.tables import one_line, table

INTRODUCTION = """# Addresses of the API

All below `/api/v1`; `/api/docs` shows them with every field, `/api/schema` is the OpenAPI 3.1 document.
[Use the API](../how-to/use-the-api.md) tells what holds for all of them: errors, pages, keys for repeating, limits, ETags.

*public*: nobody needs to sign in. *charges*: answers 402 without enough credit. *repeat*: takes `Idempotency-Key`.
*pages*: takes `cursor` and `limit`. *state*: takes `If-Match`.
"""
MARKS = (("Idempotency-Key", "repeat"), ("cursor", "pages"), ("If-Match", "state"))


def page() -> str:
    groups = defaultdict(list)
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            groups[operation["tags"][0]].append((method.upper(), path, operation))
    parts = [INTRODUCTION]
    for group, found in groups.items():
        parts += [f"## {group}\n", table(("", "address", "what it does", ""), map(_row, found))]
        parts += [_example(*each) for each in found if "requestBody" in each[2]]
    return "\n".join(parts)


def document() -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    # Only what is set up can describe itself.
    import django

    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def _row(found: tuple[str, str, dict[str, Any]]) -> tuple[str, str, str, str]:
    method, path, operation = found
    taken = {parameter["name"] for parameter in operation.get("parameters", ())}
    marks = [
        *(["public"] if {} in operation["security"] else []),
        *(["charges"] if "402" in operation["responses"] else []),
        *(mark for name, mark in MARKS if name in taken),
    ]
    return method, f"`{path.removeprefix('/api/v1')}`", one_line(operation["summary"]), ", ".join(marks)


def _example(method: str, path: str, operation: dict[str, Any]) -> str:
    """The documented body, which a test sends."""
    examples = operation["requestBody"]["content"].get("application/json", {}).get("examples", {})
    body = json.dumps(next(iter(examples.values()))["value"]) if examples else ""
    return f"`{method} {path.removeprefix('/api/v1')}`\n\n```json\n{body}\n```\n" if body else ""
