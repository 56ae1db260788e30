"""What a licence is about, as its documents name it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One version of a style. Addresses are absolute: `uid` of the licence, `page` of its plain words, `target` of the style.

    `price_micro` is per picture in 1e-6 USD; `credit` is the line beside each picture, empty where none is asked for.
    """

    uid: str
    page: str
    target: str
    title: str
    creator: str
    number: int
    licence: str
    base_model: str
    kind: str
    trigger_words: str
    price_micro: int
    credit: str

    @property
    def assigner(self) -> str:
        """Names the creator in documents that want an IRI for every party."""
        return f"{self.target}#creator"
