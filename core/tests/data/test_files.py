"""Reading data files: every row with its line, every unreadable one as a problem that names place and next action."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasktune.data import files
from tasktune.data.files import Row, read_rows
from tasktune.errors import Problem

GOOD = b'{"text": "a"}\n'


def read(folder: Path, content: bytes, name: str = "rows.jsonl", encoding: str = "utf-8") -> list[Row | Problem]:
    (folder / name).write_bytes(content)
    return list(read_rows(folder / name, encoding))


def rows(found: list[Row | Problem]) -> list[tuple[int, Any]]:
    return [(row.line, dict(row.fields)) for row in found if isinstance(row, Row)]


def problems(found: list[Row | Problem]) -> list[Problem]:
    return [row for row in found if isinstance(row, Problem)]


class TestJsonLines:
    def test_rows_carry_the_lines_they_stand_on_and_blank_lines_are_passed_over(self, tmp_path: Path) -> None:
        found = read(tmp_path, b'{"a": 1}\n\n  \r\n{"a": [2, null]}\r\n{"a": "\\n"}')
        assert rows(found) == [(1, {"a": 1}), (4, {"a": [2, None]}), (5, {"a": "\n"})]
        assert not problems(found)

    @pytest.mark.parametrize(
        ("line", "says", "fix"),
        [
            (b'{"text": "a"', "not valid JSON at column 13", "double quotes"),
            (b"{'text': 'a'}", "not valid JSON at column 2", "double quotes"),
            (b'{"text": "a"} {"text": "b"}', "column 15: Extra data", "one whole JSON object"),
            (b'{"text": "a"},', "column 14: Extra data", "one whole JSON object"),
            (b'{"text": "a\tb"}', "Invalid control character", "one whole JSON object"),
            (b"[", "not valid JSON at column 2", "one whole JSON object"),
            (b'["a", "b"]', "not an array", '{"text": "…"'),
            (b'"text"', "not a string", '{"text": "…"'),
            (b"null", "not null", '{"text": "…"'),
            (b'{"text": NaN}', "NaN is no JSON number", ""),
            (b'{"text": -Infinity}', "-Infinity is no JSON number", ""),
            (b'{"text": 1e999}', "1e999 is no JSON number", ""),
            (b'{"text": ' + b"9" * 5000 + b"}", "digits", ""),
            (b'{"text": "a", "text": "b"}', "repeated: text", ""),
            (b'{"a": {"b": 1, "b": 2}}', "repeated: b", ""),
            (b"[" * 100_000, "recursion", ""),
            (b'{"text": "\\ud83d"}', "\\ud83d is half a character", "both halves"),
            (b'{"\\uDE00": 1}', "\\ude00 is half a character", "both halves"),
        ],
    )
    def test_a_bad_line_is_one_problem_with_its_line_and_the_others_are_read(
        self, tmp_path: Path, line: bytes, says: str, fix: str
    ) -> None:
        found = read(tmp_path, GOOD + b"\n" + line + b"\n" + GOOD)
        [problem] = problems(found)
        assert says in problem.message
        assert fix in (problem.hint or "")
        assert (problem.file, problem.line) == (str(tmp_path / "rows.jsonl"), 3)
        assert rows(found) == [(1, {"text": "a"}), (4, {"text": "a"})]

    def test_every_bad_line_is_listed(self, tmp_path: Path) -> None:
        found = read(tmp_path, b"x\n" + GOOD + b"y\n" + b"{}\n" + b"[]")
        assert [problem.line for problem in problems(found)] == [1, 3, 5]

    def test_whole_surrogate_pairs_and_odd_line_separators_are_text(self, tmp_path: Path) -> None:
        # U+2028 and U+0085 end a line for str.splitlines, but not in JSON Lines.
        found = read(tmp_path, '{"text": "\\ud83d\\ude00 a\u2028b\u0085c"}\n'.encode() + GOOD)
        assert rows(found) == [(1, {"text": "😀 a\u2028b\u0085c"}), (2, {"text": "a"})]

    def test_a_line_too_long_for_memory_is_a_problem_and_reading_goes_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "MAX_LINE", 1000)
        found = read(tmp_path, GOOD + b'{"text": "' + b"x" * 5000 + b'"}\n' + GOOD)
        [problem] = problems(found)
        assert problem.line == 2
        assert "a line of more than" in problem.message
        assert rows(found) == [(1, {"text": "a"}), (3, {"text": "a"})]


class TestEncodings:
    TEXT = '{"text": "臺積電股價上漲"}\n'

    @pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf-8-sig", "big5", "cp950", "gb18030", "utf-16", "utf-32"])
    def test_a_file_reads_back_in_its_own_encoding(self, tmp_path: Path, encoding: str) -> None:
        found = read(tmp_path, (self.TEXT * 3).encode(encoding), encoding=encoding)
        assert rows(found) == [(line, {"text": "臺積電股價上漲"}) for line in (1, 2, 3)]

    @pytest.mark.parametrize(
        ("encoding", "mark"),
        [("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")],
    )
    def test_a_byte_order_mark_belongs_to_no_field(self, tmp_path: Path, encoding: str, mark: bytes) -> None:
        assert rows(read(tmp_path, mark + self.TEXT.encode(encoding), encoding=encoding))[0][0] == 1
        header = mark + "text,label\na,b\n".encode(encoding)
        assert rows(read(tmp_path, header, "rows.csv", encoding)) == [(2, {"text": "a", "label": "b"})]

    @pytest.mark.parametrize("mark", [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")])
    def test_utf16_taken_for_utf8_is_recognised(self, tmp_path: Path, mark: tuple[str, bytes]) -> None:
        found = read(tmp_path, mark[1] + self.TEXT.encode(mark[0]))
        [problem] = problems(found)
        assert "UTF-16" in problem.message
        assert "data.encoding: utf-16" in str(problem.hint)

    def test_big5_lines_in_a_utf8_file_are_named_and_the_encoding_is_guessed(self, tmp_path: Path) -> None:
        found = read(tmp_path, self.TEXT.encode() + self.TEXT.encode("cp950") + self.TEXT.encode())
        [problem] = problems(found)
        assert problem.line == 2
        assert "not valid utf-8 at column 11" in problem.message
        assert "Big5" in str(problem.hint)
        assert "cp950" in str(problem.hint)
        assert [line for line, _fields in rows(found)] == [1, 3]

    def test_bytes_of_no_known_encoding(self, tmp_path: Path) -> None:
        [problem] = problems(read(tmp_path, b'{"text": "\xff\xff\xff"}'))
        assert "Big5" not in str(problem.hint)
        assert "data.encoding" in str(problem.hint)

    def test_a_bad_line_of_another_encoding_is_named_rightly(self, tmp_path: Path) -> None:
        # Decoders work in blocks of some thousand bytes; the line has to be right all the same.
        good = self.TEXT.encode("big5")
        found = read(tmp_path, good * 500 + b'{"text": "\xa1\x20"}\n' + good * 500, encoding="big5")
        [problem] = problems(found)
        assert problem.line == 501
        assert "not valid big5" in problem.message
        assert len(rows(found)) == 1000

    def test_a_torn_utf16_file(self, tmp_path: Path) -> None:
        found = read(tmp_path, (self.TEXT * 2).encode("utf-16")[:-3], encoding="utf-16")
        assert [problem.line for problem in problems(found)] == [2]
        assert len(rows(found)) == 1

    @pytest.mark.parametrize(
        ("encoding", "words"), [("base64", "unknown encoding 'base64'"), ("utf-16", "cannot be read as utf-16")]
    )
    def test_an_encoding_that_cannot_be_the_file_s(self, tmp_path: Path, encoding: str, words: str) -> None:
        [problem] = problems(read(tmp_path, GOOD, encoding=encoding))
        assert words in problem.message

    def test_an_unknown_encoding(self, tmp_path: Path) -> None:
        [problem] = problems(read(tmp_path, GOOD, encoding="utf-9"))
        assert "'utf-9'" in problem.message
        assert "big5" in str(problem.hint)


class TestCsv:
    def test_header_names_the_fields_and_blank_lines_are_passed_over(self, tmp_path: Path) -> None:
        found = read(tmp_path, b'text,label\n"a, b",x\n\n"say ""hi""",\n', "rows.csv")
        assert rows(found) == [(2, {"text": "a, b", "label": "x"}), (4, {"text": 'say "hi"', "label": ""})]

    def test_tabs_and_a_suffix_in_capitals(self, tmp_path: Path) -> None:
        assert rows(read(tmp_path, b"text\tlabel\na, b\tx\n", "ROWS.TSV")) == [(2, {"text": "a, b", "label": "x"})]

    @pytest.mark.parametrize("encoding", ["utf-8", "big5", "utf-16"])
    def test_line_breaks_inside_quotes_are_kept_and_counted_as_an_editor_counts(
        self, tmp_path: Path, encoding: str
    ) -> None:
        text = 'text,label\r\n"one\ntwo",x\r\n"three\r\nfour",y\r\n"five\rsix",z\r\nlast,w'
        found = read(tmp_path, text.encode(encoding), "rows.csv", encoding)
        assert [(line, fields["text"]) for line, fields in rows(found)] == [
            (2, "one\ntwo"),
            (4, "three\r\nfour"),
            (6, "five\rsix"),
            (7, "last"),
        ]

    def test_ragged_rows_are_each_named(self, tmp_path: Path) -> None:
        found = read(tmp_path, b'text,label\na\n"b\nb",x\nc,y,z\nd,w\n', "rows.csv")
        assert [(problem.line, problem.message) for problem in problems(found)] == [
            (2, "1 values in a row of 2 columns"),
            (5, "3 values in a row of 2 columns"),
        ]
        assert [line for line, _fields in rows(found)] == [3, 6]

    def test_a_stray_quote_is_named_and_reading_goes_on(self, tmp_path: Path) -> None:
        found = read(tmp_path, b'text,label\n"a"b,x\nc,y\n"d"e,x\n', "rows.csv")
        assert [problem.line for problem in problems(found)] == [2, 4]
        assert "not valid CSV" in problems(found)[0].message
        assert [line for line, _fields in rows(found)] == [3]

    def test_an_unclosed_quote_is_named_by_the_row_that_opens_it(self, tmp_path: Path) -> None:
        found = read(tmp_path, b'text,label\na,x\n"b,x\nc,y\nd,z\n', "rows.csv")
        [problem] = problems(found)
        assert problem.line == 3
        assert "missing double quote" in str(problem.hint)
        assert len(rows(found)) == 1

    def test_behind_a_quote_that_swallowed_lines_nothing_is_guessed(self, tmp_path: Path) -> None:
        found = read(tmp_path, b'text,label\na,x\n"b,x\nc,"y\nd,z\n', "rows.csv")
        assert [problem.line for problem in problems(found)] == [3]
        assert len(rows(found)) == 1

    @pytest.mark.parametrize(
        ("header", "says"),
        [
            (b"text,label,text", "names a column twice: text"),
            (b"text,label,,", "columns without a name in the header: 3, 4"),
            (b"", "without a name"),
        ],
    )
    def test_a_header_that_cannot_name_fields(self, tmp_path: Path, header: bytes, says: str) -> None:
        [problem] = problems(read(tmp_path, header + b"\na,b,c\n", "rows.csv"))
        assert says in problem.message
        assert problem.line == 1

    def test_lines_that_end_with_cr_alone(self, tmp_path: Path) -> None:
        found = read(tmp_path, b"text,label\ra,b\rc,d\r", "rows.csv")
        [problem] = problems(found)
        assert "CR" in problem.message
        assert "LF" in str(problem.hint)

    def test_a_line_in_another_encoding_ends_the_reading_with_its_line(self, tmp_path: Path) -> None:
        found = read(tmp_path, b"text,label\na,b\n" + "臺灣,b\n".encode("cp950") + b"c,d\n", "rows.csv")
        [problem] = problems(found)
        assert problem.line == 3
        assert "Big5" in str(problem.hint)
        assert len(rows(found)) == 1


