"""Communes by the code that the statistics office gave them."""

from collections.abc import Mapping

from pipeline.places.history import Places
from pipeline.places.units import STILL, Unit
from pipeline.places.written import ranks

_DIGITS = 5  # of a commune's code; a district has three, a province two


def communes_by_code(places: Places) -> Mapping[str, str]:
    """Return the communes in full (`xã Vân Trung, huyện Việt Yên, tỉnh Bắc Giang`) by code.

    A code is no identity: units of different times have had the same. Of several, the last before
    the reform of July 2025 is meant, for files with codes were made before it.
    """
    found: dict[str, Unit] = {}
    for unit in places.units:
        for code in unit.codes:
            if len(code) == _DIGITS and "commune" in ranks(unit.level):
                known = found.get(code)
                if known is None or _recent(unit) > _recent(known):
                    found[code] = unit
    return {code: _in_full(places, unit) for code, unit in found.items()}


def _recent(unit: Unit) -> tuple[bool, str]:
    return unit.until != STILL, unit.until.last


def _in_full(places: Places, unit: Unit) -> str:
    chain = [unit]
    while chain[-1].parent >= 0:
        chain.append(places.units[chain[-1].parent])
    return ", ".join(one.title for one in chain)
