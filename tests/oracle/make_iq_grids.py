#!/usr/bin/env python3
"""make_iq_grids.py: src/format/iq_grids.c, the codebooks of GGUF's IQ types as the gguf package publishes them.

A codebook is part of its format: a code in the file is a row here. gguf/quants.py holds them as `grid_hex` with a
`grid_map`; a row becomes one integer whose bytes, least significant first, are the row's 4 or 8 values."""

import pathlib

from gguf import quants

OUT = pathlib.Path(__file__).resolve().parent.parent.parent / "src" / "format" / "iq_grids.c"
GRIDS = (("iq2_xxs", quants.IQ2_XXS), ("iq2_xs", quants.IQ2_XS), ("iq2_s", quants.IQ2_S), ("iq3_xxs", quants.IQ3_XXS),
         ("iq3_s", quants.IQ3_S), ("iq1", quants.IQ1_S))
HEAD = """/* iq_grids.c - the codebooks of GGUF's IQ types: data that belongs to the formats.
 *
 * Written by tests/oracle/make_iq_grids.py from the tables that the gguf package (gguf/quants.py)
 * publishes. The bytes of a row, least significant first, are its values: magnitudes for IQ2 and
 * IQ3, -1, 0 and 1 for IQ1. */
#include "format/iq_grids.h"

// clang-format off
"""


def table(name, quant):
    quant.init_grid()
    rows, width = quant.grid_shape
    values = quant.grid.reshape(rows, width).astype("int8").view("uint8")
    words = [int.from_bytes(bytes(row), "little") for row in values]
    kind, digits, many = ("uint64_t", 16, 4) if width == 8 else ("uint32_t", 8, 7)
    lines = [", ".join("0x%0*x" % (digits, word) for word in words[i:i + many]) for i in range(0, rows, many)]
    body = ",\n".join("    " + line for line in lines)
    return "const %s mc_%s_grid[%d] = {\n%s\n};\n" % (kind, name, rows, body)


def main():
    OUT.write_text(HEAD + "\n".join(table(*grid) for grid in GRIDS) + "// clang-format on\n")
    print(OUT.name, OUT.stat().st_size)


if __name__ == "__main__":
    main()
