"""The readers of an archive: tuned, listed, switched."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.desk.archive import chosen_books
from pipeline.errors import UsageError
from pipeline.flow.book import working
from pipeline.flow.lessons import Lessons, decided_lessons, folder_lessons
from pipeline.flow.train import torch_parts
from pipeline.ingest.intake import Progress
from pipeline.ocr.engines.ctc_onnx import load_model, model_folder
from pipeline.settings import Settings, model_called, shipped
from pipeline.store.database import Database
from pipeline.store.models import TunedModel, tuned_models, use_model
from pipeline.words import _


def gather_lessons(
    database: Database,
    settings: Settings,
    accessions: Sequence[str],
    folder: Path | None,
    on_progress: Progress,
) -> Lessons:
    """Return the lines to tune the reader on: decided ones of the books, and a folder's.

    Raises:
        ProgramError: torch is not installed, and the lines would be gathered in vain.
        UsageError: one of the books is not in the archive, or the folder has no list.
    """
    torch_parts()
    model = load_model(model_folder(settings.ocr))
    books = chosen_books(database, accessions)
    found = [decided_lessons(database, settings, books, model, on_progress)]
    if folder is not None:
        found.append(folder_lessons(folder, model, settings.ingest, on_progress))
    return Lessons(
        tuple(line for one in found for line in one.lines),
        tuple(note for one in found for note in one.notes),
    )


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be used.

    Attributes:
        tuned: its card, when it is one of the archive's own.
    """

    name: str
    in_use: bool
    tuned: TunedModel | None = None


def known_models(settings: Settings) -> list[KnownModel]:
    """Return the models that come with the program, then the archive's own, oldest first."""
    cards = sorted((shipped("ocr_models") / "vie").glob("*/card.json"))
    used = settings.ocr.model_name
    return [
        *(KnownModel(card.parent.name, card.parent.name == used) for card in cards),
        *(KnownModel(own.name, own.name == used, own) for own in tuned_models(settings.archive)),
    ]


def switch_model(settings: Settings, name: str) -> None:
    """Read with that model from now on; pages that were read stay as they are.

    Raises:
        UsageError: there is no such model; the sentence lists those that are.
        ReadingError: its file was changed.
        BusyError: the archive is being worked on.
    """
    names = [model.name for model in known_models(settings)]
    if name not in names:
        raise UsageError(
            _("không có mô hình “{name}”; có thể chọn: {names}").format(
                name=name, names=", ".join(names)
            )
        )
    chosen = replace(settings.ocr, hand_model=model_called(settings.archive, name))
    load_model(model_folder(chosen))
    with working(settings.archive):
        use_model(settings.archive, name)
