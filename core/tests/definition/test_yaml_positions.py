"""YAML: the core schema's types, a line for every value, and clear problems for text that is not what it should be."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.definition.tree import find, plain
from tasktune.definition.yaml_positions import decode, parse
from tasktune.errors import InputError


def value_of(text: str) -> Any:
    return plain(parse(f"key: {text}\n", "t.yaml"))["key"]


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text, "t.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("'~'", "~"),
        ("1e-5", 1e-5),
        ("1E5", 1e5),
        ("2.e3", 2000.0),
        (".5", 0.5),
        ("-.5e+1", -5.0),
        ("+12", 12),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("0x_1", "0x_1"),
        ("1:30", "1:30"),
        ("2025-01-07", "2025-01-07"),
        ("2025-01-07 10:00:00", "2025-01-07 10:00:00"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ('"1e-5"', "1e-5"),
        ("!!str 12", "12"),
        ("!!float 1", 1.0),
        ("!!int '3'", 3),
        ("<<", "<<"),
        ("=", "="),
        ("[1, [a, {b: 2}]]", [1, ["a", {"b": 2}]]),
        ("|\n  一\n  二", "一\n二\n"),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_core_schema(text: str, value: object) -> None:
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number() -> None:
    assert math.isnan(value_of(".NaN"))


def test_keys_are_text_as_written() -> None:
    assert plain(parse("1: a\ntrue: b\n2025-01-07: c\n~: d\n012: e\n", "t.yaml")) == {
        "1": "a",
        "true": "b",
        "2025-01-07": "c",
        "~": "d",
        "012": "e",
    }


def test_every_value_knows_its_line() -> None:
    root = parse("a: 1\nb:\n  c:\n    - x\n    - {d: 2}\n    -\n      e: |\n        text\nf: 3\n", "t.yaml")
    lines = {
        ("a",): 1,
        ("b",): 2,
        ("b", "c"): 3,
        ("b", "c", 0): 4,
        ("b", "c", 1, "d"): 5,
        ("b", "c", 2, "e"): 7,
        ("f",): 9,
    }
    for path, line in lines.items():
        node = find(root, path)
        assert node is not None
        assert (node.place.file, node.place.line, node.place.path) == ("t.yaml", line, path)


def test_anchors_and_merge_keys() -> None:
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\none: {<<: *b, y: 9}\ntwo: {<<: [*b, *m]}\nthree: *b\n"
    found = plain(parse(text, "t.yaml"))
    assert found["one"] == {"x": 1, "y": 9}
    assert found["two"] == {"x": 1, "y": 2, "z": 4}
    assert found["three"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", ["t.yaml:3: a: the key stands here twice; first on line 1 (remove one of them)"]),
        (
            "a: {x: 1, x: 2}\nb: !!python/object:os.system ls\nc: !mine {}\n",
            [
                "t.yaml:1: a.x: the key stands here twice; first on line 1 (remove one of them)",
                "t.yaml:2: b: the tag tag:yaml.org,2002:python/object:os.system is not supported (remove the tag)",
                "t.yaml:3: c: the tag !mine is not supported (remove the tag)",
            ],
        ),
        ("a: !!int x\n", ["t.yaml:1: a: 'x' is no int"]),
        ("a: !!int 1_0\n", ["t.yaml:1: a: '1_0' is no int"]),
        ("a: !!bool maybe\n", ["t.yaml:1: a: 'maybe' is no bool"]),
        ("a: !!timestamp 2025-01-07\n", ["t.yaml:1: a: the tag tag:yaml.org,2002:timestamp is not supported"]),
        ("a: !!set {x, y}\n", ["t.yaml:1: a: the tag tag:yaml.org,2002:set is not supported"]),
        ("a: &x [*x]\n", ["t.yaml:1: a[0]: the alias refers to itself"]),
        ("a: &x {b: *x}\n", ["t.yaml:1: a.b: the alias refers to itself"]),
        ("a: &x\n  <<: *x\n", ["t.yaml:1: a: the alias refers to itself"]),
        ("a: {<<: 3}\n", ["t.yaml:1: a: << must refer to a section"]),
        ('a: "\\ud800"\n', ["t.yaml:1: a: half a surrogate pair is not text"]),
        ('"\\ud800": a\n', ["t.yaml:1: half a surrogate pair is not text"]),
        ("a:\n\tb: 1\n", ["t.yaml:2: not valid YAML: a tab where YAML wants spaces (indent with spaces)"]),
        ("a: b: c\n", ["t.yaml:1: not valid YAML: a second ': ' on one line"]),
        ("a: 1\n  b: 2\n", ["t.yaml:2: not valid YAML: a second ': ' on one line, or a wrong indentation"]),
        ("a: [1, 2\nb: 3\n", ["t.yaml:2: not valid YAML: "]),
        ("a: *nothing\n", ["t.yaml:1: not valid YAML: found undefined alias"]),
        ("a: 'open\n", ["t.yaml:2: not valid YAML: found unexpected end of stream (a quote or bracket"]),
        ('a: "C:\\data"\n', ["t.yaml:1: not valid YAML: found unknown escape character 'd' (inside double quotes"]),
        ("a: 1\n---\nb: 2\n", ["t.yaml:2: not valid YAML: a second document begins here (remove the '---' line)"]),
        ("a: 1\nb: \x07\n", ["t.yaml:2: the character U+0007 is not allowed in YAML (delete it)"]),
        ("a: {{text}}\n", ["t.yaml:1: a: a key must be text (quote it if it is text)"]),
        ("a: " + "9" * 5000 + "\n", ["t.yaml:1: a: '9999999999999999999999999999999999999999' is no int"]),
    ],
)
def test_problems(text: str, said: list[str]) -> None:
    found = problems(text)
    assert len(found) == len(said)
    for problem, start in zip(found, said, strict=True):
        assert problem.startswith(start)


def test_alias_bomb_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    [said] = problems("\n".join(lines))
    assert "the aliases expand to too many values" in said


def test_merge_bomb_is_refused_quickly() -> None:
    lines = ["a0: &a0 {k: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)]
    [said] = problems("\n".join(lines))
    assert "the aliases expand to too many values" in said


@pytest.mark.parametrize(
    "text", ["[" * 5000, "{a: " * 5000, "- " * 5000, "a:\n" + "".join(" " * n + "b:\n" for n in range(1, 99))]
)
def test_deep_nesting(text: str) -> None:
    [said] = problems(text)
    assert "not valid YAML: nested too deeply" in said


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("標籤: 正面\n".encode("utf-16"), "t.yaml: the file is UTF-16 (save it as UTF-8)"),
        ("a: 1\n標籤: 正面\n".encode("big5"), "t.yaml:2: the file is not UTF-8 (it looks like Big5; save it as UTF-8)"),
        (b"a: \xff\n", "t.yaml:1: the file is not UTF-8 (save it as UTF-8)"),
        (
            b"#" * 1_000_001,
            "t.yaml: 1000001 bytes is too big for a definition (is this the task.yaml, or a data file?)",
        ),
    ],
)
def test_wrong_encoding(raw: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(raw, "t.yaml")
    [problem] = caught.value.problems
    assert str(problem).startswith(said)


def test_byte_order_mark_is_dropped() -> None:
    assert plain(parse(decode("標籤: 正面\n".encode("utf-8-sig"), "t.yaml"), "t.yaml")) == {"標籤": "正面"}


@given(st.text(st.sampled_from("abk:-[]{}&*!|>'\"#%@`,? \n\t\\~<0179.eE_一é\x07\x85\u2028\ufeff"), max_size=60))
def test_any_text_is_a_tree_or_a_problem(text: str) -> None:
    try:
        found = plain(parse(text, "t.yaml"))
    except InputError as error:
        found = [str(problem) for problem in error.problems]
        assert all(said.startswith("t.yaml") for said in found)
    assert json.dumps(found) is not None


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(TREES)
def test_json_reads_as_itself(tree: Any) -> None:
    """JSON is YAML 1.2."""
    assert plain(parse(json.dumps(tree), "t.yaml")) == tree
