"""The forms in which a licence is handed out, all written from the one policy."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from marketplace.licences import card, odrl, rsl
from marketplace.licences.plain import to_plain
from marketplace.licences.policy import Policy
from marketplace.licences.subject import Subject
from marketplace.licences.words import statements


@dataclass(frozen=True)
class Document:
    """`format` ends its address, and `media_type` asks for it in an Accept header."""

    format: str
    media_type: str
    write: Callable[[Policy, Subject], bytes]


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def plain_document(policy: Policy, subject: Subject) -> dict[str, Any]:
    """The clauses as names and values, then in words."""
    words = [{**asdict(statement), "clause": str(statement.clause)} for statement in statements(policy)]
    for line in words:
        del line["icon"]
    return {"licence": subject.licence, "policy": to_plain(policy), "words": words, "page": subject.page}


_DOCUMENTS = (
    Document("json", "application/json", lambda *about: _json(plain_document(*about))),
    Document("jsonld", odrl.MEDIA_TYPE, lambda *about: _json(odrl.offer(*about))),
    Document("rsl", rsl.MEDIA_TYPE, rsl.rsl_document),
    Document("md", card.MEDIA_TYPE, lambda *about: card.model_card(*about).encode()),
    # By its address alone: the policy that the header `tdm-policy` names. Its media type is ODRL's.
    Document("tdmrep", odrl.MEDIA_TYPE, lambda *about: _json(odrl.tdm_policy(*about))),
)
DOCUMENTS = MappingProxyType({document.format: document for document in _DOCUMENTS})
