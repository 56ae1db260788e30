"""What a client offers, one class for each kind of thing."""

from irodori_client.resources.batches import Batches
from irodori_client.resources.catalogue import Bases, Licences, Styles, Versions
from irodori_client.resources.generations import Generations, Pictures, Quotes
from irodori_client.resources.ledger import Ledger
from irodori_client.resources.money import Account, Earnings, Purchases, Receipts, Wallet
from irodori_client.resources.partner import Partner
from irodori_client.resources.uploads import Uploads

__all__ = [
    "Account",
    "Bases",
    "Batches",
    "Earnings",
    "Generations",
    "Ledger",
    "Licences",
    "Partner",
    "Pictures",
    "Purchases",
    "Quotes",
    "Receipts",
    "Styles",
    "Uploads",
    "Versions",
    "Wallet",
]
