"""docs/api.md, made of the API's own description: `python -m tests.support.api_reference` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

from vaultsync.daemon.service import Node
from vaultsync.server.app import make_api

PAGE: Final = Path(__file__).parents[2] / "docs" / "api.md"

HEAD: Final = """\
# The local API: every resource

Made of the API's own description (`GET /v1/openapi.json`) by `python -m tests.support.api_reference`. How to find
it, who is kept out, events, errors and examples: [api-examples.md](api-examples.md). Times are Unix ms; ids are in
their text form; `?` marks what may be left out, and `null` what may be null.
"""

TITLES: Final = {
    "node": "The node",
    "identity": "This device's key",
    "sessions": "Tokens for programs",
    "vaults": "Vaults",
    "settings": "Settings",
    "pairing": "Pairing",
    "peers": "Other devices",
    "history": "History",
    "conflicts": "Conflicts",
    "deletions": "Held deletions",
    "insight": "Why things are as they are",
}

Json = dict[str, Any]


def page() -> str:
    """The whole page."""
    described = make_api(cast(Node, None)).openapi()
    schemas: Json = described["components"]["schemas"]
    parts = [HEAD]
    for tag, title in TITLES.items():
        parts.append(f"## {title}\n")
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                if operation["tags"] == [tag]:
                    parts.append(_operation(method, path, operation, schemas))
    parts.append("## What answers are made of\n")
    parts += [_table(name, schemas[name]) for name in sorted(_answers(described))]
    return "\n".join(parts).rstrip() + "\n"


def _operation(method: str, path: str, operation: Json, schemas: Json) -> str:
    lines = [f"### `{method.upper()} {path}`\n", operation.get("description", "") + "\n"]
    rows = [
        (each["name"] + ("" if each["required"] else "?"), _type(each["schema"]), _default(each["schema"]))
        for each in operation.get("parameters", ())
        if each["in"] != "path"
    ]
    if (body := operation.get("requestBody")) is not None:
        schema = body["content"]["application/json"]["schema"]
        if "$ref" in schema:
            named = schemas[_name(schema)]
            needed = named.get("required", ())
            for key, field in named["properties"].items():
                says = " ".join(filter(None, (field.get("description", ""), _default(field))))
                rows.append((f"**{key}**" + ("" if key in needed else "?"), _type(field), says))
        else:
            rows.append(("**body**", _type(schema), schema.get("description", "")))
    if rows:
        lines += ["| parameter, or field of the **body** | type | |", "|---|---|---|"]
        lines += [f"| {name} | {kind} | {_line(says)} |" for name, kind, says in rows]
        lines.append("")
    code, answer = next((code, each) for code, each in operation["responses"].items() if code.isdecimal())
    content = next(iter(answer.get("content", {}).items()), None)
    if content is None:
        lines.append(f"Answers {code}, with nothing.\n")
    elif content[0] == "application/json":
        lines.append(f"Answers {code} with {_type(content[1]['schema'])}.\n")
    else:
        lines.append(f"Answers {code} with `{content[0]}`.\n")
    return "\n".join(lines)


def _table(name: str, schema: Json) -> str:
    lines = [f"### {name}\n", schema.get("description", "") + "\n", "| field | type | |", "|---|---|---|"]
    for key, field in schema["properties"].items():
        lines.append(f"| {key} | {_type(field)} | {_line(field.get('description', ''))} |")
    return "\n".join(lines) + "\n"


def _answers(described: Json) -> set[str]:
    """The names of everything that answers hold."""
    schemas, found = described["components"]["schemas"], {"Problem"}
    open_names = [
        name
        for operations in described["paths"].values()
        for operation in operations.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        for name in _names(content["schema"])
    ]
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += _names(schemas[name])
    return found


def _names(schema: object) -> list[str]:
    if isinstance(schema, list):
        return [name for each in schema for name in _names(each)]
    if not isinstance(schema, dict):
        return []
    own = [_name(schema)] if "$ref" in schema else []
    return own + [name for each in schema.values() for name in _names(each)]


def _name(schema: Json) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = _name(schema)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {_type(schema['items'])}"
    return str(schema.get("type", "anything"))


def _default(schema: Json) -> str:
    default = schema.get("default")
    return (
        "" if default in (None, "") else f"Default: {str(default).lower() if isinstance(default, bool) else default}."
    )


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
