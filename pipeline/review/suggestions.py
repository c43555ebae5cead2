"""What a reviewer may be about to type. Only offered: what was typed is never changed."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache

from pipeline.letters import fold, nfc

MOST = 6


def completions(typed: str, book: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return texts that begin as typed, marks left out or not; the book's own come first.

    A text whose marks are those that were typed goes before one of other marks. What was typed
    already as a whole is left out.

    Args:
        typed: so far.
        book: what the book said in such fields, the most frequent first.
        others: what else may stand there, the likeliest first.
    """
    start, plain = _spoken(typed), fold(typed.strip())
    if not plain:
        return []
    found: dict[str, tuple[bool, int]] = {}
    for place, texts in enumerate((book, others)):
        for text in texts:
            if fold(text).startswith(plain) and _spoken(text) != start:
                found.setdefault(text, (not _spoken(text).startswith(start), place))
    ranked = sorted(found, key=lambda text: (found[text][1], found[text][0]))  # stable otherwise
    return ranked[:MOST]


def next_syllables(typed: str, names: Iterable[str]) -> list[str]:
    """Return a name with its end completed, from parts of names that are often written.

    A part of two words goes before one: `Rơ C` is rather Rơ Châm than Rơ and a next name.
    """
    known = tuple(names)
    head, last = _parted(typed)
    if not last.strip():
        return []
    before, middle = _parted(head.rstrip())
    both = f"{middle} {last}" if middle else ""
    found = [before + name for name in completions(both, (), known)] if both else []
    found += [head + name for name in completions(last, (), known)]
    return list(dict.fromkeys(found))


def named_places(typed: str, places: Sequence[tuple[str, str]]) -> list[str]:
    """Return addresses whose last part is a place that begins as typed.

    Args:
        typed: so far; what stands before the last comma stays as it is.
        places: sorted pairs of folded name and what to write.
    """
    head, last = _parted(typed, ",")
    plain = fold(last.strip())
    if len(plain) < 2:
        return []
    found: list[str] = []
    space = " " if head else ""
    for name, told in places[bisect_left(places, (plain, "")) :]:
        if not name.startswith(plain) or len(found) == MOST:
            break
        found.append(f"{head}{space}{told}")
    return found


def _parted(typed: str, mark: str = " ") -> tuple[str, str]:
    before, sign, last = nfc(typed).rpartition(mark)
    return before + sign, last


@lru_cache(maxsize=20_000)
def _spoken(text: str) -> str:
    return " ".join(nfc(text).lower().split())
