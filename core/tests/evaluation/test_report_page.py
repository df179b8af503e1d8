"""report.html in a real browser: what it shows, what it never does, how heavy and how quick it is."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import random
import re
import runpy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.evaluation import predictions_table
from tasktune.evaluation.document import Heading, Paragraph, Table, as_html
from tasktune.evaluation.page import embedded
from tasktune.evaluation.predictions import Confidence, LabelProbability, Prediction, parse_outputs
from tasktune.evaluation.report import RunFacts, report_sections
from tasktune.evaluation.report_html import report_page
from tasktune.evaluation.score import score
from tasktune.locale import use_language
from tasktune.training.record import TrainingRecord
from tasktune.types import Record

Make = Callable[..., Any]
Rows = list[tuple[Record, str]]
CHROMIUM = Path(__file__).parents[1] / "chromium.py"
READY = "performance.getEntriesByName('predictions').length"
SHOWN = "[...document.querySelectorAll('.predictions tbody tr:not(.detail)')].map((row) => row.cells[0].innerText)"
COUNT = "document.querySelector('[role=status]').textContent"
RECORD = TrainingRecord(steps=2, history=({"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}))
FIGURES = {"figures/loss.svg": '<svg xmlns="http://www.w3.org/2000/svg" id="loss"></svg>'}

HOSTILE = [
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "<!--<script>",
    "]]></style><svg onload='window.hit = 1'>",
    "\u2028 and \u2029",
    "half a pair: \ud83d",
    "'\"`${window.hit = 1}`\"'",
    "{shown} {total} &lt; &amp;",
    "\u202etxet desrever",
    "a\nb\tc\u0000d",
    "長" * 400,
    "x" * 400,
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with runpy.run_path(str(CHROMIUM))["chromium"]() as running:
        yield running


def page_of(
    task: Any,
    rows: Rows,
    path: Path,
    language: str = "en",
    *,
    shares: Mapping[str, float] | None = None,
    labels: tuple[LabelProbability, ...] = (),
) -> Path:
    """The page of a made evaluation; ``shares`` are the answers' probabilities by record."""
    use_language(language)
    facts = RunFacts(version="v1", date="2026-11-20", rows={"test": len(rows)})  # type: ignore[arg-type]
    evaluation = score(task, rows)
    predictions = [Prediction.of(row) for row in parse_outputs(task, rows)]
    for place, each in enumerate(predictions):
        if each.id in (shares or {}):
            sure = Confidence(probability=(shares or {})[each.id], logprob=-1.0, tokens=2, labels=labels)
            predictions[place] = each.model_copy(update={"confidence": sure})
    sections = report_sections(evaluation, task, facts, predictions, language=language, training=RECORD)
    path.write_text(report_page(evaluation, task, sections, FIGURES, predictions, language=language), "utf-8")
    return path


def opened(browser: Any, path: Path, **how: Any) -> Any:
    page = browser.open(path, **how)
    page.wait_for(READY)
    return page


def choose(page: Any, name: str, value: str) -> None:
    """Set a filter as a user does, and wait for the table."""
    page.evaluate(
        f"(() => {{ const input = document.querySelector('form').elements[{json.dumps(name)}];"
        f"input.value = {json.dumps(value)}; input.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
    )
    page.evaluate("new Promise((done) => setTimeout(done, 150))")


@pytest.fixture
def hostile_rows() -> Rows:
    """Every hostile text as a text, as a field's name and as what the model wrote."""
    return [
        (Record(id=f"t:{number}", inputs={"text": text, HOSTILE[1]: text[:9]}, target="red"), text)
        for number, text in enumerate(HOSTILE, 1)
    ]


