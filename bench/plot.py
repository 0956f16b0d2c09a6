"""Points and the line through them, as a small SVG: one panel for each quantity that the cost should be linear in."""

import math

WIDTH, HEIGHT, MARGIN = 320, 220, 46


def line_through(points):
    """Least squares: seconds = slope * x + start."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    return slope, mean_y - slope * mean_x


def straightness(points):
    """The farthest point from the line through them, as a part of the largest value."""
    slope, start = line_through(points)
    return max(abs(y - slope * x - start) for x, y in points) / max(y for _, y in points)


def rounded(most):
    """The largest of 1, 2, 4, 5, 10, 20, ... that is not above it."""
    power = 10 ** math.floor(math.log10(most))
    return max(n * power for n in (1, 2, 4, 5) if n * power <= most)


def panel(left, name, points):
    most_x, most_y = max(x for x, _ in points) * 1.05, max(y for _, y in points) * 1.1
    last_x, last_y = rounded(most_x), rounded(most_y)
    slope, start = line_through(points)

    def place(x, y):
        return left + MARGIN + x / most_x * (WIDTH - MARGIN - 10), HEIGHT - MARGIN - y / most_y * (HEIGHT - MARGIN - 24)

    (x0, y0), (x1, y1), (x2, y2) = place(0, 0), place(most_x, 0), place(0, most_y)
    (a, b), (c, d) = place(max(-start / slope, 0), max(start, 0)), place(most_x, slope * most_x + start)
    out = ['<path d="M%.1f %.1f L%.1f %.1f L%.1f %.1f" class="axis"/>' % (x2, y2, x0, y0, x1, y1),
           '<path d="M%.1f %.1f L%.1f %.1f" class="fit"/>' % (a, b, c, d)]
    out += ['<circle cx="%.1f" cy="%.1f" r="3"/>' % place(x, y) for x, y in points]
    for share in (0.5, 1):
        (tick_x, _), (_, tick_y) = place(share * last_x, 0), place(0, share * last_y)
        out += ['<path d="M%.1f %.1f v4 M%.1f %.1f h-4" class="axis"/>' % (tick_x, y0, x0, tick_y),
                '<text x="%.1f" y="%.1f" text-anchor="middle">%g</text>' % (tick_x, y0 + 16, share * last_x),
                '<text x="%.1f" y="%.1f" text-anchor="end">%g s</text>' % (x0 - 6, tick_y + 4, share * last_y)]
    out += ['<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>' % ((x0 + x1) / 2, y0 + 32, name),
            '<text x="%.1f" y="%.1f">processor time: %.3g ms each</text>' % (x0 + 8, 16, 1e3 * slope)]
    return out


def write(path, rows):
    names = sorted({r["by"] for r in rows}, reverse=True)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d">' % (WIDTH * len(names), HEIGHT),
           '<style>text{font:11px sans-serif}.axis{fill:none;stroke:#444}.fit{fill:none;stroke:#888;stroke-dasharray:4 3}'
           'circle{fill:#1565c0}</style>', '<rect width="100%" height="100%" fill="white"/>']
    for i, name in enumerate(names):
        out += panel(i * WIDTH, name, [(r["x"], r["seconds"]) for r in rows if r["by"] == name])
    path.write_text("\n".join(out) + "\n</svg>\n")
