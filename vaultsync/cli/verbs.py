"""The verbs of the command line: each is loaded when it is called, or when the help tells of it."""

from __future__ import annotations

import importlib
import os
from collections import UserDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

SECTIONS: Final = {
    "Commands": (
        "dashboard",
        "run",
        "ticket",
        "join",
        "status",
        "peers",
        "requests",
        "adopt",
        "leave",
        "forget",
        "sync-now",
        "stop",
        "doctor",
        "config",
        "sessions",
        "identity",
        "demo",
    ),
    "Notes, what they were and what happened to them": (
        "history",
        "show",
        "diff",
        "restore",
        "deleted",
        "conflicts",
        "resolve",
        "undo",
        "approve",
        "select",
        "explain",
        "log",
    ),
}
"""All verbs, as the help lists them. Each has a module of its name, with a function of its name or an `app`."""


def with_dashboard(arguments: Sequence[str], *, terminal: bool) -> list[str]:
    """The arguments with the verb put in that `vaultsync FOLDER` and, on a terminal, `vaultsync` alone leave out."""
    if not arguments:
        return ["dashboard"] if terminal else []
    first = arguments[0]
    if first.startswith("-") or any(first in names for names in SECTIONS.values()):
        return list(arguments)
    is_path = first.startswith(("~", ".")) or os.sep in first or os.path.isdir(first)
    return ["dashboard", *arguments] if is_path else list(arguments)


class Verb(TyperCommand):
    """A command whose usage names its arguments as manuals do: NOTE, [NOTE] if it may be left out, NOTE... if many."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [each for each in self.params if each.param_type_name == "argument"]
        return ["[OPTIONS]", *map(_in_usage, arguments)]


class Group(TyperGroup):
    """Commands that the help tells of in full, section by section."""

    def sections(self) -> Mapping[str, Sequence[str]]:
        return {"Commands": list(self.commands)}

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the first paragraph of each command's help, names in one column."""
        width = max(map(len, self.commands))
        for title, names in self.sections().items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), _first_paragraph(self.commands[name])) for name in names])


class AllVerbs(Group):
    """The command above all verbs."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Verbs()

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, without loading what they stand for."""
        return list(self.commands)

    def sections(self) -> Mapping[str, Sequence[str]]:
        return SECTIONS


class _Verbs(UserDict[str, Any]):
    """Click commands by name, each made when it is first looked at."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(name for names in SECTIONS.values() for name in names))

    def __getitem__(self, name: str) -> Any:
        if self.data[name] is None:
            self.data[name] = _load(name)
        return self.data[name]


def _load(name: str) -> Any:
    function = name.replace("-", "_")
    module = importlib.import_module(f"vaultsync.cli.{function}")
    above = typer.Typer(rich_markup_mode=None)
    if hasattr(module, "app"):
        for below in module.app.registered_commands:
            below.cls = Verb
        above.add_typer(module.app, name=name, cls=Group)
    else:
        above.command(name, cls=Verb)(getattr(module, function))
    return typer.main.get_group(above).commands[name]


def _in_usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    if " " not in name and argument.nargs != 1:
        name += "..."
    return name if argument.required else f"[{name}]"


def _first_paragraph(command: Any) -> str:
    return " ".join(command.help.partition("\n\n")[0].split())
