"""What ``tune data generate`` and ``tune data review`` show: the estimate, the account of the examples, a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tasktune.cli import layout
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.generating.pairs import Pairs
    from tasktune.data.generating.plan import Plan
    from tasktune.data.generating.review import Draft
    from tasktune.data.generating.run import Generated
    from tasktune.endpoint import Endpoint

_MOST_REASONS = 10
_LONGEST_REASON = 200


def estimate_words(plan: Plan, endpoint: Endpoint) -> str:
    """What is about to be sent, where to, and what it takes."""
    estimate = plan.estimate
    cost = _("unknown; --input-price and --output-price tell")
    if estimate.cost is not None and estimate.cost_at_most is not None:
        cost = _("about {cost} (up to about {most})", cost=_money(estimate.cost), most=_money(estimate.cost_at_most))
    rows = [
        (_("rows"), _("{there} of {wanted} are there", there=f"{estimate.there:,}", wanted=f"{estimate.wanted:,}")),
        (
            _("requests"),
            _(
                "{requests} (at most {most})",
                requests=f"{estimate.requests:,}",
                most=f"{estimate.requests_at_most:,}",
            ),
        ),
        (_("prompt tokens"), _("about {count}", count=f"{estimate.prompt_tokens:,}")),
        (_("answer tokens"), _("about {count}", count=f"{estimate.answer_tokens:,}")),
        (_("cost"), cost),
    ]
    key = _("no key") if endpoint.key_env is None else _("the key in {variable}", variable=endpoint.key_env)
    return "\n".join(
        [
            _("{model} at {url}, {key}", model=endpoint.model, url=endpoint.base_url, key=key),
            layout.definitions(rows, layout.terminal_width()),
            _("Each request shows that server up to {count} training rows.", count=plan.shots),
        ]
    )


def result_words(done: Generated) -> str:
    """The account: every example that came, what it cost, and what is next."""
    counts = [
        (_("examples received"), done.received, ""),
        (_("kept"), done.kept, done.file if done.kept else ""),
        (_("duplicates"), done.duplicates, ""),
        (_("refused"), done.refused, ""),
    ]
    rows = [(name, f"{count:,}", where) for name, count, where in counts]
    parts = []
    if done.requests:
        parts.append(layout.table(["", _("row count"), ""], rows, numbers=frozenset({1})))
        parts.append(f"{done.received:,} = {done.kept:,} + {done.duplicates:,} + {done.refused:,}")
        parts.append(_spent(done))
    if done.reasons:
        shown = [f"  {count:,} × {_cut(reason)}" for reason, count in list(done.reasons.items())[:_MOST_REASONS]]
        more = len(done.reasons) - _MOST_REASONS
        shown += ["  " + _("… and {more} more", more=f"{more:,}")] if more > 0 else []
        parts.append("\n".join([_("Refused, because:"), *shown]))
    if done.broken_off:
        parts.append(_("Notice: {text}", text=_("answers that broke off: {count}", count=f"{done.broken_off:,}")))
    if done.form not in ("", "json_schema") and done.requests:
        notice = _("the server took no JSON Schema; answers were asked for as {form}", form=done.form)
        parts.append(_("Notice: {text}", text=notice))
    there = _("{file} has {rows} of {wanted} rows", file=done.file, rows=f"{done.rows:,}", wanted=f"{done.wanted:,}")
    if done.stopped is not None:
        there += "\n" + _("stopped: {why}; the same command goes on", why=done.stopped)
    parts.append(there + "\n" + _("what becomes of them is for tune data review to decide"))
    return "\n\n".join(parts)


def pairs_words(made: Pairs) -> str:
    """What was made of a version's mistakes."""
    said = _(
        "{version} got {wrong} of {predictions} rows of {split} wrong, {unreadable} of them unreadably",
        version=made.version,
        wrong=f"{made.wrong:,}",
        predictions=f"{made.predictions:,}",
        split=made.split,
        unreadable=f"{made.unreadable:,}",
    )
    lines = [said]
    if made.held_out:
        lines.append(_("{count} of them are test rows by now, and left out", count=f"{made.held_out:,}"))
    if made.file is None:
        lines.append(_("no pairs were written"))
    else:
        lines.append(_("{pairs} pairs in {file}", pairs=f"{made.pairs:,}", file=made.file))
    if made.backup is not None:
        lines.append(_("the files that were replaced are in {folder}", folder=made.backup))
    return "\n".join(lines)


def draft_words(draft: Draft, number: int, total: int) -> str:
    """A row to decide on: where it is from, and every field."""
    head = _("row {number} of {total}: {id}", number=f"{number:,}", total=f"{total:,}", id=draft.id)
    return f"\n{head}{_origin(draft.origin)}\n{field_words(draft.fields)}"


def field_words(fields: Mapping[str, Any]) -> str:
    """The fields of a row."""
    return layout.definitions([(name, _shown(value)) for name, value in fields.items()], layout.terminal_width())


def _origin(origin: Mapping[str, Any]) -> str:
    facts = [str(origin[name]) for name in ("model", "class") if origin.get(name) is not None]
    return _(" ({facts})", facts=_(", ").join(facts)) if facts else ""


def _spent(done: Generated) -> str:
    if done.untold == done.requests:
        return _("{requests} requests; the server does not tell tokens", requests=f"{done.requests:,}")
    words = _(
        "{requests} requests, {prompt} prompt tokens, {answer} answer tokens",
        requests=f"{done.requests:,}",
        prompt=f"{done.usage.prompt_tokens:,}",
        answer=f"{done.usage.completion_tokens:,}",
    )
    if done.cost is not None:
        words += _(", cost {cost}", cost=_money(done.cost))
    if done.untold:
        words += _("; answers without their tokens: {count}", count=f"{done.untold:,}")
    return words


def _money(amount: float) -> str:
    return f"{amount:,.4f}" if amount < 1 else f"{amount:,.2f}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
