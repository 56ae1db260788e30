"""That a transaction is in the chain, for whoever has a part in it: their own entries, and hashes of everything else."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.errors import Conflict, NotFound
from marketplace.ledger.models import Block, Entry, Seal, Transaction
from marketplace.ledger.sealing import merkle
from marketplace.ledger.sealing.canonical import block_text, entry_text, leaf_text
from marketplace.ledger.sealing.posted import read

BLOCKS_AT_ONCE = 1000


@dataclass(frozen=True)
class SignedBlock:
    """`block` is the text that is signed; `signature` is Ed25519, base64url."""

    block: str
    signature: str


@dataclass(frozen=True)
class Proof:
    """Texts as they were hashed, so that nobody has to write JSON the same way again. Hashes are hex."""

    entries: Sequence[str]
    leaf: str
    leaf_hash: str
    position: int
    path: Sequence[str]
    block: str
    signature: str


def own_transaction(viewer: User, transaction_id: UUID) -> Transaction:
    """Raises NotFound, also for what the viewer has no part in."""
    found = Transaction.objects.filter(pk=transaction_id).select_related("seal__block").first()
    if found is None or not own_entries(viewer, found).exists():
        raise NotFound(_("There is no such movement among yours."), code="transaction_not_found")
    return found


def own_entries(viewer: User, posted: Transaction) -> QuerySet[Entry]:
    """What moved in the viewer's own accounts and those of their organisations; staff see all."""
    entries = posted.entries.select_related("account").order_by("pk")
    mine = Q(account__owner=viewer) | Q(account__organisation__in=viewer.organisations.all())
    return entries if viewer.is_staff else entries.filter(mine)


def proof_for(viewer: User, transaction_id: UUID) -> Proof:
    """Raises NotFound, and Conflict while it is not sealed."""
    posted = own_transaction(viewer, transaction_id)
    seal = Seal.objects.select_related("block").filter(transaction=posted).first()
    if seal is None:
        raise Conflict(_("This movement is not sealed yet. Try again in a few seconds."), code="not_sealed_yet")
    [whole], salt = read(Transaction.objects.filter(pk=posted.pk)), bytes.fromhex(seal.salt)
    own = set(own_entries(viewer, posted).values_list("pk", flat=True))
    return Proof(
        entries=[entry_text(entry, salt) for entry in whole.entries if entry.id in own],
        leaf=leaf_text(whole, salt),
        leaf_hash=seal.leaf_hash,
        position=seal.position,
        path=_path(seal),
        block=block_text(seal.block),
        signature=seal.block.signature,
    )


def blocks_from(number: int) -> list[SignedBlock]:
    """This block and those after it, at most a thousand."""
    blocks = Block.objects.filter(number__gte=number).order_by("number")[:BLOCKS_AT_ONCE]
    return [SignedBlock(block_text(block), block.signature) for block in blocks]


def _path(seal: Seal) -> list[str]:
    hashes = seal.block.seals.order_by("position").values_list("leaf_hash", flat=True)
    return [other.hex() for other in merkle.path([bytes.fromhex(each) for each in hashes], seal.position)]
