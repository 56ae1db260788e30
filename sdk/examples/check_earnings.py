"""Save this month's statement, and check that its first line stands in the hub's ledger: `check_earnings.py statement.csv`.

The proof is checked on this machine. Keep the keys, and a hub that changes its past is found out.
"""

import csv
import sys
from pathlib import Path

from irodori_client import Client
from irodori_client.proofs import verify


def main(file: str) -> None:
    with Client() as hub:
        path = hub.earnings.save_statement(Path(file))
        with path.open(newline="") as statement:
            first = next(csv.DictReader(statement))
        movement = verify(hub.ledger.proof(first["transaction"]), hub.ledger.keys())
        print(f"{movement.kind} of {first['amount_micro']} micro-{first['currency']} is in block {movement.block}")


if __name__ == "__main__":
    main(*sys.argv[1:])
