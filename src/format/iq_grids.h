/* iq_grids.h - the codebooks of GGUF's IQ types (iq_grids.c says where they come from). The
 * bytes of a row, least significant first, are its values. */
#ifndef MC_FORMAT_IQ_GRIDS_H
#define MC_FORMAT_IQ_GRIDS_H

#include <stdint.h>

extern const uint64_t mc_iq2_xxs_grid[256], mc_iq2_xs_grid[512], mc_iq2_s_grid[1024];
extern const uint32_t mc_iq3_xxs_grid[256], mc_iq3_s_grid[512];
extern const uint64_t mc_iq1_grid[2048];

#endif
