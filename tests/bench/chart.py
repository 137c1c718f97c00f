"""Curves as SVG, without a library: throughput and latency over the number of
connections, a pair of panels for each thing measured."""
import math

COLOURS = {"zhibud": "#b3261e", "pgbench": "#33691e", "go": "#0b57d0", "python": "#7b5e00"}
WIDTH, HEIGHT, LEFT, TOP, GAP = 420, 220, 70, 40, 80


def ticks(low, high):
    """1, 2, 5, 10 … within the range."""
    found, power = [], 10 ** math.floor(math.log10(low))
    while power <= high:
        found += [power * k for k in (1, 2, 5) if low <= power * k <= high]
        power *= 10
    return found


def panel(x, y, title, series, unit):
    """series: name -> [(connections, value)]; both axes logarithmic."""
    points = [p for s in series.values() for p in s]
    left, right = min(p[0] for p in points), max(p[0] for p in points)
    low, high = min(p[1] for p in points) / 1.3, max(p[1] for p in points) * 1.3

    def at(n, value):
        span = math.log(right / left) or 1
        return (x + WIDTH * math.log(n / left) / span,
                y + HEIGHT * (1 - math.log(value / low) / math.log(high / low)))

    out = [f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" fill="none"'
           f' stroke="#999"/>', f'<text x="{x}" y="{y - 10}" font-weight="bold">{title}</text>']
    for t in ticks(low, high):
        _, ty = at(left, t)
        out.append(f'<line x1="{x}" x2="{x + WIDTH}" y1="{ty:.1f}" y2="{ty:.1f}"'
                   f' stroke="#eee"/><text x="{x - 6}" y="{ty + 4:.1f}"'
                   f' text-anchor="end">{t:g}</text>')
    for n in sorted({p[0] for p in points}):
        tx, _ = at(n, low)
        out.append(f'<text x="{tx:.1f}" y="{y + HEIGHT + 16}" text-anchor="middle">{n}</text>')
    out.append(f'<text x="{x + WIDTH}" y="{y + HEIGHT + 32}" text-anchor="end">connections;'
               f' {unit}</text>')
    for i, (name, s) in enumerate(series.items()):
        colour = COLOURS[name]
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in (at(*p) for p in s))
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}"'
                   f' stroke-width="2"/>')
        out += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>'
                for px, py in (at(*p) for p in s)]
        out.append(f'<text x="{x + WIDTH - 70}" y="{y + HEIGHT - 12 - 16 * i}"'
                   f' fill="{colour}">{name}</text>')
    return "\n".join(out)


def curves(found):
    """found: what -> name -> [(connections, rate a second, latency in µs)]"""
    out, y = [], TOP
    for what, series in found.items():
        out.append(panel(LEFT, y, f"{what}: throughput",
                         {n: [(c, r) for c, r, _ in s] for n, s in series.items()},
                         "requests a second"))
        out.append(panel(LEFT + WIDTH + GAP + 20, y, f"{what}: latency",
                         {n: [(c, max(t, 1) / 1000) for c, _, t in s]
                          for n, s in series.items()}, "ms"))
        y += HEIGHT + GAP
    width = LEFT + 2 * WIDTH + GAP + 60
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}"'
            f' font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%"'
            f' fill="white"/>\n' + "\n".join(out) + "\n</svg>\n")
