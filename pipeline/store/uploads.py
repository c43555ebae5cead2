"""Files that come over a line that may break: what has arrived is on the disk, and goes on there.

The length of the file on the disk is the one truth about how far an upload has come; it is synced
before the sender is told. The table says whose upload it is, and what became of it.
"""

import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.errors import ConflictError, StorageError
from pipeline.store import chain
from pipeline.store.database import Database, metadata, now
from pipeline.words import _

_upload = sa.Table(
    "upload",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("accession", sa.ForeignKey("book.accession"), nullable=False, index=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("behind", sa.Integer),
    sa.Column("instead_of", sa.Integer, nullable=False),
    sa.Column("begun", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False, default=""),
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is being sent.

    Attributes:
        id: 32 hex digits that nobody can guess.
        name: as the sender calls it; data, never part of a path.
        behind, instead_of: where its pages come to stand, see `intake.Manner`.
        begun: UTC, ISO 8601.
        outcome: what the sender was told when it was whole; None before.
    """

    id: str
    accession: str
    person: str
    name: str
    size_bytes: int
    behind: int | None = None
    instead_of: int = 0
    begun: str = ""
    outcome: Any = None


class Uploads:
    """The uploads of an archive, in `work/uploads/`; the table is made when there is none.

    Args:
        keep: after so long an upload that did not go on is forgotten, and one that is done too.
    """

    def __init__(self, database: Database, archive: Path, keep: timedelta) -> None:
        self._database, self._keep = database, keep
        self._folder = archive / "work" / "uploads"
        database.make(_upload)

    def begin(self, upload: Upload, most_open: int) -> Upload:
        """Begin an upload; return it with its id.

        Raises:
            ConflictError: the person has `most_open` of them already that are not done.
        """
        self.sweep()
        begun = Upload(
            secrets.token_hex(16),
            upload.accession,
            upload.person,
            upload.name,
            upload.size_bytes,
            upload.behind,
            upload.instead_of,
            now(),
        )
        mine = sa.select(sa.func.count()).where(
            _upload.c.person == upload.person, _upload.c.outcome == ""
        )
        with self._database.write() as connection:
            if connection.execute(mine).scalar_one() >= most_open:
                raise ConflictError(
                    _("còn {count} tệp đang gửi dở; hãy gửi nốt hoặc bỏ chúng").format(
                        count=most_open
                    )
                )
            connection.execute(
                sa.insert(_upload).values(
                    id=begun.id,
                    accession=begun.accession,
                    person=begun.person,
                    name=begun.name,
                    size_bytes=begun.size_bytes,
                    behind=begun.behind,
                    instead_of=begun.instead_of,
                    begun=begun.begun,
                    outcome="",
                )
            )
        return begun

    def find(self, id_: str) -> Upload | None:
        """Return an upload, None when there is none."""
        told = sa.select(_upload).where(_upload.c.id == id_)
        with self._database.read() as connection:
            row = connection.execute(told).first()
        return _made(row) if row else None

    def open_ones(self, accession: str, person: str) -> list[Upload]:
        """Return a person's uploads into a book that are not done, oldest first."""
        told = (
            sa.select(_upload)
            .where(
                _upload.c.accession == accession,
                _upload.c.person == person,
                _upload.c.outcome == "",
            )
            .order_by(_upload.c.begun)
        )
        with self._database.read() as connection:
            return [_made(row) for row in connection.execute(told)]

    def file(self, upload: Upload) -> Path:
        """Return where the bytes of an upload lie."""
        return self._folder / upload.id

    def offset(self, upload: Upload) -> int:
        """Return how many bytes of an upload are safe."""
        file = self.file(upload)
        return file.stat().st_size if file.exists() else 0

    def append(self, upload: Upload, offset: int, part: bytes) -> int:
        """Write what arrives behind what is there, and sync it; return the new offset.

        Raises:
            ConflictError: something else is there than the sender thinks, or it is too much.
            StorageError: the disk is full or broken.
        """
        file = self.file(upload)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with file.open("ab") as stream:
                if stream.tell() != offset:
                    raise ConflictError(
                        _("tệp đã gửi đến byte {offset}; hãy gửi tiếp từ đó").format(
                            offset=stream.tell()
                        )
                    )
                if offset + len(part) > upload.size_bytes:
                    raise ConflictError(_("tệp dài hơn độ dài đã báo trước"))
                stream.write(part)
                stream.flush()
                os.fsync(stream.fileno())
                return stream.tell()
        except OSError as error:
            raise StorageError(
                _("không ghi được tệp đang gửi ({reason}); hãy giải phóng chỗ trên đĩa").format(
                    reason=error.strerror
                )
            ) from error

    def end(self, upload: Upload, outcome: Any) -> None:
        """Put down what became of an upload; its bytes go."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(_upload)
                .where(_upload.c.id == upload.id)
                .values(outcome=json.dumps(outcome, ensure_ascii=False))
            )
        self.file(upload).unlink(missing_ok=True)

    def restart(self, upload: Upload) -> None:
        """Throw away what has arrived: it is not what was sent."""
        self.file(upload).unlink(missing_ok=True)

    def drop(self, upload: Upload) -> None:
        """Forget an upload that is not wanted any more."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_upload).where(_upload.c.id == upload.id))
            chain.append(connection, now(), upload.person, "upload.dropped", f"upload:{upload.id}")
        self.file(upload).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Forget what is too old, and files that nobody knows."""
        oldest = (datetime.now(UTC) - self._keep).isoformat(timespec="seconds")
        with self._database.write() as connection:
            connection.execute(sa.delete(_upload).where(_upload.c.begun < oldest))
            known = set(connection.execute(sa.select(_upload.c.id)).scalars())
        if self._folder.is_dir():
            for file in self._folder.iterdir():
                if file.name not in known:
                    file.unlink(missing_ok=True)


def _made(row: sa.Row[Any]) -> Upload:
    told = row._mapping
    return Upload(
        told["id"],
        told["accession"],
        told["person"],
        told["name"],
        told["size_bytes"],
        told["behind"],
        told["instead_of"],
        told["begun"],
        json.loads(told["outcome"]) if told["outcome"] else None,
    )