@pytest.mark.parametrize("language", ["en", "zh-TW"])
@pytest.mark.parametrize("width", [360, 1280])
def test_hostile_texts_are_shown_and_do_nothing(
    make_task: Make, hostile_rows: Rows, browser: Any, tmp_path: Path, language: str, width: int
) -> None:
    task = make_task({"labels": ("red", "green", HOSTILE[0], 'a"><b', "x" * 60)}, language=language)
    path = page_of(task, hostile_rows, tmp_path / "report.html", language)
    page = opened(browser, path, width=width)
    assert page.evaluate("window.hit === undefined && document.scripts.length === 2 && !document.images.length")
    # Every text in the table is the record's, to the character.
    shown = "[...document.querySelectorAll('.predictions tbody tr')].map((row) => row.cells[3].firstChild.firstChild"
    for number, text in enumerate(HOSTILE):
        assert page.evaluate(f"{shown}.textContent)[{number}] === {json.dumps(text)}"), text
    page.evaluate("document.querySelectorAll('.predictions td button').forEach((button) => button.click())")
    for number, text in enumerate(HOSTILE):
        outputs = "[...document.querySelectorAll('.detail dl')].map((list) => list.children[7].textContent)"
        assert page.evaluate(f"{outputs}[{number}] === {json.dumps(text)}"), text
    assert page.evaluate("window.hit === undefined && document.scripts.length === 2 && !document.images.length")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.lang") == language
    assert page.requests == [path.as_uri()]
    assert page.errors == []


def test_nothing_but_the_one_script_can_run(make_task: Make, rows: Rows, browser: Any, tmp_path: Path) -> None:
    path = page_of(make_task(), rows, tmp_path / "report.html")
    text = path.read_text("utf-8")
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    [_data, script] = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    references = re.findall(r'(?:src|href|url|action)\s*[=(]\s*["\']?([^"\'\s>)]+)', text)
    assert references
    assert all(reference.startswith("#part") for reference in references)
    page = opened(browser, path)
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit = 1\">');"
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hit = 1' }))"
    )
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    assert page.evaluate("window.hit === undefined")


def test_the_parts_of_the_report_and_its_plots_are_there(
    make_task: Make, rows: Rows, browser: Any, tmp_path: Path
) -> None:
    page = opened(browser, page_of(make_task(), rows, tmp_path / "report.html"))
    headings = page.evaluate("[...document.querySelectorAll('h2')].map((each) => each.textContent)")
    assert headings[:3] == ["Overall", "Per class", "Confusion matrix"]
    assert headings[-1] == "Predictions"
    links = "[...document.querySelectorAll('nav a')]"
    assert page.evaluate(f"{links}.map((link) => link.textContent)") == headings
    assert page.evaluate(f"{links}.every((link) => document.querySelector(link.hash))")
    assert page.evaluate("document.querySelector('#loss') !== null")
    assert "60.0%" in page.evaluate("document.querySelector('.figures').innerText")
    assert page.evaluate("document.querySelectorAll('svg circle').length") == 3
    # The matrix: six right ones on the diagonal; the darkest cell is the one with the largest share of its row.
    cells = page.evaluate(
        "[...document.querySelectorAll('.heat button')].map((each) => [each.ariaLabel, each.innerText])"
    )
    assert ["red → red: 4", "4"] in cells
    assert sum(int(count) for _label, count in cells) == 9


