"""Find out whether a PDF page is one picture and nothing else. Runs in the limited child only."""

from typing import Any, NamedTuple

import pikepdf
from pikepdf import Matrix, Name

SLACK_PT = 2.0  # producers round boxes to whole points
ALIKE = 0.03
MAX_DEPTH = 4  # forms inside forms
MAX_CONTENT_BYTES = 2_000_000  # packed; a page of one picture and its text layer has far less
_HIDDEN = 2  # annotation flag
_INVISIBLE = 3  # text render mode
_STATE = frozenset(  # operators that paint nothing
    (
        *("w", "J", "j", "M", "d", "ri", "i", "n", "W", "W*"),
        *("g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN"),
        *("BT", "ET", "Tc", "Tw", "Tz", "TL", "Ts", "Td", "TD", "Tm", "T*"),
        *("MP", "DP", "BMC", "EMC"),
    )
)
_SHOW = frozenset(("Tj", "TJ", "'", '"'))


class Mixed(Exception):
    """The page is more than one picture: render it."""


class Box(NamedTuple):
    """A box in points on the page, y up."""

    left: float
    bottom: float
    right: float
    top: float

    def covers(self, other: "Box") -> bool:
        """Say whether the other box lies inside, give or take what producers round."""
        return (
            self.left <= other.left + SLACK_PT
            and self.bottom <= other.bottom + SLACK_PT
            and self.right >= other.right - SLACK_PT
            and self.top >= other.top - SLACK_PT
        )


class Placed(NamedTuple):
    """A picture and how the page shows it.

    Attributes:
        dpi: across and down of the upright page.
    """

    picture: Any
    turn_deg: int
    dpi: tuple[float, float]


def sole_picture(page: pikepdf.Page) -> Placed:
    """Return the one picture that a page shows, and how.

    Raises:
        Mixed: it shows more than one picture, or not the whole of it.
    """
    if _has_visible_notes(page):
        raise Mixed
    walk = _Walk()
    walk.content(page, page.resources, Matrix(), 0)
    if walk.shown is None:
        raise Mixed
    picture, matrix = walk.shown
    sheet, shown = box_of(page.cropbox), _square(matrix)
    sees_all = shown.covers(sheet) and sheet.covers(shown)
    if not sees_all or not all(clip.covers(sheet) for clip in walk.clips):
        raise Mixed
    unit = float(page.obj.get(Name.UserUnit, 1)) / 72
    turn_deg = (_turn_of(matrix) + page.rotation) % 360
    across = int(picture.Width) / ((abs(matrix.a) + abs(matrix.b)) * unit)
    down = int(picture.Height) / ((abs(matrix.c) + abs(matrix.d)) * unit)
    if abs(across - down) > ALIKE * across:
        raise Mixed
    return Placed(picture, turn_deg, (across, down))


