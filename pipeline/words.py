"""The language of messages: source strings are Vietnamese, English is the second.

Wrap every sentence a person reads in `_()`, with named places filled in afterwards:
`_("{file} trống").format(file=name)`. `SOHOA_LANG=en` chooses English; a screen of the office's web
app may choose for itself (`speak`).
"""

import gettext
import os
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
LANGUAGES = ("vi", "en")
_spoken: ContextVar[str] = ContextVar("_spoken", default="")


def translate_click() -> None:
    """Make click's own words (usage, options, errors) speak the language of the screen too."""
    os.environ["LANGUAGE"] = language()  # where gettext.gettext, which click calls, looks
    gettext.bindtextdomain("messages", str(LOCALES))


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("sohoa", LOCALES, [language], fallback=True)


def speak(language: str) -> None:
    """Choose the language of this request; an unknown one leaves it as it is."""
    if language in LANGUAGES:
        _spoken.set(language)


def language() -> str:
    """Return the language of the screen: the request's, else SOHOA_LANG, else Vietnamese."""
    if spoken := _spoken.get():
        return spoken
    wanted = os.environ.get("SOHOA_LANG", "vi")[:2].lower()
    return wanted if wanted in LANGUAGES else "vi"


def _(message: str) -> str:
    """Return the message in the language of the screen."""
    return _catalogue(language()).gettext(message)
