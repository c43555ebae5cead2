"""What is likely to be written: models of letters, one for each family of kinds.

A model gives the probability of the next letter after up to `order - 1` others, by Witten-Bell
interpolation of letter n-grams (Witten and Bell 1991). It is told in classes of the readers:
class 0 stands for the line's end, class i for `characters[i - 1]`.

The models are data, `ocr_models/vie/language/NAME.npz`, made from word lists by
`scripts/make_language.py`. They lean, they never forbid: every letter keeps a share (FLOOR) after
any other, so that a name of another tongue is read as it stands when it is written clearly.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pipeline.settings import shipped

Floats = npt.NDArray[np.float32]
Context = tuple[int, ...]

END = 0
START = -1  # stands before a line's first letter
ORDER = 6  # of the shipped models
FLOOR = 0.02  # of all probability goes to any letter at all
PRIOR = 2.0  # letters that a language's opinion counts for beside what a book has said
MOST_KEPT = 30_000  # contexts whose letters are kept at hand
FAMILIES: Mapping[str, str] = {
    "person_name": "name",
    "person_or_org": "name",
    "place_text": "place",
    "date": "date",
    "partial_date": "date",
    "partial_date_or_age": "date",
    "date_words": "date",
    "int": "number",
    "page": "number",
    "serial": "number",
    "volume": "number",
    "parcel": "number",
    "decimal": "number",
    "id_number": "number",
    "code_list": "number",
    "digits": "number",
    **{name: name for name in ("name", "place", "date", "number")},
}
ANY = "any"
WITH_PLACES = frozenset({"place", ANY})  # families whose lines may be addresses
DIGITS = "0123456789"
LETTERS: Mapping[str, str] = {
    "int": DIGITS,
    "page": DIGITS,
    "id_number": DIGITS,
    "decimal": f"{DIGITS},. ",
    "digits": f"{DIGITS},.",  # no field's kind: any of them, read as a number and nothing else
}
NOTHING = -2  # fills up the contexts that are shorter than the longest
SHARE_STEPS = 16.0  # a probability p is stored as round(-SHARE_STEPS * log p), at most 255


class Leaning(Protocol):
    """What a decoder asks: which letters are likely after others."""

    def context(self, classes: Context) -> Context:
        """Return what of a line's beginning the next letter depends on."""

    def after(self, context: Context, letter: int) -> Context:
        """Return the context with one letter more."""

    def log_next(self, context: Context) -> Floats:
        """Return the log-probability of each class after a context, shape (classes,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """Probabilities of letters after letters.

    Attributes:
        places: of each context that was seen, its number.
        starts: shape (contexts + 1,): where its letters begin in `letters` and `shares`.
        letters: classes seen after the contexts.
        shares: their probabilities, without what comes from the shorter context.
        rests: shape (contexts,): the share of the shorter context's opinion.
        classes: how many there are.
    """

    order: int
    classes: int
    places: Mapping[Context, int]
    starts: npt.NDArray[np.int64]
    letters: npt.NDArray[np.uint16]
    shares: Floats
    rests: Floats
    _kept: dict[Context, Floats] = field(default_factory=dict)
    _told: dict[Context, Floats] = field(default_factory=dict)

    def context(self, classes: Context) -> Context:
        """Return what of a line's beginning the next letter depends on."""
        return (START, *classes)[1 - self.order :]

    def after(self, context: Context, letter: int) -> Context:
        """Return the context with one letter more."""
        return (*context, letter)[1 - self.order :]

    def log_next(self, context: Context) -> Floats:
        """Return the log-probability of each class after a context, shape (classes,)."""
        told = self._told.get(context)
        if told is None:
            if len(self._told) > MOST_KEPT:
                self._told.clear()
                self._kept.clear()
            likely = (1 - FLOOR) * self._next(context) + FLOOR / self.classes
            told = self._told[context] = np.log(likely)
        return told

    def _next(self, context: Context) -> Floats:
        found = self._kept.get(context)
        if found is None:
            if context:
                shorter = self._next(context[1:])
            else:
                shorter = np.full(self.classes, 1 / self.classes, np.float32)
            place = self.places.get(context)
            if place is None:
                found = shorter
            else:
                found = self.rests[place] * shorter
                part = slice(self.starts[place], self.starts[place + 1])
                found[self.letters[part]] += self.shares[part]
            self._kept[context] = found
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Biased:
    """A language that leans to what has been said before.

    The letters that followed a context are counted on top of the language's own opinion, which
    stands for PRIOR letters (a Dirichlet prior, MacKay and Peto 1995). Where nothing has been
    said, the opinion is the language's, unchanged.

    Attributes:
        said: for each context how often each letter followed it.
    """

    language: Language
    said: Mapping[Context, Mapping[int, int]]
    _told: dict[Context, Floats] = field(default_factory=dict)

    def context(self, classes: Context) -> Context:
        """Return what of a line's beginning the next letter depends on."""
        return self.language.context(classes)

    def after(self, context: Context, letter: int) -> Context:
        """Return the context with one letter more."""
        return self.language.after(context, letter)

    def log_next(self, context: Context) -> Floats:
        """Return the log-probability of each class after a context, shape (classes,)."""
        followed = self.said.get(context)
        if followed is None:
            return self.language.log_next(context)
        told = self._told.get(context)
        if told is None:
            likely = np.exp(self.language.log_next(context)) * PRIOR
            likely[list(followed)] += list(followed.values())
            told = self._told[context] = np.log(likely / (PRIOR + sum(followed.values())))
        return told


