"""Write data/{train,valid,test}.jsonl of the entity-sentiment example from the sentences in source/.

Everything in source/ was written for this project: the companies do not exist, the sentences come from no
news site. A text is one to three clauses, each about one company, joined by a connective; one row asks for
one company of the text. The same command always writes the same bytes.

    python make_data.py            # rewrites data/
    python make_data.py --out DIR  # writes the three files into DIR
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).parent
SOURCE = HERE / "source"
SEED = 20261120
SIZES = {"train": 1500, "valid": 100, "test": 180}
LABELS = ("正面", "負面", "中立")
WEIGHTS = (0.38, 0.34, 0.28)
SUFFIXES = ("科技", "實業", "企業", "國際", "工業", "控股", "集團", "電子")
LENGTH = range(12, 71)
# How many rows of a hundred come from each shape of text.
SHAPES = (("single", 22), ("two", 48), ("three", 20), ("relation", 4), ("parallel", 6))

T = TypeVar("T")


def pick(rng: random.Random, items: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """One of ``items``. Built on ``rng.random()`` alone, the only draw that Python keeps equal between versions."""
    if weights is None:
        return items[int(rng.random() * len(items))]
    point = rng.random() * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        point -= weight
        if point < 0:
            return item
    return items[-1]


def whole(rng: random.Random, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, both included."""
    return low + int(rng.random() * (high - low + 1))


class Deck:
    """Deals items in random order, every one once before any comes again, so that no sentence dominates."""

    def __init__(self, rng: random.Random, items: Sequence[str]) -> None:
        self.rng, self.items, self.left = rng, list(items), list[str]()

    def deal(self) -> str:
        if not self.left:
            self.left = sorted(self.items, key=lambda _: self.rng.random())
        return self.left.pop()


def sections(path: Path) -> dict[str, list[str]]:
    """``{heading: lines}`` of a source file; ``#`` starts a comment line, ``[heading]`` a section."""
    out: dict[str, list[str]] = {}
    current: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = out.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            current.append(line)
    return out


def cues(frame: str) -> list[str]:
    """The words of a sentence frame that carry its tone, marked ``*…*`` in source/."""
    return re.findall(r"\*(.+?)\*", frame)


@dataclass(frozen=True)
class Clause:
    text: str
    labels: tuple[tuple[str, str], ...]  # (company, label) for each company of the clause


