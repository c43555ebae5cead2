"""Vietnamese syllables as search compares them when they may have been misread."""

import re
from functools import cache, lru_cache

from pipeline.index.rules import search_rules
from pipeline.letters import bare, canon

_MIN_DELETION = 3  # shorter syllables would all become alike
_OPEN = re.compile(r"\[[^\]]*\]?|[_*\]]")  # an uncertain letter: one of several, one, any number


def has_marks(syllable: str) -> bool:
    """Say whether the syllable was typed or written with any mark, or with đ."""
    return canon(syllable) != bare(syllable)


def is_open(syllable: str) -> bool:
    """Say whether a wanted syllable has uncertain letters: `ng_yễn`, `h*`, `[ae]n`."""
    return bool(_OPEN.search(syllable))


def certain_parts(syllable: str) -> tuple[str, ...]:
    """Return what stands between the uncertain letters, without marks: `H_ng` → h, ng."""
    return tuple(_OPEN.split(bare(syllable)))


@lru_cache(maxsize=20_000)
def fits(wanted: str, written: str) -> bool:
    """Say whether a syllable is what a wanted one with uncertain letters leaves open."""
    pattern = ""
    asked, at = bare(wanted), 0
    for gap in _OPEN.finditer(asked):
        pattern += re.escape(asked[at : gap.start()])
        among = re.sub(r"\W", "", gap[0])
        pattern += {"_": "\\w", "*": "\\w*"}.get(gap[0]) or (f"[{among}]" if among else "")
        at = gap.end()
    return bool(re.fullmatch(pattern + re.escape(asked[at:]), bare(written)))


@lru_cache(maxsize=20_000)
def skeleton(syllable: str) -> str:
    """Return what is left of a syllable when letters that readers confuse count as one."""
    letters = bare(syllable).translate(_classes())
    return re.sub(r"(.)\1+", r"\1", letters)


@lru_cache(maxsize=20_000)
def deletions(syllable: str) -> frozenset[str]:
    """Return the skeleton with one letter left out, for each letter.

    Two skeletons that are one letter apart share a deletion, or one is a deletion of the other.
    """
    whole = skeleton(syllable)
    if len(whole) < _MIN_DELETION:
        return frozenset()
    return frozenset(whole[:at] + whole[at + 1 :] for at in range(len(whole))) - {whole}


@lru_cache(maxsize=20_000)
def variants(syllable: str) -> frozenset[str]:
    """Return what else a syllable may stand for, without marks: huỳnh → hoang, ng → nguyen."""
    found = set(_variants().get(bare(syllable), ()))
    shortened = search_rules().abbreviations.get(syllable.lower(), ())
    return frozenset(found | {bare(full) for full in shortened})


@lru_cache(maxsize=20_000)
def spoken(syllable: str) -> str:
    """Return a syllable without marks as it is heard where s is not told from x, l from n."""
    letters = bare(syllable)
    for group in search_rules().spoken_initials:
        first = max((one for one in group if letters.startswith(one)), key=len, default="")
        if len(first) < len(letters):
            letters = group[0] + letters[len(first) :] if first else letters
    for group in search_rules().spoken_finals:
        last = max((one for one in group if letters.endswith(one)), key=len, default="")
        if len(last) < len(letters) and last:
            return letters[: -len(last)] + group[0]
    return letters


@cache
def _variants() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for group in search_rules().variants:
        plain = [bare(one) for one in group]
        for one in plain:
            found.setdefault(one, set()).update(other for other in plain if other != one)
    return found


@cache
def _classes() -> dict[int, str]:
    pairs = [(letter, letters[0]) for letters in search_rules().confusable for letter in letters]
    return str.maketrans(dict(pairs))
