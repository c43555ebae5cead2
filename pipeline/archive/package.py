"""A book as one BagIt bag (RFC 8493, version 1.0) that can be read without this program.

The masters lie in `data/masters/` already and are never written here; their sums are those of the
database, taken when they came. The order on the disk is payload, bag-info, manifest, tag manifest:
a bag without a right tag manifest was not finished, and the next `seal` finishes it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pipeline.archive.manifest import (
    DECLARATION,
    DECLARED,
    INFO,
    MANIFEST,
    READ_ME,
    TAG_MANIFEST,
    parse_manifest,
    render_manifest,
)
from pipeline.archive.pdfa import PdfResult
from pipeline.letters import nfc
from pipeline.store.durable import durable_copy, durable_write, sha256_of, sweep
from pipeline.values import Book, Master

DATE = "Bagging-Date"
LOG_HEAD = "Log-Head"  # of the archive when the book was sealed, see `store.chain`
_TEXTS = "data/text"
PDF_STATE = "PDF-A"
CONFORMS = "PDF/A-2b"
_DOES_NOT = "not PDF/A"
_ABOUT = """\
SỔ ĐÃ SỐ HÓA — gói BagIt 1.0 (RFC 8493); mọi tệp chữ là UTF-8.

data/masters/          ảnh quét gốc, đúng từng byte như máy quét hoặc điện thoại đã ghi
data/book.pdf          cả quyển sổ, tìm được chữ
data/text/NNNN.xml     chữ trên lần quét thứ NNNN (ALTO 4), tọa độ tính bằng điểm ảnh
data/records.jsonl     mỗi dòng một bản ghi (JSON): máy đọc được gì, và điều gì đã nhập từ trước
                       (page là 0); raw là đúng như trên giấy
data/decisions.jsonl   mỗi dòng một quyết định của người: giá trị đúng, ai, khi nào
data/provenance.jsonl  mỗi dòng một bước xử lý: chương trình nào, cài đặt nào; hoặc một bản ghi đã
                       nhập: từ tệp nào, hàng nào, ai nhập, khi nào
data/pages.jsonl       mỗi dòng một lần quét, theo thứ tự của sổ: bản gốc nào, chất lượng, có phải
                       quét lại
data/page-acts.jsonl   nếu có: mỗi dòng một việc người đã làm với các trang (đổi chỗ, loại, quét
                       lại, đường chia); bản gốc của trang bị loại vẫn ở data/masters
bag-info.txt           thẻ của quyển sổ; Log-Head là đầu nhật ký của kho khi đóng gói (số:mã băm)
manifest-sha256.txt    tổng kiểm SHA-256 của từng tệp; kiểm: sha256sum -c manifest-sha256.txt

Giá trị hiện hành của một trường = quyết định mới nhất, nếu không có thì giá trị máy đọc.

