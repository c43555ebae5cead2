"""Fixity: recompute every sum of a package and tell all that differs, never only the first."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.archive.manifest import (
    MANIFEST,
    TAG_FILES,
    TAG_MANIFEST,
    parse_manifest,
    render_manifest,
)
from pipeline.store.durable import PART, sha256_of
from pipeline.values import Master

Kind = Literal["missing", "extra", "changed", "unreadable", "unlisted"]
_MASTERS = "data/masters/"


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not as it was stored.

    Attributes:
        kind: `missing`: it is not there; `extra`: nothing knows of it; `changed`: other bytes;
            `unreadable`: the disk or the system refuses it; `unlisted`: a list of sums is wrong
            about a master, `found` is what the list says (empty when it says nothing).
        path: relative to the package, with forward slashes.
        expected: SHA-256, empty when nothing is expected.
        found: SHA-256, or the system's reason; empty when there is nothing.
    """

    kind: Kind
    path: str
    expected: str = ""
    found: str = ""


def verify(
    package: Path, masters: Sequence[Master], *, sealed: bool = True
) -> tuple[Difference, ...]:
    """Return all that differs from what was stored; empty when everything is as it was.

    Args:
        masters: as the database knows them; they are compared with the disk and with the lists.
        sealed: False for a book whose package is not made yet: only its masters are expected.
    """
    files = set(_files(package))
    known = {master.path: master.sha256 for master in masters}
    if not sealed:
        return tuple(_ordered(_compared(package, known, files)))
    differences: list[Difference] = []
    listed, tags = _lists(package, differences)
    differences += [
        Difference("unlisted", path, expected, listed.get(path, ""))
        for path, expected in known.items()
        if listed.get(path) != expected
    ]
    differences += [
        Difference("unlisted", path, "", found)
        for path, found in listed.items()
        if path.startswith(_MASTERS) and path not in known
    ]
    expected = {**dict.fromkeys(TAG_FILES, ""), **listed, **tags, **known}
    differences += _compared(package, expected, files)
    differences += [Difference("extra", path) for path in files - expected.keys() - {TAG_MANIFEST}]
    return tuple(_ordered(differences))


def _lists(
    package: Path, differences: list[Difference]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the sums of payload and tag files; put down what is wrong with the lists."""
    sums: dict[str, dict[str, str]] = {}
    for name in (MANIFEST, TAG_MANIFEST):
        data = _bytes(package / name, name, differences)
        sums[name], _damaged = parse_manifest(data or b"")
        # A list must be exactly what its own sums make: no sum guards the tag manifest.
        if data is not None and render_manifest(sums[name]) != data:
            differences.append(Difference("changed", name))
    tags = sums[TAG_MANIFEST]
    if (package / TAG_MANIFEST).exists() and tags.keys() != set(TAG_FILES):
        differences.append(Difference("changed", TAG_MANIFEST))
    return sums[MANIFEST], tags


def _bytes(file: Path, name: str, differences: list[Difference]) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        differences.append(Difference("missing", name))
    except OSError as error:
        differences.append(Difference("unreadable", name, found=error.strerror or str(error)))
    return None


def _compared(package: Path, expected: Mapping[str, str], files: set[str]) -> Iterator[Difference]:
    for path, digest in expected.items():
        if path not in files:
            yield Difference("missing", path, digest)
            continue
        try:
            found = sha256_of(package / path)
        except OSError as error:
            yield Difference("unreadable", path, digest, error.strerror or str(error))
            continue
        if digest and found != digest:
            yield Difference("changed", path, digest, found)


def _files(package: Path) -> Iterator[str]:
    """Yield what is in a package, without half-written files; a link is no file of the bag."""
    for folder, _folders, names in os.walk(package):
        for name in names:
            file = Path(folder) / name
            path = file.relative_to(package).as_posix()
            if not (name.startswith(".") and name.endswith(PART)):
                yield path if stat.S_ISREG(file.lstat().st_mode) else f"{path} (link)"


def _ordered(differences: Sequence[Difference] | Iterator[Difference]) -> list[Difference]:
    """Return each difference once, by path; the one that knows more where two tell the same."""
    told = {(one.path, one.kind): one for one in sorted(differences, key=lambda one: one.expected)}
    return [told[key] for key in sorted(told)]
