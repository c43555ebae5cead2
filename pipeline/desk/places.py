"""Places through time, as the archive knows them; an office adds its own units and events."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.flow.book import working
from pipeline.places import form
from pipeline.places.history import Fault, Places
from pipeline.places.lookup import look_up
from pipeline.places.spellings import Spellings
from pipeline.places.tables import load_places
from pipeline.places.telling import in_full
from pipeline.settings import Settings
from pipeline.store.database import now
from pipeline.store.durable import durable_write
from pipeline.words import _


@dataclass(frozen=True, slots=True)
class PlacesAdded:
    """What became of a form of units and events.

    Attributes:
        added: how many rows the archive did not have.
        known: how many it had.
        faults: why nothing was taken; then `added` is 0.
    """

    added: int
    known: int
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Units:
    """What a written place was in a year, and what it is now: addresses in full."""

    then: tuple[str, ...]
    now: tuple[str, ...]


def units_at(settings: Settings, place: str, year: int | None) -> Units:
    """Return what a written place was in a year, and where it lies today; empty when in doubt."""
    return _units_at(settings.archive, _own_places_since(settings.archive), place, year)


@lru_cache(maxsize=5000)
def _units_at(archive: Path, since: int, place: str, year: int | None) -> Units:
    places = _places_of(archive, since)
    answer = look_up(places, place, "", year)
    if answer.outcome != "found":
        return Units((), ())
    targets = [target for match in answer.matches for target in match.now.targets]
    return Units(
        tuple(dict.fromkeys(in_full(chain) for match in answer.matches for chain in match.then)),
        tuple(dict.fromkeys(in_full(places.chains(one.unit, None)[0]) for one in targets)),
    )


def spellings(settings: Settings, written: frozenset[str]) -> Spellings:
    """Return the names of places as seen from the archive's books."""
    return _spellings_of(settings.archive, _own_places_since(settings.archive), written)


@lru_cache(maxsize=8)
def _spellings_of(archive: Path, since: int, written: frozenset[str]) -> Spellings:
    return Spellings(_places_of(archive, since), written)


@lru_cache(maxsize=2)
def _places_of(archive: Path, _since: int) -> Places:
    return load_places(archive)


def _own_places_since(archive: Path) -> int:
    """Return when the archive's own places last changed, in nanoseconds; 0 without any."""
    file = form.own_file(archive)
    return file.stat().st_mtime_ns if file.exists() else 0


def add_own_places(settings: Settings, file: Path) -> PlacesAdded:
    """Take an office's own units and events in, all rows or none; rows it has stay as they are.

    Raises:
        UsageError: the file cannot be read.
        BusyError: others are being taken in.
    """
    try:
        rows, faults = form.read_form(file.read_bytes())
    except OSError as error:
        raise UsageError(
            _("không mở được {file} ({reason})").format(file=file, reason=error.strerror)
        ) from error
    with working(settings.archive, "places"):
        own = form.read_own(settings.archive)
        known = {row.told for row in own}
        new = list({row.told: row for row in rows if row.told not in known}.values())
        faults += form.apply(new, load_places(settings.archive)).faults
        if faults:
            return PlacesAdded(0, 0, tuple(faults))
        if new:
            signed = [form.signed(row, settings.person, now()) for row in new]
            form.write_own(settings.archive, [*own, *signed])
    return PlacesAdded(len(new), len(rows) - len(new))


def write_places_template(file: Path) -> None:
    """Write an empty form of units and events with an example.

    Raises:
        UsageError: there is a file of that name.
    """
    if file.exists():
        raise UsageError(_("{file} đã có; hãy chọn tên khác").format(file=file))
    durable_write(file, form.template())
