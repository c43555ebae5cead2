"""From what a CTC network says at each step to text, letters and other readings.

A network gives log-probabilities, shape (steps, classes); class 0 is the blank, class i is
`characters[i - 1]`. A prefix beam adds up all ways to spell the same text, so that the
probability of a reading is that of the text and not of one path.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.ocr.gazetteer import Unit, propose, units_at_end
from pipeline.ocr.language import END, Context, Leaning
from pipeline.values import Alternative, Letter

LogProbs = npt.NDArray[np.float32]
Classes = tuple[int, ...]

BLANK = 0
BEAM_WIDTH = 8
MAX_READINGS = 6  # the text and five others
MAX_CLASSES = 6  # looked at in one step
MIN_CLASS = 0.002  # a class less probable than this at a step opens no reading of its own
MIN_SHARE = 0.001  # a reading less probable than this share of the best is not told
LANGUAGE = 0.4  # exponent on the language's probability of a letter
PER_LETTER = 0.8  # a language makes long texts improbable; this makes up for it, per letter
PLACES = (1.0, 1.0, 4.0, 20.0)  # likelier by that if so many known units end the line
LOOKED_AT = 2  # readings for which places like theirs are looked up
SURE_BLANK = 0.998  # most steps stand between letters; nothing is decided there


@dataclass(frozen=True, slots=True)
class Reading:
    """What one line says.

    Attributes:
        text: without spaces at the ends or doubled ones.
        probability: of `text`, in the network's own opinion (not calibrated).
        alternatives: other texts, best first, likewise.
        letters: of `text`; left and right are fractions of the steps.
    """

    text: str = ""
    probability: float = 0.0
    alternatives: tuple[Alternative, ...] = ()
    letters: tuple[Letter, ...] = ()


def decode(
    log_probs: LogProbs,
    characters: str,
    language: Leaning | None = None,
    places: Unit | None = None,
) -> Reading:
    """Return the most probable text of a line and what else it may say.

    Args:
        language: what is likely to be written there; it reorders what the network saw, and adds
            nothing to it. Probabilities are shares of what the network gives to all readings.
        places: known ones, where the line is an address: readings that end with a place in its
            district and province are likelier than those that end with none.
    """
    steps = telling_steps(log_probs)
    probabilities = np.exp(log_probs[steps])
    spellings = beam(probabilities, language=language)
    if places is not None:
        spellings = _placed(spellings, probabilities, characters, language, places)
    readings = _merge(_shared(spellings), characters)
    if not readings:
        return Reading()
    (text, probability), *others = readings.items()
    best = next(s.classes for s in spellings if _clean(_spell(s.classes, characters)) == text)
    return Reading(
        text=text,
        probability=probability,
        alternatives=tuple(
            Alternative(other, share)
            for other, share in others
            if other and share >= MIN_SHARE * probability
        ),
        letters=_letters(best, probabilities, steps, len(log_probs), characters),
    )


def greedy(log_probs: LogProbs, characters: str) -> str:
    """Return the text of the single best path: what the network says by itself."""
    best = log_probs.argmax(axis=1).tolist()
    kept = [c for i, c in enumerate(best) if c != BLANK and (i == 0 or c != best[i - 1])]
    return _clean(_spell(tuple(kept), characters))


def restrict(
    log_probs: LogProbs, characters: str, allowed: Iterable[str]
) -> tuple[LogProbs, float]:
    """Return the log-probabilities given that only `allowed` characters can stand there.

    For a column whose kind is known: a serial number has no letters.

    Returns:
        the log-probabilities, and the log-probability that nothing else stands there: what is
        left says something of any ink, also of a word.
    """
    possible = np.zeros(log_probs.shape[1], np.bool_)
    possible[BLANK] = True
    for character in allowed:
        index = characters.find(character)
        if index >= 0:
            possible[index + 1] = True
    kept = np.where(possible, log_probs, np.float32(-np.inf))
    share = np.logaddexp.reduce(kept, axis=1, keepdims=True)
    return np.asarray(kept - share, np.float32), float(share.sum())


def telling_steps(log_probs: LogProbs) -> npt.NDArray[np.intp]:
    """Return the steps that decide something: of each run of sure blanks only the first."""
    sure = log_probs[:, BLANK] > np.log(SURE_BLANK)
    again = np.zeros_like(sure)
    again[1:] = sure[1:] & sure[:-1]
    return np.flatnonzero(~again)


class Spelling(NamedTuple):
    """Class numbers in a row.

    Attributes:
        seen: their probability in the network's opinion.
        worth: the same, leaning to what is likely to be written; what they are ranked by.
    """

    classes: Classes
    seen: float
    worth: float


class _Beginnings:
    """The beginnings of readings, each one letter longer than another: a tree.

    Attributes:
        lean: for each, how far the language favours it (a factor).
    """

    def __init__(self, language: Leaning | None) -> None:
        self._language = language
        self._parents, self._letters = [-1], [BLANK]
        self._longer: dict[tuple[int, int], int] = {}
        self._contexts: list[Context] = [language.context(()) if language else ()]
        self.lean = [1.0]

    def last(self, node: int) -> int:
        return self._letters[node]

    def longer(self, node: int, letter: int) -> int:
        """Return the beginning that has one letter more."""
        found = self._longer.get((node, letter))
        if found is None:
            found = self._longer[node, letter] = len(self._parents)
            self._parents.append(node)
            self._letters.append(letter)
            if self._language is None:
                self.lean.append(1.0)
            else:
                context = self._contexts[node]
                likely = float(self._language.log_next(context)[letter])
                self.lean.append(self.lean[node] * math.exp(LANGUAGE * likely + PER_LETTER))
                self._contexts.append(self._language.after(context, letter))
        return found

    def ended(self, node: int) -> float:
        """Return the lean of a beginning that is the whole line."""
        if self._language is None:
            return 1.0
        likely = float(self._language.log_next(self._contexts[node])[END])
        return self.lean[node] * math.exp(LANGUAGE * likely)

    def worth_of(self, classes: Classes) -> float:
        """Return the lean of a whole line."""
        node = 0
        for letter in classes:
            node = self.longer(node, letter)
        return self.ended(node)

    def spelt(self, node: int) -> Classes:
        letters: list[int] = []
        while node:
            letters.append(self._letters[node])
            node = self._parents[node]
        return tuple(reversed(letters))


def beam(
    probabilities: npt.NDArray[np.float32],
    width: int = BEAM_WIDTH,
    min_class: float = MIN_CLASS,
    language: Leaning | None = None,
) -> list[Spelling]:
    """Return the most probable spellings, best first.

    Args:
        probabilities: shape (steps, classes).
        width: how many beginnings are followed at once.
        min_class: classes less probable than this at a step are passed over there.
        language: weighs the beginnings; without it the network's opinion alone counts.
    """
    tree = _Beginnings(language)
    kept: dict[int, tuple[float, float]] = {0: (1.0, 0.0)}  # ending in blank, in letter
    for blank, classes in _candidates(probabilities, min_class):
        if not classes:  # half of the steps: no reading grows
            kept = {node: (sum(ends) * blank, 0.0) for node, ends in kept.items()}
            continue
        grown: dict[int, list[float]] = {}
        for node, (in_blank, in_letter) in kept.items():
            total = in_blank + in_letter
            stay = grown.setdefault(node, [0.0, 0.0])
            stay[0] += total * blank
            last = tree.last(node)
            for letter, probability in classes:
                if letter == last:
                    stay[1] += in_letter * probability
                    longer = in_blank * probability
                else:
                    longer = total * probability
                if longer > 0.0:
                    grown.setdefault(tree.longer(node, letter), [0.0, 0.0])[1] += longer
        lean = tree.lean
        worth = {node: sum(ends) * lean[node] for node, ends in grown.items()}
        best = sorted(worth, key=worth.__getitem__, reverse=True)[:width]
        kept = {node: (grown[node][0], grown[node][1]) for node in best}
    found = [
        Spelling(tree.spelt(node), sum(ends), sum(ends) * tree.ended(node))
        for node, ends in kept.items()
    ]
    return sorted(found, key=_worth, reverse=True)


def _worth(spelling: Spelling) -> float:
    return spelling.worth


def _shared(spellings: Sequence[Spelling]) -> list[tuple[Classes, float]]:
    """Return the spellings with what each gets, by its worth, of what the network gives to all."""
    total = sum(spelling.worth for spelling in spellings)
    scale = sum(spelling.seen for spelling in spellings) / (total or 1.0)
    return [(spelling.classes, spelling.worth * scale) for spelling in spellings]


def _placed(
    spellings: Sequence[Spelling],
    probabilities: npt.NDArray[np.float32],
    characters: str,
    language: Leaning | None,
    places: Unit,
) -> list[Spelling]:
    """Return the spellings, and those with known places like theirs, the addresses first.

    What is put in has the probability that the network gives to it, letter by letter: a place that
    does not look like the ink stays behind.
    """
    found = {spelling.classes: spelling for spelling in spellings}
    tree = _Beginnings(language)
    for spelling in spellings[:LOOKED_AT]:
        for text in propose(_spell(spelling.classes, characters), places):
            classes = tuple(characters.find(letter) + 1 for letter in text)
            if BLANK not in classes and classes not in found:
                seen = spelt_probability(probabilities, classes)
                found[classes] = Spelling(classes, seen, seen * tree.worth_of(classes))
    known = [
        s._replace(worth=s.worth * PLACES[units_at_end(_spell(s.classes, characters), places)])
        for s in found.values()
    ]
    return sorted(known, key=_worth, reverse=True)


def spelt_probability(probabilities: npt.NDArray[np.float32], classes: Classes) -> float:
    """Return the probability of a spelling: all paths through the steps that spell it.

    The forward pass of CTC (Graves et al. 2006), on probabilities: a line has too few telling
    steps for them to vanish in 64 bits.
    """
    states = np.zeros(2 * len(classes) + 1, np.intp)  # blank, letter, blank, … , blank
    states[1::2] = classes
    may_skip = np.zeros(len(states), np.float64)
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    chances = probabilities[:, states].astype(np.float64)
    at = np.zeros(len(states))
    at[:2] = chances[0, :2]
    for step in chances[1:]:
        moved = at.copy()
        moved[1:] += at[:-1]
        moved[2:] += may_skip[2:] * at[:-2]
        at = moved * step
    return float(at[-2:].sum())


def _candidates(
    probabilities: npt.NDArray[np.float32], min_class: float
) -> list[tuple[float, list[tuple[int, float]]]]:
    """Return for each step the probability of the blank and the letters worth a look."""
    letters = probabilities.copy()
    letters[:, BLANK] = 0.0
    count = min(MAX_CLASSES, letters.shape[1])
    top = np.argpartition(-letters, count - 1, axis=1)[:, :count]
    found = np.take_along_axis(letters, top, axis=1)
    return [
        (blank, [(c, p) for c, p in zip(classes, values, strict=True) if p > min_class])
        for blank, classes, values in zip(
            probabilities[:, BLANK].tolist(), top.tolist(), found.tolist(), strict=True
        )
    ]


def _spell(classes: Classes, characters: str) -> str:
    return "".join(characters[index - 1] for index in classes)


def _clean(text: str) -> str:
    return " ".join(text.split())


def _merge(spellings: Sequence[tuple[Classes, float]], characters: str) -> dict[str, float]:
    """Return texts, best first; spellings that differ only in spare spaces are one text."""
    merged: dict[str, float] = {}
    for classes, probability in spellings:
        text = _clean(_spell(classes, characters))
        merged[text] = merged.get(text, 0.0) + probability
    ranked = sorted(merged.items(), key=lambda item: -item[1])
    return dict(ranked[:MAX_READINGS])


def _letters(
    classes: Classes,
    probabilities: npt.NDArray[np.float32],
    steps: npt.NDArray[np.intp],
    count: int,
    characters: str,
) -> tuple[Letter, ...]:
    """Return the letters of the cleaned text; each reaches half-way to its neighbours."""
    if not classes:
        return ()
    peaks = align(probabilities, classes)
    at = steps[peaks] + 0.5
    edges = np.concatenate(([max(0.0, at[0] - 2)], (at[1:] + at[:-1]) / 2, [at[-1] + 2]))
    edges = np.clip(edges / count, 0.0, 1.0)
    letters = [
        Letter(character, float(left), float(right), float(probabilities[peak, index]))
        for character, index, peak, left, right in zip(
            _spell(classes, characters), classes, peaks, edges[:-1], edges[1:], strict=True
        )
    ]
    return tuple(_without_spare_spaces(letters))


def _without_spare_spaces(letters: Sequence[Letter]) -> list[Letter]:
    kept: list[Letter] = []
    for letter in letters:
        if letter.text != " " or (kept and kept[-1].text != " "):
            kept.append(letter)
    while kept and kept[-1].text == " ":
        kept.pop()
    return kept


def align(probabilities: npt.NDArray[np.float32], classes: Classes) -> list[int]:
    """Return for each letter of a spelling the step where it is most probable.

    The steps are those of the most probable path that spells `classes`.
    """
    if not classes:
        return []
    likely = probabilities.argmax(axis=1)
    starts = np.flatnonzero((np.diff(likely, prepend=BLANK) != 0) & (likely != BLANK))
    if tuple(likely[starts].tolist()) == classes:
        # Nine lines in ten: the most probable path of all spells them, so it is that path.
        ends = [*starts[1:].tolist(), len(likely)]
        best = np.where(likely == BLANK, 0, probabilities.max(axis=1))
        return [  # of several steps as probable, the last, as below
            end - 1 - int(best[start:end][::-1].argmax())
            for start, end in zip(starts.tolist(), ends, strict=True)
        ]
    states = np.zeros(2 * len(classes) + 1, np.intp)  # blank, letter, blank, … , blank
    states[1::2] = classes
    scores = np.log(np.maximum(probabilities[:, states], 1e-30))
    may_skip = np.zeros(len(states), np.bool_)
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    best = np.full(len(states), -np.inf)
    best[:2] = scores[0, :2]
    moves = np.zeros(scores.shape, np.int8)
    ways = np.full((3, len(states)), -np.inf)
    for step in range(1, len(scores)):
        ways[0] = best
        ways[1, 1:] = best[:-1]
        ways[2, 2:] = np.where(may_skip[2:], best[:-2], -np.inf)
        moves[step] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[step]
    state = len(states) - 1 if best[-1] >= best[-2] else len(states) - 2
    peaks: dict[int, int] = {}
    for step in range(len(scores) - 1, -1, -1):
        letter = state // 2
        if state % 2 and (
            letter not in peaks or scores[step, state] > scores[peaks[letter], state]
        ):
            peaks[letter] = step
        state -= int(moves[step, state])
    return [peaks[letter] for letter in range(len(classes))]
