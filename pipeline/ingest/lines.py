"""The lines of a large text file, one after the other, each of bounded length."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UnreadableFileError

MAX_LINE = 1_000_000  # bytes; a record of all fields with many alternatives is some ten thousand
_BOM = b"\xef\xbb\xbf"


def file_lines(file: Path, start: tuple[int, int] = (0, 0)) -> Iterator[tuple[int, int, bytes]]:
    """Yield number (from 1), end (in bytes from the file's start) and bytes of each line.

    A line beyond `MAX_LINE` is cut there; the rest of it is passed over.

    Args:
        start: number and end of the line after which to go on.

    Raises:
        UnreadableFileError: the file cannot be read.
    """
    number, end = start
    try:
        with file.open("rb") as stream:
            stream.seek(end)
            while line := stream.readline(MAX_LINE):
                while not line.endswith(b"\n") and (rest := stream.readline(MAX_LINE)):
                    if rest.endswith(b"\n"):
                        break
                number, end = number + 1, stream.tell()
                yield number, end, line.removeprefix(_BOM) if number == 1 else line
    except OSError as error:
        raise UnreadableFileError(str(file), error.strerror or str(error)) from error
