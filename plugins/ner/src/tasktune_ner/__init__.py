"""The task type ``ner``: the named entities of a text, with their types and character offsets."""

from __future__ import annotations

from pathlib import Path

from tasktune.locale import Translator

__version__ = "0.1.0"

translate = Translator(Path(__file__).parent / "locale")
"""The plugin's translator, imported as ``_`` by the modules that speak to users."""
