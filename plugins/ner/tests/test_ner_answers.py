"""Completions and answers: exact for every flat set of entities, deliberate about everything that models write."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer, grammar_from

from tasktune.grammar import accepts
from tasktune.plugins import load_task_type
from tasktune.types import Answer, Record
from tasktune_ner.options import NerOptions

NER = load_task_type("ner")
OPTIONS = NerOptions(labels=("PER", "ORG", "LOC"))
TEXT = "台積電與聯電。台積電 Ada 與台積"


def entity(text: str, label: str, start: int | None) -> dict[str, Any]:
    return {"text": text, "label": label, "start": start, "end": None if start is None else start + len(text)}


def parse(output: str, text: str = TEXT) -> Answer:
    return NER.parse_output(output, Record(id="1", inputs={"text": text}), OPTIONS)


@st.composite
def flat_records(draw: st.DrawFn) -> Record:
    """Any text and any flat entities in it; few different characters, so that mentions repeat and overlap."""
    alphabet = draw(st.sampled_from(["ab", "台積電 ", 'a"\\\n[{', "😀👩\u200d🇹🇼e\u0301", None]))
    characters = st.characters(exclude_categories=["Cs"]) if alphabet is None else st.sampled_from(alphabet)
    text = draw(st.text(characters, min_size=1, max_size=24))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)))
    spans = [span for span in pairwise(cuts) if draw(st.booleans())]
    target = [entity(text[start:end], draw(st.sampled_from(OPTIONS.labels)), start) for start, end in spans]
    return Record(id="1", inputs={"text": text}, target=target)


@settings(max_examples=300)
@given(flat_records())
@example(Record(id="1", inputs={"text": "aaa"}, target=[entity("aa", "PER", 1)]))
def test_completion_parses_back_for_every_flat_target(record: Record) -> None:
    completion = NER.build_prompt(record, OPTIONS).completion
    assert completion is not None
    assert NER.parse_output(completion, record, OPTIONS) == Answer(value=record.target)


@given(flat_records())
@example(Record(id="1", inputs={"text": "aaa"}, target=[entity("aa", "PER", 1)]))
def test_each_entity_is_a_part_of_the_completion_under_its_type(record: Record) -> None:
    completion = NER.build_prompt(record, OPTIONS).completion
    assert completion is not None
    spans = NER.class_spans(completion, record, OPTIONS)
    assert spans is not None
    assert [span.name for span in spans] == [each["label"] for each in record.target]
    parts = [completion[span.start : span.end] for span in spans]
    assert [json.loads(part)["text"] for part in parts] == [each["text"] for each in record.target]
    assert completion == f"[{', '.join(parts)}]"


@given(flat_records().filter(lambda record: str(record.inputs["text"]).strip()))
def test_data_row_reads_back_for_every_flat_target(record: Record) -> None:
    row = {**record.inputs, "entities": list(reversed(record.target))}
    assert NER.read_record(row, "1", OPTIONS) == record


@given(flat_records())
def test_grammar_accepts_the_completion_of_every_flat_target(record: Record) -> None:
    prompt, grammar = NER.build_prompt(record, OPTIONS), NER.answer_grammar(record, OPTIONS)
    assert grammar is not None
    assert prompt.completion is not None
    assert accepts(grammar, prompt.completion)


@given(flat_records(), st.randoms(use_true_random=False))
def test_whatever_the_grammar_lets_through_stands_in_the_text(record: Record, chance: random.Random) -> None:
    answer = NER.parse_output(a_sentence_of(NER.answer_grammar(record, OPTIONS) or "", chance), record, OPTIONS)
    assert answer.parsed, answer.error
    for each in answer.value:
        assert each["text"] in str(record.inputs["text"])
        assert each["label"] in OPTIONS.labels


@given(flat_records(), st.randoms(use_true_random=False))
def test_what_the_grammar_lists_has_places_in_order(record: Record, chance: random.Random) -> None:
    written = a_sentence_of(NER.answer_grammar(record, OPTIONS) or "", chance)
    listed = json.loads(written)
    for each in listed:
        each.pop("nth", None)  # the random one may ask for more occurrences than there are
    answer = NER.parse_output(json.dumps(listed), record, OPTIONS)
    assert [each["text"] for each in answer.value] == [each["text"] for each in listed]
    starts = [each["start"] for each in answer.value]
    assert None not in starts
    assert starts == sorted(starts)


def test_grammar_of_a_long_text_keeps_to_the_text() -> None:
    text = "台積電董事長魏哲家昨日在新竹宣布擴廠，" * 60
    grammar = NER.answer_grammar(Record(id="1", inputs={"text": text}), OPTIONS)
    assert grammar is not None
    assert accepts(grammar, '[{"text": "魏哲家", "label": "PER"}, {"text": "台積電", "label": "ORG"}]')
    assert not accepts(grammar, '[{"text": "魏家", "label": "PER"}]')


def a_sentence_of(grammar: str, chance: random.Random) -> str:
    """A random text of the grammar: any byte that may come next, an end where one may be."""
    bytes_only = LLTokenizer("byte")
    matcher = LLMatcher(bytes_only, grammar_from("lark", grammar))
    written = bytearray()
    while not matcher.is_stopped() and not (matcher.is_accepting() and chance.random() < 0.5):
        mask = matcher.compute_bitmask()
        byte = chance.choice([byte for byte in range(256) if mask[byte // 8] >> byte % 8 & 1])
        assert matcher.consume_token(byte)
        written.append(byte)
    return written.decode()


@pytest.mark.parametrize(
    "text",
    [
        '[{"text": "台電", "label": "ORG"}]',
        '[{"text": "", "label": "ORG"}]',
        '[{"text": "台積電", "label": "公司"}]',
        '[{"text": "聯電", "label": "ORG"}, {"text": "聯電", "label": "ORG"}]',
        '[{"text": "Ada", "label": "PER"}, {"text": "聯電", "label": "ORG"}]',
        "[",
        "",
    ],
)
def test_grammar_refuses(text: str) -> None:
    grammar = NER.answer_grammar(Record(id="1", inputs={"text": TEXT}), OPTIONS)
    assert grammar is not None
    assert not accepts(grammar, text)


def test_nth_is_written_only_where_it_is_needed() -> None:
    found = [entity("台積電", "ORG", 7), entity("台積", "PER", 14)]
    completion = NER.build_prompt(Record(id="1", inputs={"text": TEXT}, target=found), OPTIONS).completion
    assert completion is not None
    assert json.loads(completion) == [
        {"text": "台積電", "label": "ORG", "nth": 2},
        {"text": "台積", "label": "PER"},
    ]


ORG = entity("台積電", "ORG", 0)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("[]", []),
        ('[{"text": "台積電", "label": "ORG"}]', [ORG]),
        ('[{"label": "ORG", "text": "台積電"}]', [ORG]),
        ('[{"text":"台積電","type":"ORG","start":99,"score":0.5,"nested":{"a":[]}}]', [ORG]),
        ('```json\n[\n  {"text": "台積電", "label": "ORG"}\n]\n```', [ORG]),
        ('好的，結果如下：[{"text": "台積電", "label": "ORG"}] 希望有幫助', [ORG]),
        ('<think>\n[{"text": "聯電", "label": "ORG"}]？\n</think>\n\n[{"text": "台積電", "label": "ORG"}]', [ORG]),
        ('[{"text": "台積電", "label": "ORG"}]<|im_end|>\n[]', [ORG]),
        ('[{"text": "\\u53f0\\u7a4d\\u96fb", "label": "ORG"}]', [ORG]),
        ('[{"text": "台積電", "label": "ORG"}, {"text": "台積電", "label": "ORG"}]', [ORG, entity("台積電", "ORG", 7)]),
        ('[{"text": "台積電", "label": "ORG", "nth": 2}]', [entity("台積電", "ORG", 7)]),
        ('[{"text": "聯電", "label": "ORG", "nth": 9}]', [entity("聯電", "ORG", 4)]),
        ('[{"text": "聯電", "label": "ORG", "nth": true}]', [entity("聯電", "ORG", 4)]),
        ('[{"text": "聯電", "label": "ORG", "nth": "2"}]', [entity("聯電", "ORG", 4)]),
        (
            '[{"text": "聯電", "label": "ORG"}, {"text": "台積電", "label": "ORG"}]',
            [entity("聯電", "ORG", 4), entity("台積電", "ORG", 7)],
        ),
        (
            '[{"text": "Ada", "label": "PER"}, {"text": "聯電", "label": "ORG"}]',
            [entity("聯電", "ORG", 4), entity("Ada", "PER", 11)],
        ),
        (
            json.dumps([{"text": "台積電", "label": "ORG"}] * 3),
            [ORG, entity("台積電", "ORG", 7), entity("台積電", "ORG", None)],
        ),
        (
            '[{"text": "Ada", "label": "PER"}, {"text": "聯電", "label": "ORG"}, {"text": "台積電", "label": "ORG"}]',
            [ORG, entity("聯電", "ORG", 4), entity("Ada", "PER", 11)],
        ),
        ('[{"text": "鴻海", "label": "ORG"}, {"text": "台積電", "label": "ORG"}]', [ORG, entity("鴻海", "ORG", None)]),
        ('[{"text": "臺積電", "label": "ORG"}]', [entity("臺積電", "ORG", None)]),
        ('[{"text": "台積電", "label": "公司"}]', [entity("台積電", "公司", 0)]),
        ('[{"text": "台積電", "label": "ORG"}, {"text": "台積", "label": "LOC"}]', [ORG, entity("台積", "LOC", 7)]),
    ],
)
def test_answers(output: str, expected: list[dict[str, Any]]) -> None:
    assert parse(output) == Answer(value=expected)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("", "empty"),
        ("沒有實體", "no JSON"),
        ('{"ORG": ["台積電"]}', "not an array"),
        ('{"entities": [{"text": "台積電", "label": "ORG"}]}', "not an array"),
        ('[{"text": "台積電", "label": "ORG"}, {"te', "breaks off"),
        ('[{"text": "台積電", "label": "ORG"}', "breaks off"),
        ("[{'text': '台積電', 'label': 'ORG'}]", "not valid"),
        ('[{"text": "台積電", "label": "ORG"},]', "not valid"),
        ('["台積電"]', "entity 1 is not an object"),
        ('[["台積電", "ORG"]]', "entity 1 is not an object"),
        ('[{"text": "台積電", "label": "ORG"}, {"label": "ORG"}]', "entity 2 has no text"),
        ('[{"text": "", "label": "ORG"}]', "entity 1 has no text"),
        ('[{"text": ["台積電"], "label": "ORG"}]', "entity 1 has no text"),
        ('[{"text": "台積電"}]', "entity 1 has no label"),
        ('[{"text": "台積電", "label": null, "type": "ORG"}]', "entity 1 has no label"),
        ("[" * 100_000, ""),
    ],
)
def test_answers_that_cannot_be_read(output: str, says: str) -> None:
    answer = parse(output)
    assert not answer.parsed
    assert says in str(answer.error)


def test_prompt_in_both_languages() -> None:
    record = Record(id="1", inputs={"text": "Ada 在{新竹}"}, target=[])
    chinese = NER.build_prompt(record, NerOptions(labels=("PER", "LOC"), domain="新聞")).messages
    english = NER.build_prompt(
        record, NerOptions(labels=("PER", "LOC"), language="en", label_descriptions={"PER": "people {x}"})
    ).messages
    assert "領域：新聞。\n實體類型：PER、LOC。" in chinese[0].content
    assert chinese[1].content == "文本：Ada 在{新竹}"
    assert "Entity types:\n- PER: people {x}\n- LOC\n" in english[0].content
    assert english[1].content == "Text: Ada 在{新竹}"


def test_prompt_overrides() -> None:
    options = NerOptions(labels=("PER",), system_prompt="找出：{labels}", input_template="{title}/{text}")
    record = Record(id="1", inputs={"text": "內文", "title": "標題"})
    assert [message.content for message in NER.build_prompt(record, options).messages] == ["找出：PER", "標題/內文"]
