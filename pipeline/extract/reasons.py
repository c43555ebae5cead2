"""Why a person must look at a field: stable ids, and the sentence that the screen shows."""

from pipeline.words import _

DITTO = "ditto"
DITTO_UNRESOLVED = "ditto_unresolved"
MAYBE_DITTO = "maybe_ditto"
SEVERAL_TICKED = "several_ticked"
TICK_UNCLEAR = "tick_unclear"
UNREAD = "unread"
STRUCK_OUT = "struck_out"
OTHER_INK = "other_ink"
CANCELLED = "cancelled"
PASTED_SLIP = "pasted_slip"
CONTINUED = "continued"
LOW_CONFIDENCE = "low_confidence"
HEADER_UNREAD = "header_unread"
NOTE_ELSEWHERE = "note_elsewhere"
HALF_ROW = "half_row"
MISSING = "missing"
NOT_AS_FORM = "not_as_form"
STATED_UNKNOWN = "stated_unknown"
MISREAD_CORRECTED = "misread_corrected"
AMBIGUOUS = "ambiguous"
NOT_IN_LIST = "not_in_list"
OUTSIDE_ERA = "code_outside_era"
ABBREVIATION = "abbreviation_ambiguous"
NAME_SHAPE = "name_shape"
NUMBER_UNREADABLE = "number_unreadable"
DECIMAL_UNCLEAR = "decimal_unclear"
ID_SHAPE = "id_shape"
CERTIFICATE_SHAPE = "certificate_shape"
DATE_UNREADABLE = "date_unreadable"
DATE_IMPOSSIBLE = "date_impossible"
DATE_INCOMPLETE = "date_incomplete"
YEAR_OUTSIDE_BOOK = "year_outside_book"
LUNAR_DATE = "lunar_date"
CENTURY_TAKEN = "century_taken"
WORDS_UNREADABLE = "date_words_unreadable"
DIGITS_WORDS_DIFFER = "digits_words_differ"
DATES_REVERSED = "dates_reversed"
SEX_NAME = "sex_against_name"
AGE_UNLIKELY = "age_unlikely"
SERIAL_GAP = "serial_gap"
SERIAL_REPEATED = "serial_repeated"
SERIAL_FALLS = "serial_falls"
DATE_FALLS = "date_falls"
NUMBER_FALLS = "number_falls"
FROM_BOOK = "from_book"


def sentences() -> dict[str, str]:
    """Return every reason with its sentence in the language of the screen."""
    return {
        DITTO: _("dấu “như trên”: lấy nội dung của dòng trên"),
        DITTO_UNRESOLVED: _("dấu “như trên” nhưng không tìm thấy dòng trên"),
        MAYBE_DITTO: _("có thể là dấu “như trên”"),
        SEVERAL_TICKED: _("có nhiều ô được đánh dấu"),
        TICK_UNCLEAR: _("không rõ ô nào được đánh dấu"),
        UNREAD: _("có chữ viết nhưng máy không đọc được"),
        STRUCK_OUT: _("có chữ bị gạch bỏ; máy đọc phần còn lại"),
        OTHER_INK: _("có chữ viết bằng mực khác, có thể là ghi chú sau này"),
        CANCELLED: _("trường hợp bị gạch chéo hoặc ghi “hủy”"),
        PASTED_SLIP: _("có mẩu giấy dán đè lên; máy không đọc được phần bị che"),
        CONTINUED: _("ghi tiếp ở đầu trang sau; máy đã nối lại"),
        LOW_CONFIDENCE: _("máy đọc không chắc"),
        HEADER_UNREAD: _("tiêu đề cột không đọc được; xếp cột theo thứ tự của biểu mẫu"),
        NOTE_ELSEWHERE: _("ghi chú nêu một thửa không có trên trang này"),
        HALF_ROW: _("chỉ thấy một nửa dòng của trang đôi"),
        MISSING: _("thiếu nội dung bắt buộc"),
        NOT_AS_FORM: _("giá trị không đúng dạng mà biểu mẫu yêu cầu"),
        STATED_UNKNOWN: _("sổ ghi là không rõ"),
        MISREAD_CORRECTED: _("máy đã sửa một chữ nghi đọc sai"),
        AMBIGUOUS: _("có nhiều cách hiểu; cần người chọn"),
        NOT_IN_LIST: _("không có trong danh mục"),
        OUTSIDE_ERA: _("mã không dùng vào thời kỳ của sổ"),
        ABBREVIATION: _("chữ viết tắt có nhiều cách hiểu"),
        NAME_SHAPE: _("họ tên có số tiếng khác thường hoặc có chữ số"),
        NUMBER_UNREADABLE: _("không đọc ra số"),
        DECIMAL_UNCLEAR: _("không rõ dấu phẩy hay dấu chấm thập phân"),
        ID_SHAPE: _("số giấy tờ không có 9 hoặc 12 chữ số"),
        CERTIFICATE_SHAPE: _("số phát hành không có dạng chữ cái và sáu hoặc tám chữ số"),
        DATE_UNREADABLE: _("không đọc ra ngày"),
        DATE_IMPOSSIBLE: _("ngày không có trong lịch"),
        DATE_INCOMPLETE: _("ngày ghi thiếu"),
        YEAR_OUTSIDE_BOOK: _("năm nằm ngoài những năm của quyển sổ"),
        LUNAR_DATE: _("ngày âm lịch hoặc năm can chi: chỉ lấy năm"),
        CENTURY_TAKEN: _("năm chỉ ghi hai chữ số, chưa biết năm của sổ: máy lấy năm gần nhất"),
        WORDS_UNREADABLE: _("không đọc ra ngày ghi bằng chữ"),
        DIGITS_WORDS_DIFFER: _("ngày bằng số và bằng chữ khác nhau"),
        DATES_REVERSED: _("hai ngày trái thứ tự trước sau"),
        SEX_NAME: _("giới tính và chữ đệm (Văn, Thị) không hợp nhau"),
        AGE_UNLIKELY: _("tuổi khó có thật"),
        SERIAL_GAP: _("số thứ tự bị nhảy"),
        SERIAL_REPEATED: _("số thứ tự lặp lại"),
        SERIAL_FALLS: _("số thứ tự giảm"),
        DATE_FALLS: _("ngày đăng ký sớm hơn trường hợp trước"),
        NUMBER_FALLS: _("số thửa nhỏ hơn dòng trước"),
        FROM_BOOK: _("máy chọn cách đọc hợp với các trường hợp khác trong sổ"),
    }


def sentence(reason: str) -> str:
    """Return the sentence of a reason; an unknown id is shown as it is."""
    return sentences().get(reason, reason)
