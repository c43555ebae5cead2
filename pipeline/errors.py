"""What can go wrong, and the exit codes.

    SohoaError 1
    ├── UsageError 2            the command or a setting makes no sense
    │   └── MissingError            no such thing, or none that this person may know of
    ├── RightsError 9           this person may not do that, or is not signed in
    ├── ConflictError 10        someone else changed it meanwhile
    ├── ScanError 3             a file or a page cannot be used
    │   ├── UnreadableFileError     not a picture or PDF, truncated, or damaged
    │   ├── EncryptedFileError      a password is needed
    │   ├── HugeFileError           more pixels, pages or memory than the limits allow
    │   ├── LowResolutionError      too few pixels to read anything
    │   └── ScannerError            the scanner gave no picture
    ├── FixityError 4           what is stored is not what was stored
    ├── StorageError 5          the disk is full, read-only, or not fit for an archive
    │   └── BusyError               another program works on this archive
    ├── ProgramError 6          an external program is missing or failed
    ├── FormError 7             a form in schemas/ is wrong or unknown
    └── ReadingError 8          an engine, a model or a stage failed on a page

Exit code 0 is success. When some files or pages failed and the rest went well, the code is that
of the first failure.

An error is a sentence for the officer: what happened, then what to do. It must survive pickling
(it leaves worker processes), so every class keeps its facts in `args`.
"""

from typing import ClassVar

from pipeline.words import _


class SohoaError(Exception):
    """Root of all errors that sohoa raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(SohoaError):
    """The command or a setting makes no sense; the argument is the whole sentence."""

    exit_code = 2


class MissingError(UsageError):
    """There is no such thing, or none that this person may know of: both look alike."""


class RightsError(SohoaError):
    """This person may not do that, or nobody is signed in; the argument is the whole sentence."""

    exit_code = 9


class ConflictError(SohoaError):
    """Someone else changed it meanwhile; the argument is the whole sentence."""

    exit_code = 10


class ScanError(SohoaError):
    """A file or a page cannot be used."""

    exit_code = 3


class UnreadableFileError(ScanError):
    """The file is not a picture or PDF, or it is truncated or damaged."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, reason)
        self.file, self.reason = file, reason

    def __str__(self) -> str:
        return _("{file} không đọc được ({reason}); hãy quét hoặc sao chép lại tệp này").format(
            file=self.file, reason=self.reason
        )


class EncryptedFileError(ScanError):
    """The file asks for a password."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file

    def __str__(self) -> str:
        return _("{file} có mật khẩu; hãy bỏ mật khẩu rồi nạp lại").format(file=self.file)


class HugeFileError(ScanError):
    """The file needs more than the limits allow."""

    def __init__(self, file: str, what: str) -> None:
        super().__init__(file, what)
        self.file, self.what = file, what

    def __str__(self) -> str:
        return _("{file} vượt giới hạn ({what}); hãy chia nhỏ tệp hoặc quét lại ở 300 dpi").format(
            file=self.file, what=self.what
        )


class LowResolutionError(ScanError):
    """Too few pixels to read anything."""

    def __init__(self, file: str, dpi: float, min_dpi: float) -> None:
        super().__init__(file, dpi, min_dpi)
        self.file, self.dpi, self.min_dpi = file, dpi, min_dpi

    def __str__(self) -> str:
        return _("{file} chỉ có {dpi:.0f} dpi; hãy quét lại ở {min_dpi:.0f} dpi trở lên").format(
            file=self.file, dpi=self.dpi, min_dpi=self.min_dpi
        )


class ScannerError(ScanError):
    """The scanner gave no picture."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return _("máy quét không cho ảnh ({reason}); hãy kiểm tra dây, giấy và nguồn điện").format(
            reason=self.reason
        )


class FixityError(SohoaError):
    """What is stored is not what was stored; the argument is the whole sentence."""

    exit_code = 4


class StorageError(SohoaError):
    """The disk is full, read-only, or not fit for an archive; the argument is the sentence."""

    exit_code = 5


class BusyError(StorageError):
    """Another program works on this archive."""

    def __init__(self, archive: str) -> None:
        super().__init__(archive)
        self.archive = archive

    def __str__(self) -> str:
        return _("một chương trình khác đang xử lý kho {archive}; hãy đợi nó xong").format(
            archive=self.archive
        )


class ProgramError(SohoaError):
    """An external program is missing or failed.

    `remedy` says which package to install or what else to do.
    """

    exit_code = 6

    def __init__(self, program: str, reason: str, remedy: str) -> None:
        super().__init__(program, reason, remedy)
        self.program, self.reason, self.remedy = program, reason, remedy

    def __str__(self) -> str:
        return f"{self.program}: {self.reason}; {self.remedy}"


class FormError(SohoaError):
    """A form in schemas/ is wrong or unknown; the argument is the whole sentence."""

    exit_code = 7


class ReadingError(SohoaError):
    """An engine, a model or a stage failed on a page; the argument is the whole sentence."""

    exit_code = 8


def exit_code(name: str) -> int:
    """Return the exit code of an error class by its name, as stored with a page."""
    found = globals().get(name)
    return found.exit_code if isinstance(found, type) and issubclass(found, SohoaError) else 1
