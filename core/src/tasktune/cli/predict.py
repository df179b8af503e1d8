"""``tune predict``: what a trained version answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tasktune.cli import output, progress
from tasktune.cli.help import Argument, Command, Example
from tasktune.cli.inputs import file_rows, text_rows
from tasktune.cli.options import json_option, load_trained, task_argument, version_option
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.evaluation.predictions import Prediction


MAX_TOLD = 20
MAX_QUOTED = 200


@click.command(
    cls=Command,
    help="Ask a trained version for its answers: to texts on the command line, or to every row of a file.\n\n"
    "Answers to texts are printed one a line; answers to a file as JSON Lines, with the inputs and the model's raw "
    "output. The exit code is 1 when no answer at all could be read.",
    examples=[
        Example(
            "Ask about one text, with another field that the input template uses:",
            'tune predict tasks/entity-sentiment "台積電營收創新高" --field entity=台積電',
        ),
        Example(
            "Answer every row of a file:", "tune predict tasks/entity-sentiment --input new.csv --output answers.jsonl"
        ),
        Example(
            "Answer rows from a pipe, with version v1:",
            "head -5 new.jsonl | tune predict tasks/entity-sentiment --version v1 --input -",
        ),
    ],
)
@task_argument(required=True)
@click.argument("texts", cls=Argument, about="The texts to answer.", nargs=-1, metavar="[TEXT]...")
@click.option(
    "--input",
    "source",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A .jsonl, .csv or .tsv file of rows to answer; - reads JSON Lines from stdin.",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=VALUE",
    help="The value of an input field besides the text. May be repeated. With --input, for rows that lack the field.",
)
@click.option(
    "--output", "target", metavar="FILE", type=click.Path(path_type=Path), help="Write the answers to this JSONL file."
)
@version_option("The version to ask. Default: the adopted one, else the newest that is trained.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    task: Path,
    texts: tuple[str, ...],
    source: Path | None,
    fields: tuple[str, ...],
    target: Path | None,
    version: str | None,
    as_json: bool,
) -> None:
    """Answer texts or rows."""
    if bool(texts) == (source is not None):
        raise click.UsageError(_("give either texts or --input FILE"), context)
    given = _pairs(fields)
    loaded, chosen = load_trained(task, version, in_use=True)
    from tasktune.inference.predict import predict

    asked = text_rows(loaded, texts, given) if source is None else file_rows(loaded, source, given)
    tally = _Tally()
    with asked as rows, progress.shown() as on_event:
        predictions = tally.count(predict(loaded, chosen.folder, rows, on_event))
        if target is not None:
            _write(target, predictions, chosen.name, tally, as_json=as_json)
        elif as_json:
            answers = [prediction.model_dump(mode="json") for prediction in predictions]
            output.show_json({"version": chosen.name, "predictions": answers})
        else:
            for prediction in predictions:
                output.show(prediction.model_dump_json() if source is not None else _answer(prediction))
    context.exit(0 if tally.parsed or not tally.rows else 1)


class _Tally:
    """Counts predictions as they pass, and tells of the first answers that could not be read."""

    def __init__(self) -> None:
        self.rows = 0
        self.parsed = 0
        self.unsure = 0

    @property
    def unparsed(self) -> int:
        return self.rows - self.parsed

    def count(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        for prediction in predictions:
            self.rows += 1
            self.parsed += prediction.answer.parsed
            if not prediction.answer.parsed and self.unparsed <= MAX_TOLD:
                output.say(_unreadable(prediction))
            self.unsure += bool(prediction.abstained)
            if prediction.abstained and self.unsure <= MAX_TOLD:
                output.say(_unsure(prediction))
            yield prediction
        if self.unparsed > MAX_TOLD:
            output.say(_("… and {more} more", more=f"{self.unparsed - MAX_TOLD:,}"))
        if self.unsure > MAX_TOLD:
            output.say(_("{rows} answers in all are left to a person", rows=f"{self.unsure:,}"))


def _unreadable(prediction: Prediction) -> str:
    wrote = json.dumps(prediction.output, ensure_ascii=False)
    return _(
        "{id}: no answer could be read: {error}; the model wrote {output}",
        id=prediction.id,
        error=prediction.answer.error,
        output=wrote if len(wrote) <= MAX_QUOTED else wrote[: MAX_QUOTED - 1] + "…",
    )


def _unsure(prediction: Prediction) -> str:
    known = None if prediction.confidence is None else prediction.confidence.probability
    probability = "–" if known is None else f"{known:.1%}"
    return _(
        "{id}: left to a person, the answer is too improbable ({probability})",
        id=prediction.id,
        probability=probability,
    )


def _write(target: Path, predictions: Iterable[Prediction], version: str, tally: _Tally, *, as_json: bool) -> None:
    from tasktune.evaluation.predictions import write_predictions

    rows = write_predictions(target, predictions)
    if as_json:
        output.show_json({"version": version, "rows": rows, "unparsed": tally.unparsed, "output": str(target)})
    else:
        output.show(
            _(
                "{rows} answers, {unparsed} of them unreadable, in {file}",
                rows=rows,
                unparsed=tally.unparsed,
                file=target,
            )
        )


def _answer(prediction: Prediction) -> str:
    value: Any = prediction.answer.value
    if not prediction.answer.parsed:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _pairs(fields: tuple[str, ...]) -> Mapping[str, str]:
    wrong = [field for field in fields if not field.partition("=")[0] or "=" not in field]
    if wrong:
        raise InputError(
            _("--field {field}: not NAME=VALUE", field=wrong[0]), hint=_("write it as --field entity=台積電")
        )
    return {name: value for name, _equals, value in (field.partition("=") for field in fields)}
