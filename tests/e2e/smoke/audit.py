"""Reads the ledger itself: `python -m tests.e2e.smoke.audit` prints its sum, and each generation's transactions."""

import json
from collections import defaultdict

import django

django.setup()

from marketplace.ledger.models import Transaction  # noqa: E402 - Django must be set up first
from marketplace.ledger.selectors import sum_of_all_entries  # noqa: E402 - as above


def main() -> None:
    kinds: dict[str, list[str]] = defaultdict(list)
    for key, kind in Transaction.objects.filter(key__startswith="generation:").values_list("key", "kind"):
        kinds[key.split(":")[1]].append(kind)
    print(json.dumps({"sum": sum_of_all_entries(), "generations": {id_: sorted(of) for id_, of in kinds.items()}}))


if __name__ == "__main__":
    main()
