"""The archive's own models, `models/<name>/`, and which model is in use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.settings import current_model_file, shipped_root
from pipeline.store.durable import PART, adopt_folder, durable_copy, durable_write


@dataclass(frozen=True, slots=True)
class TunedModel:
    """The card of a model that was tuned on an office's lines.

    Attributes:
        file: the ONNX file, beside the card.
        sha256: of that file.
        network: see `tuning/networks.py`.
        feed: how it is fed, see `ctc_onnx.Model`.
        base: the model it was tuned from, and `base_sha256` of that one's file.
        date: UTC, ISO 8601.
        learnt: how many lines it was tuned on; `held` how many it was measured on.
        books: accessions of the books that the lines come from.
        held_cer: character error rate on the lines held back, before and after.
        general_cer: likewise, on the general set.
    """

    name: str
    file: str
    sha256: str
    network: str
    feed: Mapping[str, int]
    base: str
    base_sha256: str
    date: str
    person: str
    learnt: int
    held: int
    books: tuple[str, ...]
    held_cer: tuple[float, float]
    general_cer: tuple[float, float]


_CARD = TypeAdapter(TunedModel)


def tuned_models(archive: Path) -> list[TunedModel]:
    """Return the archive's own models, by date; a folder without a readable card is none."""
    found = []
    for file in (archive / "models").glob("[!.]*/card.json"):  # half kept ones begin with a point
        try:
            found.append(_CARD.validate_json(file.read_bytes()))
        except ValidationError:
            continue
    return sorted(found, key=lambda model: (model.date, len(model.name), model.name))


def next_name(archive: Path, base: str) -> str:
    """Return the name for a model tuned from `base`: hand-1, hand-2, also from hand-1 itself."""
    root = shipped_root(base)
    names = {model.name for model in tuned_models(archive)}
    number = 1
    while f"{root}-{number}" in names or (archive / "models" / f"{root}-{number}").exists():
        number += 1
    return f"{root}-{number}"


def keep_model(archive: Path, model: TunedModel, file: Path, characters: str) -> None:
    """Put a model into the archive, whole or not at all.

    Raises:
        StorageError: the disk is full, read-only or broken.
    """
    folder = archive / "models" / model.name
    part = folder.with_name(f".{model.name}{PART}")
    durable_copy(file, part / model.file)
    durable_write(part / "characters.txt", f"{characters}\n".encode())
    durable_write(part / "card.json", _CARD.dump_json(model, indent=2) + b"\n")
    adopt_folder(part, folder)


def use_model(archive: Path, name: str) -> None:
    """Write down which model is in use from now on."""
    durable_write(current_model_file(archive), f"{name}\n".encode())
