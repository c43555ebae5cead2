"""Records that were typed before come in."""

from pathlib import Path

from pipeline.desk.books import check_form
from pipeline.errors import UsageError
from pipeline.extract.typed.entry import Choices
from pipeline.extract.typed.layout import ministry
from pipeline.extract.typed.report import report
from pipeline.flow.typed import Imported, import_file
from pipeline.ingest.intake import Progress
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.durable import durable_write
from pipeline.store.typed import Imports
from pipeline.words import _


def import_typed(
    database: Database, settings: Settings, file: Path, choices: Choices, on_progress: Progress
) -> tuple[Imported, Path | None]:
    """Bring the records of a file in; return what became of it, and the list of what is to tell.

    The list is a table for Excel in the archive's `work/imports/`; None when there is nothing.

    Raises:
        UsageError: there is no such form.
    """
    check_form(choices.form)
    done = import_file(database, settings, file, choices, on_progress)
    if done.run is None:
        return done, None
    imports = Imports(database)
    if next(imports.faults(done.run), None) is None:
        return done, None
    name = f"{file.stem[:60]}-{done.run.number}.csv"
    target = settings.archive / "work" / "imports" / name
    durable_write(target, report(imports.faults(done.run)))
    return done, target


def write_template(kind: str, file: Path) -> None:
    """Write an empty table of a kind of book in the Ministry's layout.

    Raises:
        UsageError: there is a file of that name, or no table of that kind.
    """
    layouts = ministry().layouts
    if kind not in layouts:
        raise UsageError(
            _("không có bảng “{kind}”; có thể chọn: {kinds}").format(
                kind=kind, kinds=", ".join(layouts)
            )
        )
    if file.exists():
        raise UsageError(_("{file} đã có; hãy chọn tên khác").format(file=file))
    from pipeline.extract.typed.template import template  # heavy, and seldom needed

    durable_write(file, template(layouts[kind]))
