#!/usr/bin/env python3
"""make_iq_grids.py: print src/format/iq_grids.h, the code books that define GGUF's IQ types.

The books are part of the format and cannot be computed; they are taken from the gguf package and packed: an entry is one
number that holds the indices of its 8 (or 4) values in the type's short list of values, lowest bits first."""

import gguf
import gguf.quants as quants
import numpy as np

BOOKS = [("iq1", "IQ1_S", 2), ("iq2_xxs", "IQ2_XXS", 2), ("iq2_xs", "IQ2_XS", 2), ("iq2_s", "IQ2_S", 2),
         ("iq3_xxs", "IQ3_XXS", 3), ("iq3_s", "IQ3_S", 3)]

print("/* iq_grids.h - the code books of GGUF's IQ types; printed by tests/oracle/make_iq_grids.py.\n"
      " *\n * An entry packs the indices of its values (2 bits each, 8 of them; in the iq3 books 3 bits each,\n"
      " * 4 of them), lowest bits first, into the list of values above the book. */\n"
      "#ifndef MC_FORMAT_IQ_GRIDS_H\n#define MC_FORMAT_IQ_GRIDS_H\n\n#include <stdint.h>\n\n// clang-format off")
for name, kind, bits in BOOKS:
    traits = quants._type_traits[getattr(gguf.GGMLQuantizationType, kind)]
    traits.init_grid()
    values = np.array(traits.grid_map, dtype=np.float32)
    grid = traits.grid.reshape(traits.grid_shape)
    index = np.searchsorted(values, grid).astype(np.uint32)
    assert (values[index] == grid).all()
    packed = (index << (bits * np.arange(grid.shape[1], dtype=np.uint32))).sum(axis=1)
    print("static const int8_t mc_%s_values[] = { %s };" % (name, ", ".join("%d" % v for v in values)))
    print("static const uint16_t mc_%s_grid[%d] = {" % (name, len(packed)))
    for at in range(0, len(packed), 12):
        print("    " + " ".join("0x%04x," % p for p in packed[at:at + 12]))
    print("};\n")
print("// clang-format on\n#endif")