class Writer:
    """Makes the rows of one split from its own sentences and its own companies."""

    def __init__(self, split: str, rng: random.Random) -> None:
        self.rng = rng
        self.frames = sections(SOURCE / f"{split}.txt")
        self.decks = {name: Deck(rng, lines) for name, lines in self.frames.items()}
        stems = " ".join(sections(SOURCE / "companies.txt")[split]).split()
        self.suffix = {stem: pick(rng, SUFFIXES) for stem in stems}
        self.companies = Deck(rng, stems)
        self.slots = {name: Deck(rng, lines) for name, lines in sections(SOURCE / "slots.txt").items()}

    def number(self, slot: str) -> str:
        rng = self.rng
        if slot == "幅":
            spoken = ("一成", "近兩成", "三成多", "一成五", "近四成")
            return pick(rng, spoken) if rng.random() < 0.25 else f"{whole(rng, 2, 49)}%"
        if slot == "價":
            return str(whole(rng, 15, 874))
        if slot == "額":
            if rng.random() < 0.5:
                return f"{whole(rng, 1, 9)}{pick(rng, ('億元', '億元', '千萬元'))}"
            return f"{whole(rng, 1, 40)}.{whole(rng, 1, 9)}億元"
        if rng.random() < 0.3:
            return pick(rng, ("下週一", "下週三", "週五", "月底", "下月初"))
        return f"{whole(rng, 1, 12)}月{whole(rng, 1, 28)}日"

    def company(self) -> str:
        stem = self.companies.deal()
        return stem + self.suffix[stem] if self.rng.random() < 0.4 else stem

    def fill(self, frame: str, names: dict[str, str]) -> str:
        def value(match: re.Match[str]) -> str:
            slot = match[1]
            if slot in names:
                return names[slot]
            return self.slots[slot].deal() if slot in self.slots else self.number(slot)

        return re.sub(r"\{(.+?)\}", value, frame.replace("*", ""))

    def clause(self, label: str, register: str) -> Clause:
        name = self.company()
        return Clause(self.fill(self.decks[f"{label} {register}"].deal(), {"E": name}), ((name, label),))

    def together(self, kind: str) -> Clause:
        """A clause about two companies: one gains what the other loses, or both fare alike."""
        first, second = self.company(), self.company()
        good, bad = ("正面", "負面") if kind == "關係" else (kind[3:], kind[3:])
        return Clause(self.fill(self.decks[kind].deal(), {"甲": first, "乙": second}), ((first, good), (second, bad)))

    def join(self, clauses: Sequence[Clause], register: str) -> str:
        if len(clauses) == 1:
            return clauses[0].text
        deck = self.decks["連接三句" if len(clauses) == 3 else "連接貼文" if register == "貼文" else "連接兩句"]
        pattern = deck.deal()
        while pattern.startswith("≠") and len({label for c in clauses for _, label in c.labels}) == 1:
            pattern = deck.deal()
        pattern = pattern.lstrip("≠")
        for place, clause in enumerate(clauses, 1):
            pattern = pattern.replace(f"{{{place}}}", clause.text)
        return pattern

    def labels(self, count: int) -> list[str]:
        """Labels of ``count`` clauses; seldom all the same, so that the text's overall tone answers nothing."""
        while True:
            drawn = [pick(self.rng, LABELS, WEIGHTS) for _ in range(count)]
            if count == 1 or len(set(drawn)) > 1 or self.rng.random() < 0.12:
                return drawn

    def document(self) -> tuple[str, list[tuple[str, str]]]:
        """One text and the label of every company in it."""
        rng = self.rng
        shape = pick(rng, [name for name, _ in SHAPES], [share for _, share in SHAPES])
        register = "貼文" if shape in ("single", "two") and rng.random() < 0.22 else "新聞"
        if shape == "relation":
            clauses = [self.together("關係")]
        elif shape == "parallel":
            kind = pick(rng, LABELS, WEIGHTS)
            other = pick(rng, [label for label in LABELS if label != kind])
            clauses = [self.together(f"並列 {kind}"), self.clause(other, register)]
            clauses = sorted(clauses, key=lambda _: rng.random())
        else:
            count = {"single": 1, "two": 2, "three": 3}[shape]
            clauses = [self.clause(label, register) for label in self.labels(count)]
        text = self.join(clauses, register)
        if register == "新聞" and rng.random() < 0.18:
            text = self.decks["開頭"].deal() + text
        if rng.random() < 0.2:
            text += self.decks["結尾"].deal()
        return text, [pair for clause in clauses for pair in clause.labels]

    def rows(self, size: int) -> list[dict[str, str]]:
        out: list[dict[str, str]] = []
        while len(out) < size:
            text, companies = self.document()
            if len(text) not in LENGTH or any(text.count(name) != 1 for name, _ in companies):
                continue
            asked = [pair for pair in companies if self.rng.random() < 0.75] or [pick(self.rng, companies)]
            out += [{"text": text, "entity": name, "label": label} for name, label in asked]
        return out[:size]


def make(split: str) -> list[dict[str, str]]:
    """The rows of one split; each split has its own random stream, so changing one leaves the others alone."""
    rows = Writer(split, random.Random(f"{SEED}-{split}")).rows(SIZES[split])
    seen = {(row["text"], row["entity"]) for row in rows}
    if len(seen) != len(rows):
        raise ValueError(f"{split}: two rows ask for the same company of the same text")
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "data", help="folder to write (default: data/)")
    out: Path = parser.parse_args(argv).out
    out.mkdir(parents=True, exist_ok=True)
    for split in SIZES:
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in make(split)]
        (out / f"{split}.jsonl").write_bytes("".join(lines).encode("utf-8"))


if __name__ == "__main__":
    main()
