"""Which model at which address an evaluation asks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from tasktune.definition.fields import InvalidValue, endpoint_url, variable_name
from tasktune.endpoint import Connection, Endpoint
from tasktune.errors import InputError, Problem
from tasktune.inference.decoding import Decoding
from tasktune.locale import translate as _

_MOST_MODELS = 12


def chosen_endpoint(
    base_url: str | None, model: str | None, key_env: str | None, environment: Mapping[str, str], *, timeout: float
) -> Endpoint:
    """The endpoint that options of the command line mean. Without a model, the only one that the server has.

    A key is sent only where its variable is named: rows and keys go nowhere that nobody asked for.

    :raises InputError: with all that is missing or wrong; or the server has no model, or several.
    :raises RunError: there is no model, and the server cannot be asked which ones it has.
    """
    problems = []
    url = ""
    if base_url is None:
        problems.append(Problem(_("no address is given"), _("for example http://localhost:8000/v1"), "--endpoint"))
    else:
        try:
            url = endpoint_url(base_url)
        except InvalidValue as error:
            problems.append(Problem(error.message, error.hint, "--endpoint"))
    if key_env is not None:
        try:
            variable_name(key_env)
        except InvalidValue as error:
            problems.append(Problem(error.message, error.hint, "--api-key-env"))
        else:
            if not environment.get(key_env):
                hint = _("export {variable}=…, or name another with --api-key-env", variable=key_env)
                problems.append(Problem(_("the environment has no key"), hint, key_env))
    if problems:
        raise InputError(_("it is not clear which model to ask"), problems=problems)
    endpoint = Endpoint(model=model or "", base_url=url, key_env=key_env)
    if model:
        return endpoint
    return endpoint.model_copy(update={"model": _only_model(endpoint, environment, timeout)})


def _only_model(endpoint: Endpoint, environment: Mapping[str, str], timeout: float) -> str:
    connection = Connection(endpoint, timeout=timeout, retries=0, environment=environment)
    try:
        known = connection.models()
    finally:
        connection.close()
    if len(known) == 1:
        return known[0]
    shown = ", ".join(known[:_MOST_MODELS]) + ("…" if len(known) > _MOST_MODELS else "")
    raise InputError(
        _("{url} has {count} models", url=endpoint.base_url, count=len(known)),
        hint=_("name one with --model: {models}", models=shown) if known else _("load one into the server"),
    )


def folder_name(endpoint: Endpoint, decoding: Decoding) -> str:
    """A folder's name for what the endpoint answers under these rules: readable, and different for different ones."""
    parts = urlsplit(endpoint.base_url)
    readable = re.sub(r"[^A-Za-z0-9._]+", "-", f"{parts.netloc}-{endpoint.model}").strip("-.")[:60]
    known = [endpoint.base_url, endpoint.model, decoding.model_dump()]
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
    return f"{readable}-{digest[:8]}"
