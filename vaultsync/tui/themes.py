"""The dashboard's colours, dark and light. Text on every surface keeps a contrast of at least 4.5 to 1."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="vaultsync-dark",
    primary="#7aa2f7",
    secondary="#7dcfff",
    accent="#bb9af7",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    foreground="#d5daf0",
    background="#16171f",
    surface="#1c1e29",
    panel="#262938",
    dark=True,
    variables={
        "text-muted": "#949ab8",
        "text-success": "#9ece6a",
        "text-warning": "#e0af68",
        "text-error": "#f7768e",
        "border-blurred": "#3b4056",
        "footer-key-foreground": "#7dcfff",
    },
)

LIGHT: Final = Theme(
    name="vaultsync-light",
    primary="#2e5bb8",
    secondary="#0f6f8f",
    accent="#7847bd",
    success="#2f6b1c",
    warning="#825100",
    error="#b3182f",
    foreground="#23283a",
    background="#f4f5f9",
    surface="#ffffff",
    panel="#e4e7f0",
    dark=False,
    variables={
        "text-muted": "#5b6178",
        "text-success": "#2f6b1c",
        "text-warning": "#825100",
        "text-error": "#b3182f",
        "border-blurred": "#c3c8d9",
        "footer-key-foreground": "#0f6f8f",
    },
)
