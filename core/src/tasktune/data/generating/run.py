"""Ask for rows until there are as many as were wanted, keeping each on the disk as soon as it is whole."""

from __future__ import annotations

import datetime
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasktune import __version__
from tasktune.data.generating.candidate import reasons, row_of
from tasktune.data.generating.files import PROVENANCE, Journal, journal, requests_file
from tasktune.data.generating.plan import Plan
from tasktune.data.generating.server import BrokenOff, Reply, Server
from tasktune.data.generating.stream import Example, ExampleStream, Unreadable
from tasktune.data.records import relative_to
from tasktune.endpoint import Usage
from tasktune.errors import RecordError
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.events import Event, Events

FRUITLESS = 5
"""So many answers in a row without a new row end a run: more of the same would only cost."""


class Generated(Value):
    """What came of a run: each of the ``received`` examples was kept, a duplicate, or refused (``reasons`` counts why).

    ``rows`` is what the file holds now. ``usage`` adds up what the server told; of ``untold`` answers it told nothing.
    ``broken_off`` answers did not come to their end. ``form`` is how answers were asked for in the end, and ``stopped``
    says why the run ended before all rows were there.
    """

    file: str
    wanted: int
    rows: int
    requests: int
    received: int
    kept: int
    duplicates: int
    refused: int
    reasons: Mapping[str, int]
    broken_off: int
    usage: Usage
    untold: int
    cost: float | None
    form: str
    stopped: str | None = None

    @property
    def finished(self) -> bool:
        return self.rows >= self.wanted


@dataclass
class _Asked:
    """One request, as its line in the journal will tell of it."""

    at: str
    kept: list[int] = field(default_factory=list)
    duplicates: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    broken_off: str | None = None


def run(plan: Plan, server: Server, on_event: Callable[[Event], None] = lambda event: None) -> Generated:
    """Carry out a plan. What was whole when a run ends, however it ends, is kept, and the next run goes on from there.

    :raises tasktune.errors.TuneError: the server refuses or cannot be reached.
    """
    with journal(plan.rows) as rows, journal(requests_file(plan.rows)) as requests:
        return _Run(plan, server, rows, requests, Events(on_event)).go()


class _Run:
    """A run under way: what it has counted, and the number of the last request, which goes on from run to run."""

    def __init__(self, plan: Plan, server: Server, rows: Journal, requests: Journal, events: Events) -> None:
        self.plan = plan
        self.server = server
        self.rows = rows
        self.requests = requests
        self.events = events
        self.line = 0
        self.number = max((line["request"] for line in requests.lines()), default=0)
        for line in rows.lines():
            # A killed run leaves rows of a request that has no line yet.
            self.number = max(self.number, line.get(PROVENANCE, {}).get("request", 0))
            self.line += 1
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.usage = Usage()

    @property
    def there(self) -> int:
        return self.plan.there + self.counts["kept"]

    def go(self) -> Generated:
        fruitless = 0
        self._progress()
        while self.there < self.plan.count:
            if self.counts["requests"] == self.plan.estimate.requests_at_most:
                return self._result(_("as many requests were sent as were agreed to"))
            before = self.there
            self._ask(min(self.plan.per_request, self.plan.count - self.there))
            fruitless = 0 if self.there > before else fruitless + 1
            if fruitless == FRUITLESS:
                return self._result(_("{count} answers in a row brought no new row", count=FRUITLESS))
        return self._result()

    def _ask(self, count: int) -> None:
        """Send one request, and keep what its answer brings even if that breaks off."""
        self.number += 1
        shown, messages = self.plan.request(self.number, count)
        asked = _Asked(at=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"))
        started = time.monotonic()
        reply = self.server.ask(messages, self.plan.asking.reply_schema)
        answer = ExampleStream()
        # Until it is seen to be whole: an interruption leaves it so.
        asked.broken_off = "interrupted"
        try:
            for piece in reply.pieces():
                self._take(answer.feed(piece), reply, asked)
            self._take(answer.close(), reply, asked)
            asked.broken_off = None
        except (BrokenOff, ValueError) as error:
            asked.broken_off = str(error)
        finally:
            self._count(reply, asked)
            self.requests.add(
                {
                    "request": self.number,
                    "at": asked.at,
                    "seconds": round(time.monotonic() - started, 1),
                    "base_url": self.server.endpoint.base_url,
                    "model": self.server.endpoint.model,
                    "answered_by": reply.model,
                    "form": self.server.form,
                    **self.server.settings,
                    "tasktune": __version__,
                    "class": self.plan.asking.wanted_class,
                    "asked_for": count,
                    "seed": self.plan.seed,
                    "shown": [record.id for record in shown],
                    "kept": asked.kept,
                    "duplicates": asked.duplicates,
                    "refused": asked.refused,
                    "broken_off": asked.broken_off,
                    "answer": None if asked.broken_off is None else answer.text,
                    "usage": None if reply.usage is None else reply.usage.model_dump(),
                }
            )

    def _take(self, examples: Iterable[Example], reply: Reply, asked: _Asked) -> None:
        """Keep the examples that are new and sound; each is on the disk before the next piece is read."""
        for example in examples:
            if isinstance(example, Unreadable):
                self._refuse(example.text, example.reason, asked)
                continue
            place = relative_to(self.rows.path, self.plan.task.folder)
            try:
                row = row_of(self.plan.task, self.plan.asking, example, f"{place}:{self.line + 1}")
            except RecordError as error:
                self._refuse(example, reasons(error), asked)
                continue
            if row.number in self.plan.ground.known:
                asked.duplicates += 1
                continue
            model = reply.model or self.server.endpoint.model
            origin = {"model": model, "request": self.number, "at": asked.at, "class": self.plan.asking.wanted_class}
            self.rows.add({**row.fields, PROVENANCE: origin})
            self.line += 1
            self.plan.ground.known.add(row.number)
            asked.kept.append(self.line)
            self.counts["kept"] += 1
            self._progress()

    def _refuse(self, example: Any, reason: str, asked: _Asked) -> None:
        asked.refused.append({"reason": reason, "example": example})
        self.reasons[reason] += 1

    def _count(self, reply: Reply, asked: _Asked) -> None:
        self.counts["requests"] += 1
        self.counts["duplicates"] += asked.duplicates
        self.counts["refused"] += len(asked.refused)
        self.counts["broken_off"] += asked.broken_off is not None
        if reply.usage is None:
            self.counts["untold"] += 1
        else:
            self.usage += reply.usage

    def _progress(self) -> None:
        self.events.progress("generate", min(self.there, self.plan.count), self.plan.count, "row")

    def _result(self, stopped: str | None = None) -> Generated:
        kept, duplicates, refused = (self.counts[name] for name in ("kept", "duplicates", "refused"))
        spec, cost = self.plan.task.spec.data.generate, None
        if spec.input_price is not None and spec.output_price is not None and not self.counts["untold"]:
            spent = self.usage.prompt_tokens * spec.input_price + self.usage.completion_tokens * spec.output_price
            cost = spent / 1_000_000
        return Generated(
            file=relative_to(self.rows.path, self.plan.task.folder),
            wanted=self.plan.count,
            rows=self.there,
            requests=self.counts["requests"],
            received=kept + duplicates + refused,
            kept=kept,
            duplicates=duplicates,
            refused=refused,
            reasons=dict(self.reasons.most_common()),
            broken_off=self.counts["broken_off"],
            usage=self.usage,
            untold=self.counts["untold"],
            cost=cost,
            form=self.server.form,
            stopped=stopped,
        )
