"""Rows of the licensing API, by subject."""

from marketplace.partners.models.grants import Agreement, Grant, LicensedImage, Receipt
from marketplace.partners.models.matrix import LicenceClass, LicenceClassPartner, Offer
from marketplace.partners.models.notices import PartnerStatement, Takedown
from marketplace.partners.models.partners import Partner, PartnerPrice

__all__ = [
    "Agreement",
    "Grant",
    "LicenceClass",
    "LicenceClassPartner",
    "LicensedImage",
    "Offer",
    "Partner",
    "PartnerPrice",
    "PartnerStatement",
    "Receipt",
    "Takedown",
]