class TestWholeFiles:
    @pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n"])
    def test_no_rows_in_jsonl(self, tmp_path: Path, content: bytes) -> None:
        [problem] = problems(read(tmp_path, content))
        assert problem.message == "the file has no rows"
        assert problem.line is None

    @pytest.mark.parametrize("content", [b"", b"text,label\n"])
    def test_no_rows_in_csv(self, tmp_path: Path, content: bytes) -> None:
        [problem] = problems(read(tmp_path, content, "rows.csv"))
        assert problem.message == "the file has no rows"

    def test_a_missing_file_and_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "folder.jsonl").mkdir()
        [missing] = read_rows(tmp_path / "none.jsonl")
        [folder] = read_rows(tmp_path / "folder.jsonl")
        assert str(missing) == f"{tmp_path / 'none.jsonl'}: cannot be read: No such file or directory"
        assert str(folder) == f"{tmp_path / 'folder.jsonl'}: cannot be read: Is a directory"

    @pytest.mark.parametrize("name", ["rows.xlsx", "rows.json", "rows"])
    def test_an_unknown_format(self, tmp_path: Path, name: str) -> None:
        [problem] = problems(read(tmp_path, GOOD, name))
        assert "unknown data format" in problem.message
        assert ".jsonl, .csv, .tsv" in str(problem.hint)

    def test_rows_are_streamed(self, tmp_path: Path) -> None:
        line = b'{"text": "' + b"x" * 1000 + b'"}\n'
        (tmp_path / "big.jsonl").write_bytes(line * 10_000)
        tracemalloc.start()
        count = sum(1 for _row in read_rows(tmp_path / "big.jsonl"))
        _size, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 10_000
        assert peak < 500_000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
