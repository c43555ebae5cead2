"""A date said in words, as papers write it beside the digits."""

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_MONTHS = (
    "một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai",
)  # fmt: skip


def date_in_words(value: str) -> str:
    """Return a date, as precise as it is (`1987`, `1987-03`, `1987-03-15`), in words.

    Empty when the text is no such date.
    """
    parts = value.split("-")
    if len(parts) > 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        return ""
    year, month, day = (*map(int, parts), 0, 0)[:3]
    if not (1000 <= year <= 9999 and 0 <= month <= 12 and 0 <= day <= 31):
        return ""
    said = [f"ngày {_below_100(day)}"] if day else []
    said += [f"tháng {_MONTHS[month - 1]}"] if month else []
    return " ".join((*said, f"năm {_year(year)}"))


def _below_100(number: int) -> str:
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    if tens == 1:
        return f"mười {'lăm' if ones == 5 else _DIGITS[ones]}" if ones else "mười"
    tail = {0: "", 1: "mốt", 4: "tư", 5: "lăm"}.get(ones, _DIGITS[ones])
    return f"{_DIGITS[tens]} mươi {tail}".strip()


def _year(year: int) -> str:
    thousands, rest = divmod(year, 1000)
    hundreds, rest = divmod(rest, 100)
    head = f"{_DIGITS[thousands]} nghìn {_DIGITS[hundreds]} trăm"
    if not rest:
        return head
    return f"{head} {'linh ' if rest < 10 else ''}{_below_100(rest)}"
