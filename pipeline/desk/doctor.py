"""What this machine has and lacks."""

import shutil
import sys
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline import plugs, programs
from pipeline.desk.archive import open_archive
from pipeline.errors import SohoaError, StorageError
from pipeline.flow.book import index_of
from pipeline.settings import Settings
from pipeline.store.durable import refuse_network_disk
from pipeline.words import _

NEEDED_MB = 2048  # below this a book may not find room for its masters and its package


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the program leans on.

    Attributes:
        found: version or place; empty when it is missing.
        lost: what does not work without it.
        remedy: how to mend it.
        required: the main job needs it.
    """

    name: str
    found: str
    lost: str
    remedy: str
    required: bool = True


def check_machine(settings: Settings) -> list[Check]:
    """Look at everything the program leans on; nothing is changed."""
    return [
        Check("Python", sys.version.split()[0], "", ""),
        _program("tesseract", _("chữ in không đọc được"), "tesseract-ocr tesseract-ocr-vie"),
        _vietnamese(),
        _program("pdftoppm", _("trang PDF dạng vẽ không mở được"), "poppler-utils"),
        _program("scanimage", _("không quét trực tiếp được"), "sane-utils", required=False),
        *[_package(name) for name in ("opencv-python", "onnxruntime", "ocrmypdf", "pikepdf")],
        _model(settings),
        _disk(settings.archive),
        *_index(settings),
    ]


def _program(name: str, lost: str, package: str, *, required: bool = True) -> Check:
    found = programs.find(name)
    return Check(
        name, str(found or ""), lost, f"sudo apt-get install -y {package}", required=required
    )


def _vietnamese() -> Check:
    found = ""
    if programs.find("tesseract"):
        told = programs.run("tesseract", ["--list-langs"], timeout_s=20)
        found = "vie" if "vie" in told.stdout.decode("utf-8", "replace").split() else ""
    return Check(
        "tesseract vie",
        found,
        _("chữ in tiếng Việt không đọc được"),
        "sudo apt-get install -y tesseract-ocr-vie",
    )


def _package(name: str) -> Check:
    try:
        found = version(name)
    except PackageNotFoundError:
        found = ""
    return Check(name, found, _("chương trình không chạy"), f"pip install {name}")


def _model(settings: Settings) -> Check:
    try:
        plugs.load("pipeline.ocr.engines", settings.ocr.hand).create(settings.ocr)
        found = settings.ocr.model_name
    except SohoaError as error:
        return Check(_("mô hình chữ viết tay"), "", _("chữ viết tay không đọc được"), str(error))
    return Check(_("mô hình chữ viết tay"), found, "", "")


def _disk(archive: Path) -> Check:
    name = _("đĩa của kho")
    folder = next(place for place in (archive, *archive.parents) if place.exists())
    try:
        refuse_network_disk(folder)
    except StorageError as error:
        return Check(name, "", _("kho không an toàn"), str(error))
    free_mb = shutil.disk_usage(folder).free // 2**20
    enough = free_mb >= NEEDED_MB
    return Check(
        name,
        _("{folder}, còn {free} MB").format(folder=archive, free=free_mb) if enough else "",
        _("chỉ còn {free} MB").format(free=free_mb),
        _("giải phóng ít nhất {need} MB").format(need=NEEDED_MB),
    )


def _index(settings: Settings) -> list[Check]:
    """Ask the index, when there is an archive and the index does not live in it."""
    if settings.index.backend == "sqlite" or not (settings.archive / "sohoa.db").exists():
        return []
    name, found, why = settings.index.backend, "", ""
    try:
        with closing(open_archive(settings)) as database:
            index = index_of(database, settings)
            index.rules()
            found = _("còn thiếu {count} thay đổi").format(count=index.behind())
    except SohoaError as error:
        why = str(error)
    return [Check(name, found, _("không tìm kiếm được"), why)]
