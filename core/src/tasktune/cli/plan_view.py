"""A plan in words and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tasktune.cli.layout import paragraph, table, terminal_width
from tasktune.locale import translate as _
from tasktune.planning.cut import heaviest
from tasktune.planning.fits import LARGEST_BATCH
from tasktune.planning.setup import TUNINGS

if TYPE_CHECKING:
    from tasktune.planning.duration import Duration
    from tasktune.planning.fits import Change
    from tasktune.planning.memory import Part
    from tasktune.planning.plan import Plan
    from tasktune.planning.task_rows import TaskRows

_GIB = 2**30


def sections(plan: Plan, rows: TaskRows) -> Iterator[str]:
    """The plan in parts: what is planned, memory, the verdict, time, and what fits."""
    yield _lines([*_what(plan), *_notes(plan, rows)])
    yield memory_table(plan)
    yield _lines(_verdict(plan))
    yield _lines(_time(plan))
    yield choice_table(plan)


def memory_table(plan: Plan) -> str:
    """The parts of the peak and their sum."""
    names: dict[Part, str] = {
        "weights": _("weights of the base model"),
        "copies": _("bf16 copies of fp32 weights"),
        "gathered": _("weights and gradients gathered from other devices"),
        "adapter": _("adapter"),
        "gradients": _("gradients"),
        "optimizer": _("optimizer (AdamW)"),
        "activations": _("activations"),
        "logits": _("logits and their gradients"),
        "workspace": _("working space of the backward pass"),
        "allowance": _("allowance: CUDA context and fragmentation"),
    }
    rows = [(names[part], size(taken)) for part, taken in plan.memory.parts.items()]
    if plan.memory.replaced:
        rows.append((_("gradients in the place of activations"), "−" + size(plan.memory.replaced)))
    rows.append((_("peak"), size(plan.total)))
    return table([_("part"), _("memory")], rows, numbers=frozenset({1}))


def choice_table(plan: Plan) -> str:
    """The largest batch of every model by every method."""
    models = list(dict.fromkeys((choice.base_model, choice.parameters) for choice in plan.choices))
    batches = {(choice.base_model, choice.tuning): choice.batch_size for choice in plan.choices}
    rows = [(name, billions(count), *(_batch(batches[name, tuning]) for tuning in TUNINGS)) for name, count in models]
    title = _("largest batch that fits on {device} with these rows (–: none)", device=plan.device.name)
    shown = table([_("base model"), _("parameters"), *TUNINGS], rows, numbers=frozenset(range(1, 6)))
    return f"{title}\n{shown}"


def size(count: int) -> str:
    """Bytes in GB of 2^30, small amounts in MB."""
    return f"{count / _GIB:,.2f} GB" if count >= _GIB / 10 else f"{count / 2**20:,.1f} MB"


def billions(count: int) -> str:
    """A number of parameters as people say it: 4.02B, 7.3M."""
    return f"{count / 1e9:.2f}B" if count >= 1e8 else f"{count / 1e6:.1f}M"


def lasting(seconds: float) -> str:
    """A duration in the unit that suits it."""
    if seconds < 100:
        return _("{seconds:.0f} s", seconds=max(1, seconds))
    if seconds < 100 * 60:
        return _("{minutes:.0f} min", minutes=seconds / 60)
    return _("{hours:.1f} h", hours=seconds / 3600)


def _lines(sentences: Iterable[str]) -> str:
    """Each on lines of its own; what to do is indented."""
    return "\n".join(
        paragraph(sentence, terminal_width(), 2 if sentence.startswith("→") else 0) for sentence in sentences
    )


def _what(plan: Plan) -> Iterator[str]:
    setup, rows = plan.setup, plan.rows
    yield _(
        "{model} ({parameters} parameters), {method} with {tuning}, {trained} trained, batch {batch} × {accumulation}",
        model=setup.base_model,
        parameters=billions(plan.parameters),
        method=setup.method,
        tuning=setup.tuning + (f" ({setup.bits} bit)" if setup.tuning == "qlora" else ""),
        trained=billions(plan.trained),
        batch=setup.batch_size,
        accumulation=setup.gradient_accumulation,
    )
    yield _(
        "on {device} ({memory}); {count} training rows, at most {longest} tokens, at most {completion} of them answer",
        device=plan.device.name,
        memory=size(plan.device.memory),
        count=f"{rows.count:,}",
        longest=f"{rows.longest:,}",
        completion=f"{rows.longest_completion:,}",
    )
    if setup.split:
        yield _("split over {count} such devices; the table is what each of them holds", count=setup.devices)
    if setup.batch_tokens is not None:
        yield _(
            "a step is cut into batches of at most {tokens} tokens; memory is that of the {rows} longest rows",
            tokens=f"{setup.batch_tokens:,}",
            rows=heaviest(setup, rows).batch_size,
        )
    shared = rows.shared(setup.prefix_sharing)
    if shared:
        yield _("the first {tokens} tokens are the same in all rows and computed once a batch", tokens=f"{shared:,}")


def _notes(plan: Plan, rows: TaskRows) -> Iterator[str]:
    """What makes the plan less sure, and what to do about it."""
    notes = []
    if rows.uncounted is not None:
        notes.append(_("tokens could not be counted, so every row is taken to have training.max_length of them"))
    if rows.problems:
        text = _("the data have {count} problems, which stop a run; tune check lists them", count=f"{rows.problems:,}")
        notes.append(text)
    if rows.uncounted == "transformers":
        notes.append(_("counting needs transformers: {command}", command="pip install 'tasktune[train]'"))
    if rows.uncounted == "tokenizer":
        command = f"hf download {plan.setup.base_model} config.json tokenizer.json tokenizer_config.json"
        notes.append(_("counting needs the base model's tokenizer on this machine: {command}", command=command))
    if rows.rows.too_long:
        too_long = f"{rows.rows.too_long:,}"
        notes.append(_("{count} rows are longer than training.max_length and left out here", count=too_long))
    yield from (_("note: {text}", text=note) for note in notes)


def _verdict(plan: Plan) -> Iterator[str]:
    left = plan.device.memory - plan.total
    if plan.fits:
        yield _(
            "fits: {left} are left; the largest batch is {batch}", left=size(left), batch=_batch(plan.largest_batch)
        )
    else:
        yield _("does not fit: {missing} are missing", missing=size(-left))
        for change in plan.changes:
            yield "→ " + _change(change)
        if not plan.changes:
            yield "→ " + _("no known model fits with this method; take a GPU with more memory")
    if plan.plain_memory is not None:
        yield _("without the shared prefix the peak would be {memory}", memory=size(plan.plain_memory))
    if plan.largest is not None:
        yield _(
            "the largest model for this batch here: {model} with {tuning}",
            model=plan.largest.base_model,
            tuning=plan.largest.tuning,
        )


def _change(change: Change) -> str:
    return _("{values} takes {memory}", values=_(", ").join(change.settings), memory=size(change.total))


def _time(plan: Plan) -> Iterator[str]:
    done = plan.duration
    yield _(
        "training: {steps} steps, {tokens} tokens, {flops:.2g} FLOPs; {range}",
        range=_between(done),
        steps=f"{done.steps:,}",
        tokens=f"{done.tokens:,}",
        flops=done.flops,
    )
    if plan.plain_duration is not None:
        yield _(
            "without the shared prefix: {tokens} tokens; {range}",
            range=_between(plan.plain_duration),
            tokens=f"{plan.plain_duration.tokens:,}",
        )


def _between(found: Duration) -> str:
    if found.least_seconds is None or found.most_seconds is None:
        return _("how long is not known, as the speed of this device is not")
    least, most = lasting(found.least_seconds), lasting(found.most_seconds)
    return least if least == most else _("{least} to {most}", least=least, most=most)


def _batch(rows: int) -> str:
    if not rows:
        return "–"
    return f"{rows}+" if rows == LARGEST_BATCH else str(rows)
