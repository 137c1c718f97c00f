#!/usr/bin/env python3
"""Prints common/widths.h from the Unicode data of this Python."""
import unicodedata as u

# Blocks that are wide even where no character is assigned yet (UAX #11).
WIDE_BLOCKS = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x2FFFD),
               (0x30000, 0x3FFFD)]


def zero(cp):
    if cp == 0xAD:
        return False  # soft hyphen: terminals show it
    return (u.category(chr(cp)) in ("Mn", "Me", "Cf", "Zl", "Zp")
            or 0x1160 <= cp <= 0x11FF)  # Hangul vowels and finals join


def wide(cp):
    if u.category(chr(cp)) == "Cn":  # Python says F of most unassigned ones
        return any(a <= cp <= b for a, b in WIDE_BLOCKS)
    return u.east_asian_width(chr(cp)) in "WF" and not zero(cp)


def ranges(test):
    start = None
    for cp in range(0x80, 0x110001):
        hit = cp < 0x110000 and test(cp)
        if hit and start is None:
            start = cp
        elif not hit and start is not None:
            yield start, cp - 1
            start = None


def table(name, test):
    print(f"static const struct range {name}[] = {{")
    cells = [f"{{ 0x{a:X}, 0x{b:X} }}," for a, b in ranges(test)]
    for i in range(0, len(cells), 3):
        print("\t" + " ".join(cells[i:i + 3]))
    print("};")


print(f"/* Made by common/widths.py from Unicode {u.unidata_version}: code "
      "points from U+0080\n * that take no column, and those that take two. "
      "Sorted. */")
table("zero", zero)
print()
table("wide", wide)
