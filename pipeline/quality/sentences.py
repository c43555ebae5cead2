"""What is wrong with a scan and what to do about it, as a clerk is told."""

from pipeline.values import Reason
from pipeline.words import _


def sentence(reason: Reason) -> str:
    """Return what a reason says."""
    told = _cut_words(reason.told) if reason.name == "cut" else reason.told
    return _sentences()[reason.name].format(told=told, asked=reason.asked)


def _sentences() -> dict[str, str]:
    return {
        "low_dpi": _("chỉ có {told} dpi, cần {asked}; hãy quét lại ở {asked} dpi trở lên"),
        "few_colours": _("ảnh {told} bit, cần {asked} bit; hãy chọn chế độ màu của máy quét"),
        "blurred": _(
            "chữ mờ: mép nét rộng {told} px, cho phép {asked}; hãy lau mặt kính, ép phẳng trang"
        ),
        "noisy": _("ảnh nhiễu hạt {told} mức xám, cho phép {asked}; hãy quét bằng máy quét phẳng"),
        "burnt": _(
            "{told} nền giấy quanh chữ trắng xóa, nét nhạt có thể đã mất; hãy tắt tự chỉnh sáng "
            "của máy quét"
        ),
        "crushed": _("{told} nét chữ đen đặc; hãy tắt tự chỉnh tương phản của máy quét"),
        "skewed": _("chữ nghiêng {told}°, cho phép {asked}; hãy đặt lại trang cho thẳng"),
        "cut": _("chữ bị cắt ở mép ({told}); hãy đặt trang nằm trọn trong khung quét"),
        "blank": _("trang trắng; nếu trên giấy có chữ, hãy quét lại"),
        "dpi_assumed": _("tệp không ghi độ phân giải, tạm coi là {told} dpi; hãy đặt ở máy quét"),
        "duplicate": _("giống trang {told}; hãy xem có quét hai lần, hay thiếu trang kế"),
        "turned": _("trang quét xoay {told}°, đã được xoay lại khi đọc; hãy đặt giấy đúng chiều"),
        "wrong_form": _("trang này theo mẫu {told}, sổ theo mẫu {asked}; hãy xem có lẫn sổ khác"),
        "wrong_volume": _("trang ghi quyển {told}, thẻ sổ ghi {asked}; hãy xem có lẫn sổ khác"),
        "wrong_year": _("trang ghi ngày {told}, thẻ sổ ghi năm {asked}; hãy xem có lẫn sổ khác"),
        "pasted_slip": _("có mẩu giấy dán; hãy lật lên và quét thêm phần bị che"),
        "wrong_place": _("trang ghi nơi {told}, thẻ sổ ghi {asked}; hãy xem có lẫn sổ khác"),
    }


def grade_words(grade: str) -> str:
    """Return what a grade is called on the screen."""
    return {"good": _("tốt"), "look": _("xem lại"), "rescan": _("quét lại")}[grade]


def _cut_words(told: str) -> str:
    """Return the cut sides in words: `left 4, bottom 9`."""
    names = {"left": _("trái"), "top": _("trên"), "right": _("phải"), "bottom": _("dưới")}
    parts = (part.split(" ") for part in told.split(", "))
    return ", ".join(
        _("{side}: {count} nét").format(side=names[side], count=count) for side, count in parts
    )
