"""The language of messages: source strings are Vietnamese, English is the second.

Wrap every sentence a person reads in `_()`, with named places filled in afterwards:
`_("{file} trống").format(file=name)`. `SOHOA_LANG=en` chooses English.
"""

import gettext
import os
from functools import cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
LANGUAGES = ("vi", "en")


def translate_click() -> None:
    """Make click's own words (usage, options, errors) speak the language of the screen too."""
    os.environ["LANGUAGE"] = language()  # where gettext.gettext, which click calls, looks
    gettext.bindtextdomain("messages", str(LOCALES))


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("sohoa", LOCALES, [language], fallback=True)


def language() -> str:
    """Return the language of the screen: SOHOA_LANG, else Vietnamese."""
    wanted = os.environ.get("SOHOA_LANG", "vi")[:2].lower()
    return wanted if wanted in LANGUAGES else "vi"


def _(message: str) -> str:
    """Return the message in the language of the screen."""
    return _catalogue(language()).gettext(message)
