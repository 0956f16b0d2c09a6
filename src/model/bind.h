/* bind.h - the role of a tensor to the tensor, checked for existence, type and shape. */
#ifndef MC_MODEL_BIND_H
#define MC_MODEL_BIND_H

#include "model/arch.h"
#include "model/quantization.h"
#include "model/weight.h"

typedef struct mc_binder {
    const mc_store   *store;
    const mc_arch    *arch;
    const mc_hparams *hparams;
    mc_dialect        dialect;
    const char       *prefix; /* of the language model's tensors */
    bool             *used;   /* [tensors] */
    mc_quantization   quantization;
} mc_binder;

mc_status mc_binder_init(mc_binder *binder, const mc_store *store, const mc_arch *arch,
                         const mc_hparams *hparams, mc_error *err);
void      mc_binder_clear(mc_binder *binder);

/* A stored matrix of this shape. `block` counts from 0; it is ignored by roles outside of the
 * blocks. */
mc_status mc_bind_matrix(mc_binder *binder, mc_role role, size_t block, size_t rows,
                         size_t cols, mc_weight *weight, mc_error *err);
/* The weight of a linear layer, [out, in], or [in, out] where the dialect stores it so. */
mc_status mc_bind_linear(mc_binder *binder, mc_role role, size_t block, size_t rows,
                         size_t cols, mc_weight *weight, mc_error *err);
/* The role's ".weight" or ".bias" as a vector of `length`. `part` is the number that a second
 * "%d" of the name stands for. */
mc_status mc_bind_vector(mc_binder *binder, mc_role role, size_t block, size_t part,
                         const char *suffix, size_t length, mc_weight *weight, mc_error *err);
/* The tensor itself, or NULL. Does not count as use. */
const mc_tensor *mc_bind_find(const mc_binder *binder, mc_role role, size_t block, size_t part,
                              const char *suffix);

/* Tensors of the role may be in the file although nothing uses them. */
void mc_bind_ignore(mc_binder *binder, mc_role role, size_t block);

/* MC_ERR_UNSUPPORTED when a block has a tensor that nothing has bound: then it does something
 * that the architecture's row does not know. */
mc_status mc_bind_check_unused(const mc_binder *binder, mc_error *err);

#endif
