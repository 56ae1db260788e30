"""Words for the ids that other parts of the hub use."""

from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.terms import Consent

# Engines bring their own schedulers; one that has no words here is shown by its id.
SCHEDULER_LABELS = {
    "euler": _("Euler"),
    "euler_a": _("Euler ancestral"),
    "ddim": _("DDIM"),
    "dpmpp_2m": _("DPM++ 2M"),
    "lcm": _("LCM"),
    "dpmpp_2m_sde": _("DPM++ 2M SDE"),
    "heun": _("Heun"),
    "dpm2": _("DPM2"),
    "dpm2_a": _("DPM2 ancestral"),
    "unipc": _("UniPC"),
    "deis": _("DEIS"),
    "ddpm": _("DDPM"),
    "pndm": _("PLMS"),
    "dpmpp_3m_sde": _("DPM++ 3M SDE"),
    "dpmpp_sde": _("DPM++ SDE"),
    "dpmpp_2s": _("DPM++ 2S"),
    "dpmpp_2s_a": _("DPM++ 2S ancestral"),
    "lms": _("LMS"),
    "euler/trailing": _("Euler, trailing steps (Lightning)"),
    "dpmpp_2m/karras": _("DPM++ 2M Karras"),
    "dpmpp_2s_a/karras": _("DPM++ 2S ancestral Karras"),
    "dpmpp_2m_sde/karras": _("DPM++ 2M SDE Karras"),
    "dpmpp_3m_sde/karras": _("DPM++ 3M SDE Karras"),
    "dpmpp_3m_sde/exponential": _("DPM++ 3M SDE Exponential"),
    "dpmpp_sde/karras": _("DPM++ SDE Karras"),
    "lms/karras": _("LMS Karras"),
}
CONSENTS = (
    (Consent.OWN_WORK, _("Own work")),
    (Consent.LICENSED, _("Used with permission")),
    (Consent.OPEN_LICENCE, _("Open licence")),
    (Consent.PUBLIC_DOMAIN, _("Public domain")),
    (Consent.NONE, _("No consent")),
)
# Of versions that are not everyone's yet, whose they are.
CHANNELS = {"partners_and_api": _("Partners first"), "members": _("Subscribers first")}
PACK_KINDS = {"lora": _("LoRA"), "fine_tune": _("Fine-tuned model"), "embedding": _("Textual inversion")}
ENTRY_KINDS = {
    "top_up": _("Top-up"),
    "hold": _("Picture ordered"),
    "capture": _("Picture delivered"),
    "void": _("No picture, returned"),
    "expire": _("Not delivered in time, returned"),
    "release": _("Now available"),
    "sale": _("Bought"),
    "dispute": _("Called back by the bank"),
    "dispute_won": _("The bank gave it back"),
    "refund": _("Refunded"),
    "reinstate": _("Refund undone"),
}

ACCOUNT_KINDS = {
    "wallet": _("Credit in wallets"),
    "held": _("Held for what is not delivered yet"),
    "pending": _("Earnings not yet available"),
    "earnings": _("Earnings available"),
}
# Roles in which people earn, as sources of one's own earnings.
SHARE_SOURCES = {
    "creator": _("Own sales"),
    "parent": _("Lineage: sales of what derives from yours"),
    "dataset": _("Training pictures"),
    "library": _("Content libraries"),
    "licensor": _("Licensed bases"),
    "seller": _("Sales of finished pictures"),
}
