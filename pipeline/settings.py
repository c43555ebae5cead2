"""Settings: one TOML file (`sohoa.toml` in the archive), read once and handed down.

Below the command line nobody reads the environment or a global; a stage gets the part it uses.
"""

import os
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from pipeline.errors import UsageError
from pipeline.words import _

API_KEY = "SOHOA_ELASTICSEARCH_API_KEY"  # of the environment
_NUMBER = re.compile(r"-\d+$")  # ends the name of a model that an office tuned
_STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Limits for foreign files.

    Attributes:
        max_pixels: of one page image; A2 at 400 dpi is 62 million.
        max_frames: pages in one file.
        max_memory_mb: of the child process that opens a file.
        max_seconds: CPU time for one page of a file, three times that by the clock, and thirty
            times that for a whole file.
        render_dpi: for PDF pages that are not one embedded picture.
    """

    __pydantic_config__ = _STRICT
    max_pixels: int = 200_000_000
    max_frames: int = 2000
    max_memory_mb: int = 1500
    max_seconds: int = 60
    render_dpi: int = 300


@dataclass(frozen=True, slots=True)
class QualitySettings:
    """By which profile of `schemas/quality.toml` scans are judged."""

    __pydantic_config__ = _STRICT
    profile: str = "civil-status"


@dataclass(frozen=True, slots=True)
class OcrSettings:
    """Which engine reads what.

    Attributes:
        hand: engine for handwriting, name of a file in `ocr/engines/`; likewise `print`
            and `typewriter`.
        hand_model: the model of the `ctc_onnx` engine: name of a folder in `ocr_models/vie/` or
            in the archive's `models/`; once loaded, the latter is the whole path.
        language: whether that engine also weighs what is likely to be written.
        threads: threads of one engine; 1 when several pages are read side by side.
        page_seconds: time limit for the recognition of one page.
    """

    __pydantic_config__ = _STRICT
    hand: str = "ctc_onnx"
    print: str = "ctc_onnx"
    typewriter: str = "ctc_onnx"
    hand_model: str = "hand"
    language: bool = True
    threads: int = 1
    page_seconds: float = 120.0

    @property
    def model_name(self) -> str:
        """Return what people call the model: of the archive's own, the path is no one's name."""
        return Path(self.hand_model).name


@dataclass(frozen=True, slots=True)
class ElasticsearchSettings:
    """The server of the `elasticsearch` back end; nothing is read or asked before it is used.

    Attributes:
        hosts: addresses of the nodes, `https://10.0.0.5:9200`.
        prefix: begins the names of the archive's indices; each archive has its own.
        ca_file: certificate (PEM) that signed the server's; empty for those of the system.
        api_key_file: holds the API key; only its owner may read it. This and `ca_file` lie in the
            archive's folder unless they are absolute.
        api_key: from the environment alone; goes before the file.
        timeout_s: of one question.
    """

    __pydantic_config__ = _STRICT
    hosts: tuple[str, ...] = ("https://localhost:9200",)
    prefix: str = "sohoa"
    ca_file: str = ""
    api_key_file: str = ""
    api_key: str = field(default="", repr=False)
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where the search index lives.

    Attributes:
        backend: name of a file in `index/backends/`.
    """

    __pydantic_config__ = _STRICT
    backend: str = "sqlite"
    elasticsearch: ElasticsearchSettings = field(default_factory=ElasticsearchSettings)


