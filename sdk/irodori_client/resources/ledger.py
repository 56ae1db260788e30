"""Proofs. `irodori_client.proofs` checks them without asking the hub."""

from uuid import UUID

from irodori_client import endpoints as at
from irodori_client.calls import Asked
from irodori_client.effects import Steps
from irodori_client.models import Proof, PublicKeys, SignedBlock
from irodori_client.resources.base import Mode, Resource, operation


class Ledger(Resource[Mode]):
    @operation
    def proof(self, transaction: UUID | str) -> Steps[Proof]:
        """That a movement of yours stands in the ledger's chain; there is one a few seconds after the movement."""
        return self._calls.call(at.PROOF, Asked(names={"id": transaction}))

    @operation
    def blocks(self, first: int = 1) -> Steps[list[SignedBlock]]:
        """The signed blocks from number `first` on, at most 1,000. Keep them, and you see when the past is changed."""
        return self._calls.call(at.BLOCKS, Asked(params={"first": first}))

    @operation
    def keys(self) -> Steps[PublicKeys]:
        """Every key that signs or signed blocks. Keep them too: a proof is checked with a key that you kept."""
        return self._calls.call(at.LEDGER_KEYS)
