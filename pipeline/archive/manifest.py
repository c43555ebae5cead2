"""The lists of sums of a BagIt bag (RFC 8493): one line a file, `<sha256>  <path>`."""

from collections.abc import Mapping

ALGORITHM = "sha256"
MANIFEST = f"manifest-{ALGORITHM}.txt"
TAG_MANIFEST = f"tagmanifest-{ALGORITHM}.txt"
INFO = "bag-info.txt"
READ_ME = "README.txt"
DECLARED = "bagit.txt"
TAG_FILES = (DECLARED, READ_ME, INFO, MANIFEST)  # the files that are not payload, but one
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_HEX = frozenset("0123456789abcdef")
_HEX_LENGTH = 64
_ESCAPES = (("%", "%25"), ("\n", "%0A"), ("\r", "%0D"))


def render_manifest(sums: Mapping[str, str]) -> bytes:
    """Return the file for these sums by path; the same sums give the same bytes."""
    lines = [f"{sums[path]}  {_escaped(path)}\n" for path in sorted(sums)]
    return "".join(lines).encode("utf-8")


def parse_manifest(data: bytes) -> tuple[dict[str, str], list[int]]:
    """Return the sums by path, and the numbers of the lines that make no sense."""
    sums: dict[str, str] = {}
    damaged: list[int] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line:
            continue
        try:
            digest, path = line.decode("utf-8").split("  ", 1)
        except (UnicodeDecodeError, ValueError):
            damaged.append(number)
            continue
        if len(digest) != _HEX_LENGTH or not _HEX.issuperset(digest) or path in sums:
            damaged.append(number)
            continue
        sums[_unescaped(path)] = digest
    return sums, damaged


def _escaped(path: str) -> str:
    for letter, code in _ESCAPES:
        path = path.replace(letter, code)
    return path


def _unescaped(path: str) -> str:
    for letter, code in reversed(_ESCAPES):
        path = path.replace(code, letter)
    return path
