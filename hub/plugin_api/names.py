"""Many names looked for in a text at once. What that takes grows with the text, and hardly with the names."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.plugin_api.text import FoldedText, unspaced

Places = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Names:
    """In the order in which they were given; build it with `Names.of`.

    Each stands under what it is without spaces: `words` are whole words of a text, `several` go from one word's edge to
    another's, however they are written together or apart ("J.R.R. Tolkien", "JRR Tolkien"), `anywhere` are of scripts
    without spaces and may begin and end within what looks like a word.
    """

    given: tuple[str, ...]
    words: Places
    several: Places
    anywhere: Places
    longest_of_several: int
    lengths_of_anywhere: tuple[int, ...]

    @classmethod
    def of(cls, names: Iterable[tuple[str, str]]) -> "Names":
        """Each as it is to be told, and folded. One without any letter or digit is found nowhere."""
        pairs = tuple(names)
        words, several, anywhere = (defaultdict[str, list[int]](list) for _ in range(3))
        for place, (_name, folded) in enumerate(pairs):
            joined = folded.replace(" ", "")
            where = anywhere if unspaced(joined) else several if " " in folded else words
            if joined:
                where[joined].append(place)
        given = tuple(name for name, _folded in pairs)
        lengths = tuple(sorted({len(joined) for joined in anywhere}))
        return cls(given, dict(words), dict(several), dict(anywhere), max(map(len, several), default=0), lengths)

    def found_in(self, text: str) -> list[str]:
        """Those that the text holds, in the order in which they were given."""
        if not self.given:
            return []
        prepared = FoldedText.of(text)
        places = {
            *_places(self.words, prepared.words),
            *_places(self.several, self._between_edges(prepared)),
            *_places(self.anywhere, self._pieces(prepared.joined)),
        }
        return [self.given[place] for place in sorted(places)]

    def _between_edges(self, text: FoldedText) -> Iterator[str]:
        """From each edge of a word to each later one, as far as the longest name goes."""
        for number, start in enumerate(text.edges, start=1):
            for end in text.edges[number : number + self.longest_of_several]:
                if end - start > self.longest_of_several:
                    break
                yield text.joined[start:end]

    def _pieces(self, text: str) -> Iterator[str]:
        """Of each length that a name has, from each place."""
        for length in self.lengths_of_anywhere:
            for start in range(len(text) - length + 1):
                yield text[start : start + length]


def _places(names: Places, texts: Iterable[str]) -> Iterator[int]:
    for text in texts:
        yield from names.get(text, ())
