"""The API's own description (OpenAPI 3.1): every resource, every field in the words of the code, every way to fail."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from vaultsync.daemon import answers, recovery, status
from vaultsync.server import models, recovery_models
from vaultsync.server.problems import MEDIA_TYPE

Json = dict[str, Any]

PROBLEM: Final[Json] = {
    "type": "object",
    "description": "What went wrong, in the words that a person would be shown (RFC 9457).",
    "required": ["type", "title", "status", "detail", "hint"],
    "properties": {
        "type": {"type": "string", "description": "Stable; `urn:vaultsync:error:` and a short word."},
        "title": {"type": "string", "description": "What happened."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "Why."},
        "hint": {"type": "string", "description": "What to do now; may be empty."},
        "errors": {"type": "array", "description": "Of a request that is not valid: each fault, and where it is."},
    },
}

FAILURES: Final = {
    "4XX": "The request, the ticket, the note or the folder cannot be used as it is.",
    "5XX": "The folder is not there, another device does not answer, the disk is full, or the node is at fault.",
}


def describing(api: FastAPI) -> Callable[[], Json]:
    """What gives the description of `api`; it is made when it is first asked for."""

    def describe() -> Json:
        if api.openapi_schema is None:
            found = get_openapi(
                title=api.title,
                version=api.version,
                summary=api.summary,
                description=api.description,
                routes=api.routes,
            )
            api.openapi_schema = _completed(found)
        return api.openapi_schema

    return describe


def _completed(found: Json) -> Json:
    components = found["components"]
    schemas = components["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for kind in _kinds():
        schema = schemas.get(kind.__name__)
        if schema is not None:
            schema["description"] = inspect.getdoc(kind) or ""
            for name, says in _field_docs(kind).items():
                if (field := schema["properties"].get(name)) is not None:
                    field["description"] = says
    schemas["Problem"] = PROBLEM
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    failure = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in found["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            if "202" in operation["responses"]:
                # It is answered before anything has come of it.
                operation["responses"]["202"].pop("content", None)
            operation["responses"] |= {
                code: {"description": says, "content": failure} for code, says in FAILURES.items()
            }
    return found


def _kinds() -> Iterator[type[Any]]:
    """What requests and answers are made of."""
    for module in (status, answers, recovery, models, recovery_models):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if is_dataclass(kind) or issubclass(kind, BaseModel):
                yield kind


def _field_docs(kind: type[Any]) -> dict[str, str]:
    """The texts that stand below the fields of a class. None where the source is not at hand."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError):
        return {}
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            value = below.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[field.target.id] = inspect.cleandoc(value.value)
    return found
