"""OCRmyPDF's OCR engine for sohoa: it reads nothing, it hands over lines that were read already.

OCRmyPDF loads this file by its path (`plugins=[...]`) with the option `sohoa_lines`: a folder that
holds one JSON file a page, `000001.json`, as `pdf_lines.page_text` makes it. As no pixel is looked
at, no page is rasterised either: one dot stands for each picture.
"""

import base64
import json
from collections.abc import Set
from pathlib import Path
from typing import Any

from ocrmypdf import hookimpl
from ocrmypdf.models.ocr_element import Baseline, BoundingBox, OcrClass, OcrElement
from ocrmypdf.pluginspec import OcrEngine, OrientationConfidence

DOT = base64.b64decode(  # a PNG of one white pixel at 300 dpi
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQAAAAA3bvkkAAAACXBIWXMAAC4jAAAuIwF4pT92AAAACklEQVR4nGNo"
    "AAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


class OurLines(OcrEngine):
    """An engine that knows each page's lines by the page's number."""

    @staticmethod
    def version() -> str:
        """Return the version of what is written in the PDF's producer tag."""
        return "1"

    @staticmethod
    def creator_tag(options: Any) -> str:
        """Return the name in the PDF's metadata."""
        return "sohoa"

    def __str__(self) -> str:
        return "sohoa"

    @staticmethod
    def languages(options: Any) -> Set[str]:
        """Return no language: OCRmyPDF then asks for none."""
        return set()

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> OrientationConfidence:
        """Return that the page stands as it should: its turn is already in the PDF."""
        return OrientationConfidence(angle=0, confidence=0.0)

    @staticmethod
    def supports_generate_ocr() -> bool:
        """Return that lines are handed over as a tree, without hOCR files."""
        return True

    @staticmethod
    def generate_ocr(
        input_file: Path, options: Any, page_number: int = 0
    ) -> tuple[OcrElement, str]:
        """Return the lines of a page (counted from 0), and its text."""
        file = Path(options.sohoa_lines) / f"{page_number + 1:06}.json"
        page = json.loads(file.read_text(encoding="utf-8"))
        lines = [_line(line) for line in page["lines"]]
        tree = OcrElement(
            OcrClass.PAGE,
            bbox=BoundingBox(0, 0, page["width_px"], page["height_px"]),
            dpi=page["dpi"],
            page_number=page_number,
            children=lines,
        )
        return tree, "\n".join(line.get_text_recursive() for line in lines)

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: Any) -> None:
        """Refuse: `generate_ocr` is what OCRmyPDF asks for."""
        raise NotImplementedError

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: Any) -> None:
        """Refuse: `generate_ocr` is what OCRmyPDF asks for."""
        raise NotImplementedError


def _line(line: dict[str, Any]) -> OcrElement:
    return OcrElement(
        OcrClass.LINE,
        bbox=BoundingBox(*line["box"]),
        baseline=None if line["angle"] else Baseline(0.0, line["intercept"]),
        textangle=line["angle"],
        language="vie",
        children=[
            OcrElement(OcrClass.WORD, bbox=BoundingBox(*box), text=text)
            for text, box in line["words"]
        ],
    )


@hookimpl
def get_ocr_engine(options: Any) -> OcrEngine:
    """Return our engine."""
    return OurLines()


@hookimpl
def rasterize_pdf_page(output_file: Path) -> Path:
    """Write a dot in place of the page's picture, which the engine does not look at."""
    output_file.write_bytes(DOT)
    return output_file
