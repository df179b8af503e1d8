"""What the characters of the rows tell: language, Simplified or Traditional, widths, and characters that do harm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tasktune.data.checking.characters import SCRIPTS, Mark
from tasktune.data.checking.findings import DataFinding
from tasktune.data.checking.survey import Evidence, Survey
from tasktune.locale import translate as _
from tasktune.types import Severity

# Languages by what they are written in; most others are written in Latin letters, some in letters that are not told
# apart here, and of those nothing is said.
_SCRIPTS = {
    "zh": Mark.HAN,
    "ja": Mark.HAN | Mark.KANA,
    "ko": Mark.HANGUL,
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "mn"), Mark.CYRILLIC),
    **dict.fromkeys(("ar", "fa", "ur", "ps"), Mark.ARABIC),
    "th": Mark.THAI,
}
_LATIN = frozenset(
    re.findall(
        "[a-z]+",
        """af az ca cs cy da de en es et eu fi fil fr ga gl hr hu id is it lt lv ms mt nl no nb nn pl pt ro sk sl sq sv
        sw tl tr uz vi""",
    )
)
_TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")
_SIMPLIFIED = ("zh-cn", "zh-sg", "zh-hans")
_LEAST_SHARE = 0.5


@dataclass(frozen=True)
class _Kind:
    code: str
    marks: Mark
    severity: Severity
    fixable: bool
    message: Callable[[int], str]
    fix: Callable[[], str]


# Each calls the translator itself, so that the language is that of the moment.
_KINDS = (
    _Kind(
        "control_characters",
        Mark.CONTROL,
        "warning",
        True,
        lambda n: _("{count} rows have control characters, such as a stray carriage return", count=n),
        lambda: _("take them out"),
    ),
    _Kind(
        "invisible_characters",
        Mark.INVISIBLE,
        "warning",
        True,
        lambda n: _(
            "{count} rows have characters that nobody sees: zero width, byte order marks, soft hyphens", count=n
        ),
        lambda: _("take them out"),
    ),
    _Kind(
        "lost_characters",
        Mark.REPLACEMENT,
        "warning",
        False,
        lambda n: _("{count} rows have U+FFFD, which stands where a character was lost", count=n),
        lambda: _("export the rows again in the right encoding"),
    ),
    _Kind(
        "mojibake",
        Mark.MOJIBAKE,
        "warning",
        False,
        lambda n: _("{count} rows are UTF-8 that was read as Latin-1 (Ã© for é)", count=n),
        lambda: _("export the rows again, or import the file again as UTF-8"),
    ),
    _Kind(
        "private_characters",
        Mark.PRIVATE,
        "warning",
        False,
        lambda n: _("{count} rows have private-use characters, which mean nothing without their font", count=n),
        lambda: _("write the characters that are meant"),
    ),
    _Kind(
        "markup",
        Mark.MARKUP,
        "info",
        False,
        lambda n: _("{count} rows have HTML entities or tags", count=n),
        lambda: _("take them out, unless the model will be asked about text that has them too"),
    ),
    _Kind(
        "compatibility_characters",
        Mark.COMPATIBILITY,
        "info",
        False,
        lambda n: _("{count} rows have letters that NFKC replaces by others, such as ligatures", count=n),
        lambda: _("write the ordinary letters, in the rows and in what the model will be asked"),
    ),
    _Kind(
        "decomposed_accents",
        Mark.DECOMPOSED,
        "info",
        False,
        lambda n: _("{count} rows are not in NFC: a letter and its accent are two characters", count=n),
        lambda: _("normalise the rows and what the model will be asked to NFC"),
    ),
    _Kind(
        "outer_spaces",
        Mark.OUTER_SPACE,
        "info",
        True,
        lambda n: _("{count} rows begin or end with a space or an empty line", count=n),
        lambda: _("take it away"),
    ),
)


def texts(survey: Survey, language: str) -> Iterator[DataFinding]:
    """Everything that characters tell, against the ``language`` that the task declares."""
    yield from _language(survey, language)
    yield from _chinese(survey, language)
    yield from _widths(survey)
    for kind in _KINDS:
        # An input's outer space is the user's slip; an answer's was refused if it mattered.
        anywhere = survey.input_marks if kind.marks == Mark.OUTER_SPACE else survey.all_marks
        found = survey.marked(anywhere, lambda marks, wanted=kind.marks: bool(marks & wanted))  # type: ignore[misc]
        if found.count:
            yield DataFinding(
                code=kind.code,
                severity=kind.severity,
                message=kind.message(found.count),
                fix=kind.fix(),
                count=found.count,
                ids=tuple(found.ids),
                fixable=kind.fixable,
            )


def scripts_of(language: str) -> Mark:
    """The scripts in which a language tag's language is written; none if that is not known here."""
    primary = language.lower().partition("-")[0]
    return _SCRIPTS.get(primary, Mark.LATIN if primary in _LATIN else Mark(0))