@dataclass(frozen=True, slots=True)
class ScanningSettings:
    """The scanning desk of the web app.

    Attributes:
        max_upload_mb: of one file that is sent to it.
        max_open_uploads: of one person, files that have not arrived whole.
        upload_days: after so long a file that did not arrive is forgotten.
        phone_minutes: how long a phone may send pictures into a book.
        watched: a folder (absolute) out of which the desk takes files; empty: none.
    """

    __pydantic_config__ = _STRICT
    max_upload_mb: int = 500
    max_open_uploads: int = 200
    upload_days: int = 7
    phone_minutes: int = 120
    watched: str = ""


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """How pages are worked on: name of a file in `executors/`, and how many side by side.

    Attributes:
        workers: 0 means one for each processor core.
    """

    __pydantic_config__ = _STRICT
    executor: str = "processes"
    workers: int = 0


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The office's web app.

    Attributes:
        ask_purpose: whoever searches must say what for; it is logged with the look-up.
    """

    __pydantic_config__ = _STRICT
    ask_purpose: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one archive.

    Attributes:
        archive: the archive's folder, absolute.
        person: who works; the account's name, or the operating system's user.
    """

    __pydantic_config__ = _STRICT
    archive: Path
    person: str = ""
    ingest: IngestSettings = field(default_factory=IngestSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    ocr: OcrSettings = field(default_factory=OcrSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    work: WorkSettings = field(default_factory=WorkSettings)
    scanning: ScanningSettings = field(default_factory=ScanningSettings)
    web: WebSettings = field(default_factory=WebSettings)


def load_settings(archive: Path, person: str) -> Settings:
    """Read `sohoa.toml` of the archive; what it does not say has its default.

    Which model is in use, `sohoa model use` may have said otherwise; its word goes before.

    Raises:
        UsageError: the file is not TOML, or names a setting that does not exist.
    """
    file = archive / "sohoa.toml"
    told: dict[str, object] = {}
    try:
        if file.exists():
            told = tomllib.loads(file.read_text(encoding="utf-8"))
        settings = TypeAdapter(Settings).validate_python(
            {**told, "archive": archive.resolve(), "person": person}
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise UsageError(
            _("tệp cấu hình {file} sai: {reason}").format(file=file, reason=error)
        ) from error
    model = _model_in_use(archive.resolve(), settings.ocr.hand_model)
    server = _located(settings.index.elasticsearch, archive.resolve(), file)
    return replace(
        settings,
        person=person,
        ocr=replace(settings.ocr, hand_model=model),
        index=replace(settings.index, elasticsearch=server),
    )


def _located(told: ElasticsearchSettings, archive: Path, file: Path) -> ElasticsearchSettings:
    """Return the settings with whole paths, and with the key out of the environment.

    Raises:
        UsageError: the key stands in the settings file.
    """
    if told.api_key:
        raise UsageError(
            _("{file} không được chứa khóa API; hãy dùng `api_key_file` hoặc biến {name}").format(
                file=file, name=API_KEY
            )
        )
    return replace(
        told,
        ca_file=str(archive / told.ca_file) if told.ca_file else "",
        api_key_file=str(archive / told.api_key_file) if told.api_key_file else "",
        api_key=os.environ.get(API_KEY, ""),
    )


def current_model_file(archive: Path) -> Path:
    """Return the file whose one line names the model in use; without it the settings do."""
    return archive / "models" / "current"


def shipped_root(model: str) -> str:
    """Return the shipped model that a model of that name was tuned from: hand-1 → hand."""
    return _NUMBER.sub("", model)


def _model_in_use(archive: Path, told: str) -> str:
    """Return the model's name, or its folder's path when it is one of the archive's own.

    Raises:
        UsageError: the file that names it cannot be read, or names no model.
    """
    file = current_model_file(archive)
    try:
        name = file.read_text(encoding="utf-8").strip() if file.exists() else told
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            _("tệp {file} hỏng ({reason}); hãy xóa tệp ấy").format(file=file, reason=error)
        ) from error
    if Path(name).name != name:
        raise UsageError(_("“{name}” không phải tên mô hình").format(name=name))
    return model_called(archive, name)


def model_called(archive: Path, name: str) -> str:
    """Return the `hand_model` of a name: the archive's own goes before a shipped one."""
    own = archive / "models" / name
    return str(own) if own.is_dir() else name


def shipped(folder: str) -> Path:
    """Return a folder that comes with the program: `schemas`, `ocr_models`, `samples`."""
    beside = Path(__file__).parent.parent / folder
    return beside if beside.is_dir() else Path(__file__).parent / "shipped" / folder


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
