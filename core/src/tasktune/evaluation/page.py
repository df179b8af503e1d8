"""One HTML file that needs no other: its style, and at most one script, which a hash in its policy names.

The policy (W3C, Content Security Policy Level 3) lets nothing be loaded and nothing run but that script, so that even
markup that slipped through would do nothing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from functools import cache
from pathlib import Path
from typing import Any

from tasktune.evaluation.markdown import plain


def page(title: str, body: str, language: str, *, script: str = "", data: Any = None) -> str:
    """A page of ``body``, which is HTML already; ``title`` is plain text.

    ``script`` runs after the body; ``data`` is for it, as JSON in the element ``data``.
    """
    parts = [body]
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'"
        parts += [f'<script type="application/json" id="data">{embedded(data)}</script>', f"<script>{script}</script>"]
    inside = "\n".join(parts)
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{resource('page.css')}</style>"
    )
    html_of = f'<html lang="{text(language)}">\n<head>\n{head}\n</head>\n<body>\n{inside}\n</body>\n</html>'
    return f"<!DOCTYPE html>\n{html_of}\n"


def text(words: str) -> str:
    """HTML that shows the words on one line, and nothing but the words, as text or in an attribute."""
    return html.escape(plain(words))


def embedded(data: Any) -> str:
    """JSON that can stand in a script element: it ends none and begins no comment, whatever the data are."""
    return json.dumps(data).replace("<", "\\u003c")


@cache
def resource(name: str) -> str:
    """A file that lies beside this module."""
    return (Path(__file__).parent / name).read_text("utf-8")