# Characters that UTF-8 can write.
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    written=st.lists(
        st.tuples(st.dictionaries(TEXT, VALUES.filter(lambda v: encodes(v)), max_size=4), st.integers(0, 2))
    ),
    ascii_only=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_json_module_writes_reads_back_equal_on_the_right_lines(
    tmp_path: Path, written: list[tuple[dict[str, Any], int]], ascii_only: bool, newline: str
) -> None:
    lines: list[str] = []
    expected = []
    for row, blanks in written:
        lines += [""] * blanks
        lines.append(json.dumps(row, ensure_ascii=ascii_only))
        expected.append((len(lines), row))
    found = read(tmp_path, newline.join(lines).encode())
    assert rows(found) == expected
    assert len(problems(found)) == (0 if expected else 1)


def encodes(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    written=st.lists(st.lists(TEXT.map(lambda text: text.replace("\0", "")), min_size=2, max_size=2), min_size=1),
    terminator=st.sampled_from(["\n", "\r\n"]),
    suffix=st.sampled_from([".csv", ".tsv"]),
)
def test_what_the_csv_module_writes_reads_back_equal_on_the_right_lines(
    tmp_path: Path, written: list[list[str]], terminator: str, suffix: str
) -> None:
    buffer = io.StringIO(newline="")
    # Everything quoted: before Python 3.13 the module leaves a lone CR bare, which no reader can take for text.
    delimiter = "\t" if suffix == ".tsv" else ","
    writer = csv.writer(buffer, lineterminator=terminator, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["text", "label"])
    expected = []
    for text, label in written:
        expected.append((buffer.getvalue().count("\n") + 1, {"text": text, "label": label}))
        writer.writerow([text, label])
    found = read(tmp_path, buffer.getvalue().encode(), f"rows{suffix}")
    assert rows(found) == expected
    assert not problems(found)
