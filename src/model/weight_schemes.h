/* weight_schemes.h - the rows of weight_schemes.c. */
#ifndef MC_MODEL_WEIGHT_SCHEMES_H
#define MC_MODEL_WEIGHT_SCHEMES_H

#include "model/weight.h"

/* What `parts` hold. */
enum { MC_PART_SCALES, MC_PART_ZEROS, MC_PART_ORDER };

typedef enum mc_scheme_kind {
    MC_SCHEME_MLX_AFFINE,
    MC_SCHEME_MLX_MXFP4,
    MC_SCHEME_MLX_MXFP8,
    MC_SCHEME_MLX_NVFP4,
    MC_SCHEME_GPTQ,
    MC_SCHEME_GPTQ_V2,
    MC_SCHEME_AWQ,
    MC_SCHEME_FP8_BLOCKS,
    MC_SCHEME_FP8_SCALED,  /* one scale for the tensor or for each row */
    MC_SCHEME_GGUF_SCALED, /* likewise, in GGUF files */
} mc_scheme_kind;

/* By kind and bits (0 where the kind has one width); NULL: there is none. */
const mc_weight_scheme *mc_weight_scheme_find(mc_scheme_kind kind, size_t bits);
/* For lists, by number from 0; NULL ends them. */
const mc_weight_scheme *mc_weight_scheme_at(size_t index);

#endif
