"""A small line plot as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 720
HEIGHT: Final = 420
LEFT: Final = 70
RIGHT: Final = 150
TOP: Final = 40
BOTTOM: Final = 50
COLOURS: Final = ("#1f6feb", "#bf4b8a", "#2da44e", "#9a6700")

Point = tuple[float, float]


def line_plot(title: str, across: str, up: str, lines: Mapping[str, Sequence[Point]]) -> str:
    """The lines over linear axes that begin at 0: what grows in proportion is straight."""
    most_x = max(x for points in lines.values() for x, _ in points)
    most_y = max(y for points in lines.values() for _, y in points)
    step_x, step_y = _step(most_x), _step(most_y)
    end_x, end_y = _ceiling(most_x, step_x), _ceiling(most_y, step_y)

    def place(x: float, y: float) -> Point:
        inner_x, inner_y = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return LEFT + inner_x * x / end_x, HEIGHT - BOTTOM - inner_y * y / end_y

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(WIDTH / 2, 22, title, anchor="middle", size=15),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, across, anchor="middle"),
        f'<g transform="rotate(-90 16 {HEIGHT / 2})">{_text(16, HEIGHT / 2, up, anchor="middle")}</g>',
    ]
    for number in range(round(end_x / step_x) + 1):
        x, y = place(number * step_x, 0)
        parts.append(_text(x, y + 18, f"{number * step_x:,.6g}", anchor="middle"))
    for number in range(round(end_y / step_y) + 1):
        x, y = place(0, number * step_y)
        parts.append(f'<line x1="{x}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(x - 8, y + 4, f"{number * step_y:,.6g}", anchor="end"))
    for (name, points), colour in zip(lines.items(), COLOURS, strict=False):
        places = [place(x, y) for x, y in sorted(points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(_text(places[-1][0] + 8, places[-1][1] + 4, name, colour=colour))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _step(most: float) -> float:
    """A round distance between marks: four to ten of them up to `most`."""
    unit = 1.0
    while unit * 10 <= most:
        unit *= 10
    while unit > most:
        unit /= 10
    return next(unit * part for part in (0.1, 0.2, 0.5, 1.0) if most / (unit * part) <= 10 or part == 1.0)


def _ceiling(most: float, step: float) -> float:
    count = int(most / step)
    return step * (count if count * step >= most else count + 1)


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = "#333") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
    )
