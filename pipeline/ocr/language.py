"""What is likely to be written: models of letters, one for each family of kinds.

A model gives the probability of the next letter after up to `order - 1` others, by Witten-Bell
interpolation of letter n-grams (Witten and Bell 1991). It is told in classes of the readers:
class 0 stands for the line's end, class i for `characters[i - 1]`.

The models are data, `ocr_models/vie/language/NAME.npz`, made from word lists by
`scripts/make_language.py`. They lean, they never forbid: every letter keeps a share (FLOOR) after
any other, so that a name of another tongue is read as it stands when it is written clearly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.settings import shipped

Floats = npt.NDArray[np.float32]
Context = tuple[int, ...]

END = 0
START = -1  # stands before a line's first letter
FLOOR = 0.02  # of all probability goes to any letter at all
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
    **{name: name for name in ("name", "place", "date", "number")},
}
ANY = "any"
DIGITS = "0123456789"
LETTERS: Mapping[str, str] = {
    "int": DIGITS,
    "page": DIGITS,
    "id_number": DIGITS,
    "decimal": f"{DIGITS},. ",
}
NOTHING = -2  # fills up the contexts that are shorter than the longest
SHARE_STEPS = 16.0  # a probability p is stored as round(-SHARE_STEPS * log p), at most 255


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
    starts: npt.NDArray[np.uint32]
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
        starts=np.concatenate(([0], np.cumsum(lengths))).astype(np.uint32),
        letters=own[letters[known]].astype(np.uint16),
        shares=shares[known],
        rests=rests,
    )
