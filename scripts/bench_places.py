#!/usr/bin/env python3
"""Measure the tables of places: size on disk, memory, CPU seconds to load and to look up.

    scripts/bench_places.py

Looked up are the communes of the tables, as an entry would write them, in a year of their own.
"""

import statistics
import sys
import time
import tracemalloc
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from pipeline.places.lookup import look_up  # noqa: E402
from pipeline.places.tables import EVENTS, UNITS, read_tables  # noqa: E402

LOOK_UPS = 5000


def main() -> None:
    folder = ROOT / "schemas" / "places"
    for name in (UNITS, EVENTS):
        print(f"{name}: {(folder / name).stat().st_size / 1000:.0f} kB")
    begin = time.process_time()
    read_tables(folder)
    print(f"load: {time.process_time() - begin:.2f} s")
    tracemalloc.start()
    places = read_tables(folder)
    print(f"memory: {tracemalloc.get_traced_memory()[0] / 1e6:.1f} MB")
    tracemalloc.stop()
    print(f"{len(places.units)} units, {len(places.events)} events")
    rng = Random(1)
    for title, years in (("without a year", [None]), ("in a year", [1955, 1987, 2015])):
        seconds = []
        for unit in rng.sample([one for one in places.units if one.parent >= 0], LOOK_UPS):
            chain = places.chains(unit, None)[0]
            text = ", ".join(one.title for one in chain)
            year = rng.choice(years)
            begin = time.process_time()
            look_up(places, text, "", year)
            seconds.append(time.process_time() - begin)
        seconds.sort()
        print(f"look-up {title}: median {statistics.median(seconds) * 1000:.2f} ms, "
              f"99 % {seconds[int(0.99 * LOOK_UPS)] * 1000:.2f} ms, "
              f"worst {seconds[-1] * 1000:.1f} ms")  # fmt: skip
    for name in ("Tân Thành", "tan thanh", "Vân Trung"):
        begin = time.process_time()
        found = len(look_up(places, name).matches)
        print(f"look-up of “{name}” alone: {(time.process_time() - begin) * 1000:.1f} ms, {found}")


if __name__ == "__main__":
    main()
