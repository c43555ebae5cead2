"""Say what was measured, as Markdown."""

from collections.abc import Sequence

from pipeline.measure.pairing import Json, share
from pipeline.words import _


def report(result: Json) -> str:
    """Return the measures as Markdown, for people."""
    parts = [
        _("# So với bản đúng"),
        _table((_("việc"), _("số"), _("đúng"), _("tỷ lệ")), _page_rows(result)),
        _("## Tìm ô, dòng, bản ghi"),
        _table(
            (_("thứ"), _("có"), _("đọc ra"), _("chính xác"), _("đầy đủ"), "F1"),
            _found_rows(result),
        ),
        _("## Chữ đọc được"),
        _table(
            (_("kiểu chữ"), _("dòng"), _("tìm ra"), "CER", "WER", _("CER không dấu"),
             _("dòng đúng hẳn"), _("CER kể cả dòng sót")),
            [_text_row(name, text) for name, text in result["text"].items()],
        ),
        _("## Trường"),
        *(_field_table(title, result["fields"][group]) for group, title in _field_titles()),
        _("## Độ tin"),
        _calibration_line(result["calibration"]),
        _table((_("độ tin"), _("trường"), _("trung bình"), _("đúng")), _bin_rows(result)),
        _table((_("kiểu chữ"), _("trường"), "ECE"), _script_rows(result)),
        *(_acceptable_line(found) for found in result["calibration"]["acceptable"]),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _field_titles() -> list[tuple[str, str]]:
    return [("form", _("mẫu sổ")), ("script", _("kiểu chữ")), ("key", _("trường"))]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _degrees(angle: float | None) -> str:
    return "–" if angle is None else f"{angle:.2f}°"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) if rows else ""


def _page_rows(result: Json) -> list[list[str]]:
    skew, pages = result["skew_deg"], result["pages"]
    rows = [
        [_("nửa trang"), pages["truth"], pages["sides_right"]],
        [_("nhận mẫu sổ"), result["form"]["pages"], result["form"]["right"]],
        [_("chiều trang"), result["orientation"]["pages"], result["orientation"]["right"]],
    ]
    told = [
        [name, str(count), str(right), _percent(share(right, count))] for name, count, right in rows
    ]
    angle = _("độ nghiêng lệch trung bình {mean}, lớn nhất {worst}").format(
        mean=_degrees(skew["mean"]), worst=_degrees(skew["worst"])
    )
    return [*told, [angle, str(skew["pages"]), "≤ 0.3°", _percent(skew["within_0.3"])]]


def _found_rows(result: Json) -> list[list[str]]:
    rows = []
    for name, counts in ((_("ô"), result["cells"]), (_("dòng"), result["lines"])):
        shares = [_percent(counts[key]) for key in ("precision", "recall", "f1")]
        rows.append([name, str(counts["truth"]), str(counts["read"]), *shares])
    records = result["records"]
    shares = [_percent(records["precision"]), _percent(records["recall"]), ""]
    rows.append([_("bản ghi"), str(records["truth"]), str(records["read"]), *shares])
    return rows


def _text_row(name: str, text: Json) -> list[str]:
    shares = [
        _percent(text[key]) for key in ("cer", "wer", "cer_folded", "exact", "cer_with_missed")
    ]
    return [name, str(text["lines"]), str(text["found"]), *shares]


def _field_table(title: str, groups: Json) -> str:
    head = (title, _("viết"), _("đọc"), _("đúng giá trị"), _("đúng không dấu"), _("đúng từng chữ"),
            _("đọc thừa"))  # fmt: skip
    rows = []
    for name, group in groups.items():
        shares = [_percent(group[key]) for key in ("exact", "exact_folded", "raw_exact")]
        rows.append(
            [name, str(group["written"]), str(group["read"]), *shares, str(group["invented"])]
        )
    return _table(head, rows)


def _calibration_line(calibration: Json) -> str:
    sure = calibration["sure"]
    return _(
        "Sai lệch độ tin (ECE) {ece}; {share} số trường có độ tin từ 0,95, trong đó {right} đúng."
    ).format(
        ece=_percent(calibration["ece"]),
        share=_percent(sure["share"]),
        right=_percent(sure["right"]),
    )


def _acceptable_line(found: Json) -> str:
    precision = _percent(found["precision"])
    if found["threshold"] is None:
        return _("Không thể nhận tự động trường nào với độ đúng {precision}.").format(
            precision=precision
        )
    return _(
        "Có thể nhận tự động {share} số trường với độ đúng {precision} (độ tin từ {threshold:.3f}; "
        "ngưỡng chọn trên chính bộ này)."
    ).format(share=_percent(found["share"]), precision=precision, threshold=found["threshold"])


def _script_rows(result: Json) -> list[list[str]]:
    return [
        [name, str(group["fields"]), _percent(group["ece"])]
        for name, group in result["calibration"]["script"].items()
        if group["fields"]
    ]


def _bin_rows(result: Json) -> list[list[str]]:
    return [
        [f"{row['from']:.1f}–{row['to']:.1f}", str(row["fields"]), _percent(row["confidence"]),
         _percent(row["right"])]
        for row in result["calibration"]["bins"]
        if row["fields"]
    ]  # fmt: skip