def _language(survey: Survey, language: str) -> Iterator[DataFinding]:
    expected = scripts_of(language)
    if not expected:
        return
    written = survey.marked(survey.input_marks, lambda marks: bool(marks & SCRIPTS))
    others = survey.marked(survey.input_marks, lambda marks: bool(marks & SCRIPTS) and not marks & expected)
    if not others.count:
        return
    if others.count > _LEAST_SHARE * written.count:
        yield DataFinding(
            code="other_language",
            severity="warning",
            message=_(
                "{count} of {rows} rows have no letter of the language that the task declares ({declared})",
                count=others.count,
                rows=written.count,
                declared=language,
            ),
            fix=_("set language in task.yaml to that of the rows; the prompt and the report are written in it"),
            count=others.count,
            ids=tuple(others.ids),
        )
    else:
        yield DataFinding(
            code="rows_in_other_language",
            severity="info",
            message=_(
                "{count} rows have no letter of the task's language ({declared})", count=others.count, declared=language
            ),
            fix=_("look whether they belong here"),
            count=others.count,
            ids=tuple(others.ids),
        )


def _chinese(survey: Survey, language: str) -> Iterator[DataFinding]:
    tag = language.lower()
    if not tag.startswith("zh"):
        return
    simplified = survey.marked(survey.all_marks, lambda marks: bool(marks & Mark.SIMPLIFIED))
    traditional = survey.marked(survey.all_marks, lambda marks: bool(marks & Mark.TRADITIONAL))
    if tag.startswith(_TRADITIONAL):
        yield from _script(simplified, traditional, _("Simplified"), _("Traditional"), language)
    elif tag.startswith(_SIMPLIFIED):
        yield from _script(traditional, simplified, _("Traditional"), _("Simplified"), language)
    elif simplified.count and traditional.count:
        fewer = min(simplified, traditional, key=lambda found: found.count)
        yield DataFinding(
            code="mixed_chinese",
            severity="warning",
            message=_(
                "{simplified} rows have characters of Simplified and {traditional} of Traditional Chinese",
                simplified=simplified.count,
                traditional=traditional.count,
            ),
            fix=_("convert one to the other (OpenCC does), or say which it is with language: zh-TW or zh-CN"),
            count=fewer.count,
            ids=tuple(fewer.ids),
        )


def _script(wrong: Evidence, right: Evidence, name: str, wanted: str, language: str) -> Iterator[DataFinding]:
    if not wrong.count:
        return
    most = wrong.count > right.count
    yield DataFinding(
        code="other_chinese" if most else "mixed_chinese",
        severity="warning",
        message=_(
            "{count} rows have characters of {name} Chinese, and language: {declared} means {wanted}",
            count=wrong.count,
            name=name,
            declared=language,
            wanted=wanted,
        ),
        fix=_("set language to zh-TW or zh-CN as the rows are")
        if most
        else _("convert these rows (OpenCC does), or take them out"),
        count=wrong.count,
        ids=tuple(wrong.ids),
    )


def _widths(survey: Survey) -> Iterator[DataFinding]:
    full = survey.marked(survey.all_marks, lambda marks: bool(marks & Mark.FULL_WIDTH))
    half = survey.marked(survey.input_marks, lambda marks: bool(marks & Mark.HALF_WIDTH))
    if full.count:
        yield DataFinding(
            code="full_width_letters",
            severity="warning" if half.count else "info",
            message=_(
                "{full} rows have full-width letters or digits (Ａ, １) and {half} half-width ones (A, 1)",
                full=full.count,
                half=half.count,
            ),
            fix=_("write all of them in one width, in the rows and in what the model will be asked; NFKC does"),
            count=full.count,
            ids=tuple(full.ids),
        )