def lean_to(language: Language, lines: Iterable[Context]) -> Biased:
    """Return the language leaning to lines, told in its classes."""
    said: dict[Context, Counter[int]] = {}
    for line in lines:
        context = language.context(())
        for letter in (*line, END):
            said.setdefault(context, Counter())[letter] += 1
            context = language.after(context, letter)
    return Biased(language, said)


def count_grams(lines: Iterable[Context], order: int) -> list[Counter[Context]]:
    """Return how often each n-gram of classes stands in lines, by length less one."""
    seen: list[Counter[Context]] = [Counter() for _length in range(order)]
    for classes in lines:
        line = (START, *classes, END)
        for place in range(1, len(line)):
            for length in range(1, min(order, place + 1) + 1):
                seen[length - 1][line[place + 1 - length : place + 1]] += 1
    return seen


def weigh(
    seen: Sequence[Mapping[Context, int]], classes: int, rare: Mapping[int, int] | None = None
) -> Language:
    """Return the model of counted n-grams: Witten-Bell shares of each context's letters.

    Args:
        seen: how often each n-gram was seen, by length less one.
        rare: by length: n-grams seen less often are not kept.
    """
    after: dict[Context, dict[int, int]] = {}
    for length, counted in enumerate(seen, 1):
        for gram, times in counted.items():
            if times >= (rare or {}).get(length, 1):
                after.setdefault(gram[:-1], {})[gram[-1]] = times
    places = {context: place for place, context in enumerate(sorted(after, key=_short_first))}
    starts = [0]
    letters: list[int] = []
    shares: list[float] = []
    rests: list[float] = []
    for context in places:
        found = after[context]
        total = sum(found.values()) + len(found)
        starts.append(starts[-1] + len(found))
        letters += found
        shares += [times / total for times in found.values()]
        rests.append(len(found) / total)
    return Language(
        order=len(seen),
        classes=classes,
        places=places,
        starts=np.array(starts, np.int64),
        letters=np.array(letters, np.uint16),
        shares=np.array(shares, np.float32),
        rests=np.array(rests, np.float32),
    )


def _short_first(context: Context) -> tuple[int, Context]:
    return (len(context), context)


@lru_cache(maxsize=32)
def leaning(kind: str, characters: str, said: tuple[str, ...] = ()) -> Leaning:
    """Return the language of a kind of field, leaning to texts that were said before.

    Args:
        characters: of the reader; what it cannot say is passed over.
        said: what the book has said in such fields, or the entries of the field's list.
    """
    language = load_language(family(kind), characters)
    if not said:
        return language
    codes = {character: place for place, character in enumerate(characters, 1)}
    lines = [tuple(codes[c] for c in text if c in codes) for text in said]
    return lean_to(language, lines)


def letters_of(kind: str) -> str:
    """Return the only letters that a kind of field is written with; none when all may be."""
    return LETTERS.get(kind, "")


def family(kind: str) -> str:
    """Return the name of the model for a kind of field; `any` for one without its own."""
    return FAMILIES.get(kind, ANY)


@cache
def load_language(name: str, characters: str) -> Language:
    """Return a shipped model, told in the classes of a reader with those characters.

    Letters that the reader cannot say are left out.
    """
    return read_language(shipped("ocr_models") / "vie" / "language" / f"{name}.npz", characters)


def read_language(file: Path, characters: str) -> Language:
    """Read a model from its file."""
    with np.load(file) as stored:
        alphabet = str(stored["characters"])
        contexts = stored["contexts"]
        counts = stored["counts"]
        letters = stored["letters"]
        shares = np.exp(-stored["shares"].astype(np.float32) / SHARE_STEPS)
        rests = np.exp(-stored["rests"].astype(np.float32) / SHARE_STEPS)
    own = np.array([END, *(characters.find(letter) + 1 for letter in alphabet)], np.int32)
    known = (letters == END) | (own[letters] > 0)
    firsts = np.concatenate(([0], np.cumsum(counts[:-1], dtype=np.int64)))
    lengths = np.add.reduceat(known.astype(np.int64), firsts)
    names = np.where(contexts < 0, contexts, own[np.maximum(contexts, 0)])
    sizes = (contexts != NOTHING).sum(axis=1)  # they come short ones first
    rows = [
        row
        for size in range(contexts.shape[1] + 1)
        for row in map(tuple, names[sizes == size, :size].tolist())
    ]
    places = {row: place for place, row in enumerate(rows)}
    return Language(
        order=contexts.shape[1] + 1,
        classes=len(characters) + 1,
        places=places,
        starts=np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))),
        letters=own[letters[known]].astype(np.uint16),
        shares=shares[known],
        rests=rests,
    )
