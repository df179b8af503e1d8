"""Messages in English and Traditional Chinese.

The English text stands in the code and is the key; ``zh-TW.json`` beside the code that uses it holds the
translations. Each distribution makes its own :class:`Translator` over its own folder::

    from tasktune.locale import Translator
    _ = Translator(Path(__file__).parent / "locale")
    _("label {label} is not in the label set", label="好")

The language is one setting of the process: ``use_language`` sets it, the command line's ``--lang`` calls it.
"""

from __future__ import annotations

import json
import locale
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

LANGUAGES = ("en", "zh-TW")

_language = "en"


def use_language(language: str) -> None:
    """Set the language of all messages from now on: ``en`` or ``zh-TW``; any other ``zh…`` counts as zh-TW."""
    global _language
    _language = nearest_language(language)


def current_language() -> str:
    """The language that messages are in now."""
    return _language


def nearest_language(language: str) -> str:
    """The supported language that a language tag such as ``zh_TW.UTF-8`` or ``zh-Hant`` comes nearest to."""
    return "zh-TW" if language.lower().replace("_", "-").startswith("zh") else "en"


def environment_language() -> str:
    """The language that the environment asks for (LC_ALL, LC_MESSAGES, LANG)."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return nearest_language(os.environ[variable])
    return nearest_language(locale.getlocale()[0] or "en")


def spoken(words: Mapping[str, str]) -> str:
    """What stands in both languages, as ``{"en": …, "zh-TW": …}``, in the language that messages are in now."""
    return words.get(_language) or words["en"]


class Translator:
    """Looks English messages up in a folder of ``<language>.json`` catalogues; a missing one stays English."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _catalogues(self) -> dict[str, dict[str, str]]:
        return {path.stem: json.loads(path.read_text("utf-8")) for path in self.folder.glob("*.json")}

    def __call__(self, message: str, /, *, language: str | None = None, **values: object) -> str:
        """The message in ``language`` (default: the process's), its ``{fields}`` filled from ``values``."""
        language = language or _language
        text = message if language == "en" else self._catalogues.get(language, {}).get(message, message)
        return text.format_map(values) if values else text


translate = Translator(Path(__file__).parent)
"""Core's own translator, imported as ``_`` by the modules that speak to users."""
