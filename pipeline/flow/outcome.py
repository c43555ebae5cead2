"""What became of a book that was processed, and what in it is not as it is declared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import exit_code
from pipeline.extract.totals import Declared, Series
from pipeline.words import _

_LISTED = 12  # serials in a sentence


@dataclass(frozen=True, slots=True)
class BookOutcome:
    """What `process` did to one book.

    Attributes:
        read: pages that were read this time.
        errors: of the pages that cannot be read, by number: class name and sentence.
        scans: in the whole book, likewise `sides` (a spread has two) and `records`.
        declared: pages and entries as the book's card says; None where it says nothing.
        closing: what the closing page says; None when no such page was found.
        series: the serials of the entries by year.
        cancelled: the entries that seem so: number of the scan, and serial (empty: unread).
        pdfa: book.pdf was checked and conforms to PDF/A-2b.
        failure: why the book could not be packed (class name and sentence), None when it was.
        behind: why searches do not see all of it yet, empty when they do.
    """

    accession: str
    read: int
    errors: Mapping[int, tuple[str, str]]
    scans: int
    sides: int
    records: int
    declared: tuple[int | None, int | None]
    closing: Declared | None
    series: tuple[Series, ...]
    pdfa: bool
    cancelled: tuple[tuple[int, str], ...] = ()
    failure: tuple[str, str] | None = None
    behind: str = ""

    @property
    def exit_codes(self) -> list[int]:
        """Return the exit codes of the errors, in page order, and of the failure."""
        failed = [*self.errors.values(), *([self.failure] if self.failure else [])]
        return [exit_code(name) for name, _sentence in failed]

    @property
    def differences(self) -> list[str]:
        """Return sentences on what is not as card and closing page declare, and on serials."""
        pages, entries = self.declared
        told = [
            *self._otherwise(_("bìa sổ ghi"), pages, None),
            *self._otherwise(_("sổ ghi"), None, entries),
        ]
        if self.cancelled:
            told.append(
                _("{count} trường hợp có vẻ bị hủy: {listed}").format(
                    count=len(self.cancelled),
                    listed=_listed([_place(*one) for one in self.cancelled]),
                )
            )
        if self.closing:
            source = _("trang khóa sổ (bản quét {page}) ghi").format(page=self.closing.page)
            told += self._otherwise(source, self.closing.pages, self.closing.entries)
        return told + [sentence for one in self.series for sentence in _series_sentences(one)]

    def _otherwise(self, source: str, pages: int | None, entries: int | None) -> list[str]:
        told = []
        # Some books number each page, others each opening: either way of counting may fit.
        if pages is not None and pages not in (self.scans, self.sides):
            told.append(
                _("{source} {declared} trang, có {scans} bản quét với {sides} trang").format(
                    source=source, declared=pages, scans=self.scans, sides=self.sides
                )
            )
        # Whether those that were cancelled count is the clerk's to know.
        if entries is not None and self.records - entries not in (0, len(self.cancelled)):
            told.append(
                _("{source} {declared} trường hợp, đọc được {records}").format(
                    source=source, declared=entries, records=self.records
                )
            )
        return told


def _place(scan: int, serial: str) -> str:
    if serial:
        return _("số {serial} (bản quét {scan})").format(serial=serial, scan=scan)
    return _("bản quét {scan}").format(scan=scan)


def _series_sentences(series: Series) -> list[str]:
    year = _("năm {year}: ").format(year=series.year) if series.year else ""
    told = []
    if series.missing:
        runs = [f"{one}" if one == two else f"{one}–{two}" for one, two in series.missing]
        told.append(_("{year}không thấy số {numbers}").format(year=year, numbers=_listed(runs)))
    if series.repeated:
        told.append(
            _("{year}có hơn một lần số {numbers}").format(
                year=year, numbers=_listed(series.repeated)
            )
        )
    return told


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _LISTED
    listed = ", ".join(texts[:_LISTED])
    return _("{listed} và {more} chỗ khác").format(listed=listed, more=more) if more > 0 else listed
