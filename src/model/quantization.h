/* quantization.h - weights that several tensors make up together: which scheme a folder's
 * configuration names, and the parts of one linear layer. What the parts mean is
 * weight_schemes.c. GGUF needs little of this: there a type is a scheme (dtype_table.c). */
#ifndef MC_MODEL_QUANTIZATION_H
#define MC_MODEL_QUANTIZATION_H

#include "model/weight.h"

typedef enum mc_quant_method {
    MC_QUANT_NONE,
    MC_QUANT_MLX,  /* "quantization", with sizes for single modules */
    MC_QUANT_GPTQ, /* "quantization_config", as the following */
    MC_QUANT_AWQ,
    MC_QUANT_FP8
} mc_quant_method;

typedef struct mc_quantization {
    mc_quant_method method;
    const char     *key;                    /* of the configuration, for messages */
    mc_json_value   table;                  /* that key's value */
    const char     *mode;                   /* of MLX: "affine", "mxfp4", ... */
    size_t          bits, group;            /* group 0: the whole row */
    bool            plain_zeros;            /* GPTQ v2: zero points are stored as they are */
    size_t          block_rows, block_cols; /* of FP8 with a scale a block; 0: no blocks */
} mc_quantization;

/* Read a store's configuration. MC_ERR_UNSUPPORTED names a scheme that is not supported. */
mc_status mc_quantization_read(const mc_store *store, mc_quantization *quant, mc_error *err);

/* The weight [rows, cols] of `module` (a tensor's name without ".weight"), if it is stored in
 * parts: checked, with everything mc_weight_widen() needs. *weight stays absent when the module
 * is stored plainly, or not at all. Errors are about the tensor. */
mc_status mc_quantization_bind(const mc_quantization *quant, const mc_store *store,
                               const char *module, size_t rows, size_t cols, mc_weight *weight,
                               mc_error *err);

#endif
