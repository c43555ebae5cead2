"""What the QR codes on a scan say. Runs in the limited child only."""

import zxingcpp

from pipeline.values import Pixels

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_MOST_CODES, _MOST_LETTERS = 8, 300  # a separator sheet has two, each shorter


def read_codes(small: Pixels) -> list[str]:
    """Return the texts of the QR codes on a page, of which a small picture will do."""
    found = zxingcpp.read_barcodes(small, formats=_QR)
    return [code.text[:_MOST_LETTERS] for code in found[:_MOST_CODES] if code.valid]
