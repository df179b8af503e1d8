"""The report's Markdown as HTML: no raw HTML, no links, and figures in the page itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict


def plot(svg: str) -> str:
    """A figure in the text; on a narrow screen it moves by itself, not the page."""
    return f'<span class="scroll">{svg}</span>' if svg else ""


class MarkdownHtml:
    """Writes HTML of what :mod:`tasktune.evaluation.markdown` wrote. ``figures`` are SVGs under the paths that show
    them; an image of any other path is left out."""

    def __init__(self, figures: Mapping[str, str]) -> None:
        self._figures = figures
        reader = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)
        self._reader = reader.enable("table").disable(["link", "autolink"])

    def blocks(self, source: str) -> str:
        """Paragraphs, lists and tables."""
        return str(self._reader.render(source, {"figures": self._figures}))

    def line(self, source: str) -> str:
        """One line, without a paragraph around it."""
        return str(self._reader.renderInline(source, {"figures": self._figures}))


class _Renderer(RendererHTML):
    """Each method writes the token that bears its name."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        figures: Mapping[str, str] = env["figures"]
        return plot(figures.get(str(tokens[idx].attrs["src"]), ""))

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="scroll"><table>'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>"
