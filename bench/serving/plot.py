"""Draws latency under load as SVG: for each server, what share of the requests was answered within how many seconds."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from bench.common import RESULTS

WIDTH, HEIGHT, LEFT, TOP, LINE = 640, 360, 50, 40, 18
COLOURS = ("#b0413e", "#23578a")


def draw(latencies: Mapping[str, Sequence[float]], title: str) -> None:
    """Writes var/bench/serving.svg."""
    longest = max(max(samples) for samples in latencies.values())
    parts = [_text(LEFT, 20, title), *_axes(longest)]
    for number, (name, samples) in enumerate(latencies.items()):
        parts += _curve(name, sorted(samples), longest, number)
    RESULTS.mkdir(parents=True, exist_ok=True)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    (RESULTS / "serving.svg").write_text("\n".join([svg, *parts, "</svg>\n"]))


def _axes(longest: float) -> list[str]:
    bottom, right = _at(0, 0, longest)[1], _at(longest, 0, longest)[0]
    parts = [f'<path d="M{LEFT} {TOP}V{bottom:.0f}H{right:.0f}" fill="none" stroke="#888"/>']
    for share in (0.5, 0.99):
        height = _at(0, share, longest)[1]
        parts.append(f'<path d="M{LEFT} {height:.1f}H{right:.0f}" stroke="#ddd"/>')
        parts.append(_text(8, height + 4, f"{share:.0%}"))
    return [
        *parts,
        *(_text(_at(longest * n / 4, 0, longest)[0] - 8, bottom + LINE, f"{longest * n / 4:.2g} s") for n in range(5)),
    ]


def _curve(name: str, ordered: Sequence[float], longest: float, number: int) -> list[str]:
    points = [_at(0, 0, longest), *(_at(value, (n + 1) / len(ordered), longest) for n, value in enumerate(ordered))]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    colour = COLOURS[number % len(COLOURS)]
    label = _text(WIDTH - 150, HEIGHT - 90 + LINE * number, name, colour)
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', label]


def _at(second: float, share: float, longest: float) -> tuple[float, float]:
    return LEFT + second / longest * (WIDTH - LEFT - 30), HEIGHT - 40 - share * (HEIGHT - TOP - 40)


def _text(x: float, y: float, words: str, colour: str = "#222") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}">{escape(words)}</text>'