def test_filters_and_sorting(make_task: Make, browser: Any, tmp_path: Path) -> None:
    golds = ["red", "green", "blue"] * 40
    outputs = ["[red]", "[green]", "[red]", "nonsense"] * 30
    rows = [
        (Record(id=f"t:{n}", inputs={"text": f"Thing {n} ÄÖ", "source": ("ptt", "news")[n % 2]}, target=gold), output)
        for n, (gold, output) in enumerate(zip(golds, outputs, strict=True))
    ]
    page = opened(browser, page_of(make_task(), rows, tmp_path / "report.html"))
    assert page.evaluate(COUNT) == "120 of 120 predictions"
    assert len(page.evaluate(SHOWN)) == predictions_table.PAGE_ROWS
    right = {n for n, (gold, output) in enumerate(zip(golds, outputs, strict=True)) if output == f"[{gold}]"}

    choose(page, "state", "right")
    assert page.evaluate(COUNT) == f"{len(right)} of 120 predictions"
    choose(page, "state", "unreadable")
    assert page.evaluate(COUNT) == "30 of 120 predictions"
    assert all("unreadable" in row for row in page.evaluate(SHOWN))
    choose(page, "gold", "blue")
    choose(page, "field0", "news")
    wanted = [n for n in range(120) if n % 4 == 3 and golds[n] == "blue" and n % 2]
    assert [row.split()[0] for row in page.evaluate(SHOWN)] == [f"t:{n}" for n in wanted]
    choose(page, "words", "thing 11 äö")
    assert [row.split()[0] for row in page.evaluate(SHOWN)] == [f"t:{n}" for n in wanted if "11" in f"{n}"]
    assert page.evaluate("[...document.querySelectorAll('mark')].some((each) => each.textContent === 'ÄÖ')")
    page.evaluate("document.querySelector('[type=reset]').click(); new Promise((done) => setTimeout(done, 50))")
    assert page.evaluate(COUNT) == "120 of 120 predictions"

    # A cell of the matrix: gold green, answered red.
    confused = sum(gold == "green" and output == "[red]" for gold, output in zip(golds, outputs, strict=True))
    page.evaluate("document.querySelector('[data-gold=green][data-said=red]').click()")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert page.evaluate(COUNT) == f"{confused} of 120 predictions"
    unread = sum(gold == "green" and output == "nonsense" for gold, output in zip(golds, outputs, strict=True))
    page.evaluate("document.querySelector('[data-gold=green][data-said=\"(none)\"]').click()")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert page.evaluate(COUNT) == f"{unread} of 120 predictions"
    page.evaluate("document.querySelector('[type=reset]').click(); new Promise((done) => setTimeout(done, 50))")

    page.evaluate("document.querySelectorAll('.predictions th button')[1].click()")
    assert page.evaluate("document.querySelectorAll('.predictions tbody tr')[0].cells[1].innerText") == "blue"
    page.evaluate("document.querySelectorAll('.predictions th button')[1].click()")
    assert page.evaluate("document.querySelectorAll('.predictions tbody tr')[0].cells[1].innerText") == "red"
    assert page.evaluate("document.querySelector('[aria-sort]').ariaSort") == "descending"
    assert page.evaluate("document.querySelector('[name=before]').disabled")
    page.evaluate("document.querySelector('[name=after]').click(); document.querySelector('[name=after]').click()")
    assert page.evaluate("document.querySelector('.where').textContent") == "Page 3 of 3"
    assert len(page.evaluate(SHOWN)) == 20
    assert page.evaluate("document.querySelector('[name=after]').disabled")
    choose(page, "words", "no such text anywhere")
    assert page.evaluate(COUNT) == "0 of 120 predictions"
    assert page.errors == []


def test_answers_can_be_sorted_by_their_confidence(make_task: Make, rows: Rows, browser: Any, tmp_path: Path) -> None:
    plain = opened(browser, page_of(make_task(), rows, tmp_path / "plain.html"))
    assert plain.evaluate("document.querySelectorAll('.predictions th').length") == 4
    shares = {f"test.jsonl:{n}": share for n, share in enumerate((0.5, 0.25, 0.875), 1)}
    labels = (LabelProbability(value="red", probability=0.5), LabelProbability(value="<b>", probability=0.25))
    path = page_of(make_task(), rows, tmp_path / "report.html", shares=shares, labels=labels)
    page = opened(browser, path, width=360)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.evaluate("document.querySelector('th.confidence button').click()")
    page.evaluate("document.querySelector('th.confidence button').click()")
    cells = page.evaluate(
        "[...document.querySelectorAll('.predictions tbody tr')].map((row) => row.cells[3].innerText)"
    )
    assert cells[:4] == ["87.5%", "50.0%", "25.0%", "—"]
    page.evaluate("document.querySelector('.predictions td button').click()")
    assert "red 50.0%\n<b> 25.0%" in page.evaluate("document.querySelector('.detail').innerText")
    assert page.errors == []


def test_the_keyboard_is_enough(make_task: Make, rows: Rows, browser: Any, tmp_path: Path) -> None:
    page = opened(browser, page_of(make_task(), rows, tmp_path / "report.html"))
    for _press in range(60):
        page.press("Tab", 9)
        if page.evaluate("document.activeElement.name") == "words":
            break
    page.type("thing 7")
    page.wait_for(f"{COUNT} === '1 of 10 predictions'")
    for _press in range(20):
        page.press("Tab", 9)
        if page.evaluate("document.activeElement.matches('.predictions td button')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Enter", 13, "\r")
    assert page.evaluate("document.activeElement.ariaExpanded") == "true"
    assert "[blue]" in page.evaluate("document.querySelector('.detail').innerText")
    page.press("Enter", 13, "\r")
    assert page.evaluate("document.querySelector('.detail') === null")


