"""An office adds its own units and events."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.flow.book import working
from pipeline.places import form
from pipeline.places.history import Fault
from pipeline.places.tables import load_places
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