class _Walk:
    """One pass over a page's content: the picture that it shows, or `Mixed`.

    Only operators that paint nothing are let through, apart from one picture and invisible text
    (the text layer of a PDF that was recognised before).
    """

    def __init__(self) -> None:
        self.shown: tuple[Any, Matrix] | None = None
        self.clips: list[Box] = []

    def content(self, stream: Any, resources: Any, matrix: Matrix, depth: int) -> None:
        """Walk over a page's or a form's content."""
        if depth > MAX_DEPTH or _packed_bytes(stream) > MAX_CONTENT_BYTES:
            raise Mixed
        saved: list[tuple[Matrix, int, bool]] = []
        now, text_mode, is_inert = matrix, 0, False
        for instruction in pikepdf.parse_content_stream(stream):
            operator, operands = str(instruction.operator), instruction.operands
            if operator == "q":
                saved.append((now, text_mode, is_inert))
            elif operator == "Q":
                now, text_mode, is_inert = saved.pop()
            elif operator == "cm":
                now = Matrix(*(float(value) for value in operands)) @ now
            elif operator == "Do":
                self.show(_named(resources, Name.XObject, operands[0]), resources, now, depth)
            elif operator == "gs":
                _check_state(_named(resources, Name.ExtGState, operands[0]))
            elif operator == "re":  # a path may only become a clip: painting is not let through
                self.clips.append(_rectangle(operands, now))
            elif operator == "Tr":
                text_mode = int(operands[0])
            elif operator == "Tf":
                font = _named(resources, Name.Font, operands[0])
                is_inert = font.get(Name.Subtype) != Name.Type3  # type 3 ignores the mode
            elif operator in _SHOW:
                if text_mode != _INVISIBLE or not is_inert:
                    raise Mixed
            elif operator == "BDC":
                if operands[0] == Name.OC:  # a layer that may be switched off
                    raise Mixed
            elif operator not in _STATE:
                raise Mixed

    def show(self, thing: Any, resources: Any, matrix: Matrix, depth: int) -> None:
        """Take note of a picture, or walk into a form."""
        if Name.OC in thing:
            raise Mixed
        if thing.get(Name.Subtype) == Name.Form:
            inner = Matrix(*(float(value) for value in thing.get(Name.Matrix, (1, 0, 0, 1, 0, 0))))
            own = thing.get(Name.Resources, resources)
            before = self.shown
            self.content(thing, own, inner @ matrix, depth + 1)
            if self.shown is not before:  # its frame clips the picture
                left, bottom, right, top = (float(value) for value in thing.BBox)
                corners = (left, bottom, right - left, top - bottom)
                self.clips.append(_rectangle(corners, inner @ matrix))
        elif self.shown is not None:
            raise Mixed
        else:
            self.shown = thing, matrix


def _check_state(state: Any) -> None:
    is_opaque = all(float(state.get(key, 1)) == 1 for key in (Name.ca, Name.CA))
    is_plain = state.get(Name.BM, Name.Normal) in (Name.Normal, Name.Compatible)
    if not is_opaque or not is_plain or state.get(Name.SMask, Name("/None")) != Name("/None"):
        raise Mixed


def _named(resources: Any, kind: Name, name: Any) -> Any:
    return resources[kind][name]


def _packed_bytes(stream: Any) -> int:
    thing = stream.obj.get(Name.Contents) if isinstance(stream, pikepdf.Page) else stream
    if thing is None:
        return 0
    parts = list(thing) if isinstance(thing, pikepdf.Array) else [thing]
    return sum(int(part.get(Name.Length, 0)) for part in parts)


def _rectangle(operands: Any, matrix: Matrix) -> Box:
    left, bottom, width, height = (float(value) for value in operands)
    return _square(Matrix(width, 0, 0, height, left, bottom) @ matrix)


def _square(matrix: Matrix) -> Box:
    """Return where the unit square falls.

    Raises:
        Mixed: it falls askew.
    """
    corners = [matrix.transform(point) for point in ((0, 0), (1, 0), (1, 1), (0, 1))]
    across, up = [x for x, _y in corners], [y for _x, y in corners]
    is_level = min(abs(matrix.b) + abs(matrix.c), abs(matrix.a) + abs(matrix.d)) < 1e-3
    if not is_level:
        raise Mixed
    return Box(min(across), min(up), max(across), max(up))


def _turn_of(matrix: Matrix) -> int:
    """Return the clockwise turn by which the page shows a picture.

    Raises:
        Mixed: it is mirrored.
    """
    if matrix.a * matrix.d - matrix.b * matrix.c <= 0:
        raise Mixed
    if abs(matrix.a) > abs(matrix.b):
        return 0 if matrix.a > 0 else 180
    return 270 if matrix.b > 0 else 90


def box_of(corners: Any) -> Box:
    """Return a page box, whichever corners it names."""
    a, b, c, d = (float(value) for value in corners)
    return Box(min(a, c), min(b, d), max(a, c), max(b, d))


def _has_visible_notes(page: pikepdf.Page) -> bool:
    for note in page.obj.get(Name.Annots, pikepdf.Array()):
        is_hidden = int(note.get(Name.F, 0)) & _HIDDEN
        if not is_hidden and note.get(Name.Subtype) not in (Name.Link, Name.Popup):
            return True
    return False