def test_light_and_dark(make_task: Make, rows: Rows, browser: Any, tmp_path: Path) -> None:
    path = page_of(make_task(), rows, tmp_path / "report.html")
    colours = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    light, dark = (opened(browser, path, dark=dark).evaluate(colours) for dark in (False, True))
    assert light[0] == "rgb(255, 255, 255)"
    assert dark[0] != light[0]
    assert dark[1] != light[1]


def test_ten_thousand_predictions_open_in_two_seconds_and_weigh_less_than_five_megabytes(
    make_task: Make, browser: Any, tmp_path: Path
) -> None:
    labels = tuple(f"label{number}" for number in range(60))
    dice = random.Random(0)
    rows = []
    for number in range(10_000):
        text = "".join(chr(dice.randrange(0x4E00, 0x5E00)) for _character in range(200))
        record = Record(id=f"data/test.jsonl:{number}", inputs={"text": text}, target=dice.choice(labels))
        rows.append((record, f"[{dice.choice(labels)}]"))
    path = page_of(make_task({"labels": labels}), rows, tmp_path / "report.html")
    assert path.stat().st_size < 5_000_000
    # The best of three: a busy machine says nothing about the page.
    times = []
    for _time in range(3):
        page = opened(browser, path, width=360)
        times.append(page.evaluate("performance.getEntriesByName('predictions')[0].startTime") / 1000)
    assert min(times) < 2.0
    assert page.evaluate(COUNT) == "10,000 of 10,000 predictions"
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def unpacked(packed: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(packed)))


@given(
    st.recursive(
        st.none() | st.text(st.characters()), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_packed_and_embedded_data_come_back_as_they_were(data: Any) -> None:
    assert unpacked(predictions_table.pack(data)) == data
    assert json.loads(embedded(data)) == data
    assert "<" not in embedded(data)


def predictions(count: int, text: str = "thing") -> list[Prediction]:
    rows = [Record(id=f"t:{n}", inputs={"text": text}, target="red") for n in range(count)]
    answered = zip(rows, ("[red]", "[red]", "[blue]") * count, strict=False)
    return [Prediction.model_validate({**each, "correct": each["correct"]}) for each in _plain(answered)]


def _plain(answered: Any) -> Iterator[dict[str, Any]]:
    for record, output in answered:
        answer = {"value": output[1:-1]}
        yield {**record.model_dump(), "output": output, "answer": answer, "correct": output == "[red]"}


def test_of_too_many_predictions_wrong_ones_stay(make_task: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions_table, "MOST_ROWS", 12)
    table = predictions_table.predictions_table(make_task(), iter(predictions(30)), None)
    columns = unpacked(table.packed)
    assert (table.shown, table.total) == (12, 30)
    assert columns["right"].count(False) == 10
    assert columns["id"] == sorted(columns["id"], key=lambda name: int(name.removeprefix("t:")))


def test_long_texts_are_cut_until_the_page_is_light(make_task: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(5000))
    whole = predictions_table.predictions_table(make_task(), predictions(3, text[:90]), None)
    assert whole.longest is None
    table = predictions_table.predictions_table(make_task(), predictions(3, text), None)
    assert table.longest == 4000
    monkeypatch.setattr(predictions_table, "MOST_BYTES", 2_000)
    small = predictions_table.predictions_table(make_task(), predictions(3, text), None)
    assert small.longest == 300
    assert [len(shown) for shown in unpacked(small.packed)["inputs"]["text"]] == [300] * 3


def test_a_comparison_is_such_a_page_too(browser: Any, tmp_path: Path) -> None:
    blocks = [
        Heading("a <b>", 1),
        Paragraph(HOSTILE[0]),
        Table(["name", "x" * 300], [[HOSTILE[1], "1"]], numbers_from=1),
    ]
    path = tmp_path / "comparison.html"
    path.write_text(as_html(blocks, "en"), "utf-8")
    assert html.escape(HOSTILE[1]) in path.read_text("utf-8")
    page = browser.open(path, width=360)
    assert page.evaluate("document.scripts.length === 0 && !document.images.length")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.requests == [path.as_uri()]
    assert page.errors == []
