/* selftest.h (private) - one stored reference: tokens, and the states that they must give. */
#ifndef MC_ANALYSIS_SELFTEST_H
#define MC_ANALYSIS_SELFTEST_H

#include <modelcypher/selftest.h>

#include "base/hash.h"
#include "engine/engine.h"
#include "model/model.h"

/* golden.safetensors of a folder: `token_ids` I32, `text_offsets` I64, `state.<k>` and `final`
 * F32 [tokens, width]. */
typedef struct mc_reference {
    mc_file_map map;
    mc_store   *store;
    size_t     *offsets;
    mc_texts    texts;
} mc_reference;

typedef struct mc_comparison_sum {
    double  worst;  /* relative L2 of any token's row; NAN stays */
    size_t  values; /* compared */
    size_t  states;
    mc_hash bits; /* of all states */
} mc_comparison_sum;

mc_status mc_reference_open(const char *folder, mc_reference *reference, mc_error *err);
void      mc_reference_close(mc_reference *reference);
/* The model over the reference's texts, every token of every state. */
mc_status mc_reference_compare(const mc_model *model, const mc_reference *reference,
                               const mc_backend *backend, size_t threads,
                               mc_comparison_sum *sum, mc_error *err);

/* A file with `stored`, bytes of a type (its name is the file's), and `values`, what they are.
 * *error: the largest relative one; 0 means the same bits. */
mc_status mc_reference_compare_type(const char *path, char *type, size_t type_size,
                                    size_t *values, double *error, mc_error *err);

/* |got - want| / |want| of a row. */
double mc_row_error(const float *got, const float *want, size_t width);
/* The larger; a NaN stays. */
void mc_keep_worst(double *worst, double error);

#endif