A DIGITISED REGISTER — a BagIt 1.0 bag (RFC 8493); all text is UTF-8. data/masters: scans, byte for
byte as they came. data/book.pdf: the book, searchable. data/text: page text (ALTO 4), in pixels.
data/records.jsonl: what the machine read, and what was typed earlier and imported (page 0), one
JSON record a line ("raw" is as written on paper).
data/decisions.jsonl: what people decided; the newest decision on a field stands above the
machine's value. data/provenance.jsonl: how it was made or where it was imported from.
data/pages.jsonl: of each scan, in the order of the book, its master, what was measured of its
quality, and the verdict. data/page-acts.jsonl, if any: what people did with the pages (moved,
rejected, scanned again, parted); masters of rejected scans stay in data/masters. bag-info.txt: the
card of the book; Log-Head is the head of the archive's log when it was sealed (place:hash).
Check: sha256sum -c manifest-sha256.txt
"""


def card_of(
    book: Book,
    *,
    pages: int,
    records: int,
    pdf: PdfResult | None,
    software: str,
    date: str,
    log_head: str,
) -> dict[str, str]:
    """Return what `bag-info.txt` says of a book.

    Args:
        pages: how many scans it holds.
        pdf: what is known of book.pdf; None when there is none.
        software: name and version of the program.
        date: today, ISO 8601.
        log_head: the newest event of the archive's log, `<place>:<hash>`.
    """
    declared = {"Declared-Pages": book.pages, "Declared-Entries": book.entries}
    first, last = book.years
    return {
        "External-Identifier": book.accession,
        "External-Description": "Sổ đã số hóa; xem README.txt",
        "Form": book.form or "-",
        "Place": book.place,
        "Years": str(first) if first == last else f"{first}-{last}",
        "Volume": book.volume,
        **({"Shelf": book.shelf} if book.shelf else {}),
        **{name: str(count) for name, count in declared.items() if count is not None},
        "Scans": str(pages),
        "Records": str(records),
        PDF_STATE: _pdf_state(pdf),
        **({"PDF-Pages-Without-Picture": _numbers(pdf.missing)} if pdf and pdf.missing else {}),
        "Bag-Software-Agent": software,
        LOG_HEAD: log_head,
        DATE: date[:10],
    }


def seal(
    package: Path,
    card: Mapping[str, str],
    masters: Sequence[Master],
    payload: Iterable[tuple[str, bytes | Path]],
) -> None:
    """Put everything but the masters into a book's package, and the sums of everything.

    Sealing again with the same content changes no byte. What an earlier seal put there and this
    one does not is removed.

    Args:
        card: lines of bag-info.txt, see `card_of`; the counts of bytes are added here.
        masters: with their sums as the database knows them.
        payload: path below `data/`, and the bytes or a file that holds them (it may be in its
            place already).

    Raises:
        StorageError: the disk is full, read-only or broken.
    """
    for folder in (package, package / "data", package / _TEXTS):
        sweep(folder)
    sums = {master.path: master.sha256 for master in masters}
    total = sum(master.size_bytes for master in masters)
    for name, content in payload:
        path = f"data/{name}"
        sums[path], size = _put(package / path, content)
        total += size
    _remove_stale(package, sums)
    info = _info({**card, "Payload-Oxum": f"{total}.{len(sums)}"})
    manifest = render_manifest(sums)
    if _is_unchanged(package, info, manifest):
        info = (package / INFO).read_bytes()
    tags = {
        DECLARED: DECLARATION,
        READ_ME: _ABOUT.encode("utf-8"),
        INFO: info,
        MANIFEST: manifest,
    }
    tag_sums = {name: _put(package / name, data)[0] for name, data in tags.items()}
    _put(package / TAG_MANIFEST, render_manifest(tag_sums))


def bag_info(package: Path) -> dict[str, str]:
    """Return the lines of a package's bag-info.txt; empty when it was not sealed yet."""
    file = package / INFO
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def is_pdfa(package: Path) -> bool:
    """Return whether book.pdf was checked and found to be PDF/A-2b when the book was sealed."""
    return bag_info(package).get(PDF_STATE, "").startswith(CONFORMS)


def _pdf_state(pdf: PdfResult | None) -> str:
    if pdf is None:
        return "-"
    if pdf.conforms:
        return f"{CONFORMS} (checked with pikepdf.pdfa)"
    return f"{_DOES_NOT} ({len(pdf.findings)} findings, first: {pdf.findings[0]})"


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _put(target: Path, content: bytes | Path) -> tuple[str, int]:
    """Bring content to its place unless it is there already; return its sum and size."""
    if isinstance(content, Path):
        if content.resolve() != target.resolve():
            return durable_copy(content, target), content.stat().st_size
    elif not (target.is_file() and target.read_bytes() == content):
        durable_write(target, content)
    return sha256_of(target), target.stat().st_size


def _remove_stale(package: Path, sums: Mapping[str, str]) -> None:
    """Remove what an earlier seal left and this one does not list; masters are never removed.

    An earlier seal may have been killed before it wrote its list: the folder of page text is ours.
    """
    manifest, data = package / MANIFEST, (package / "data").resolve()
    listed = parse_manifest(manifest.read_bytes())[0] if manifest.exists() else {}
    texts = {f"{_TEXTS}/{file.name}" for file in (package / _TEXTS).glob("*")}
    for path in (listed.keys() | texts) - sums.keys():
        file = (package / path).resolve()
        if file.is_relative_to(data) and not file.is_relative_to(data / "masters"):
            file.unlink(missing_ok=True)


def _info(card: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {_one_line(value)}\n" for name, value in card.items()]
    return "".join(lines).encode("utf-8")


def _one_line(value: str) -> str:
    return re.sub(r"\s+", " ", nfc(value)).strip()


def _is_unchanged(package: Path, info: bytes, manifest: bytes) -> bool:
    """Return whether the last seal said the same, but for its date and the head of the log."""
    old_info, old_manifest = package / INFO, package / MANIFEST
    if not (old_info.exists() and old_manifest.exists()):
        return False
    return old_manifest.read_bytes() == manifest and _lasting(old_info.read_bytes()) == _lasting(
        info
    )


def _lasting(info: bytes) -> bytes:
    return re.sub(rb"(?m)^(Bagging-Date|Log-Head): .*\n", b"", info)
