/* weight.h - where a program's numbers come from, and the one way to widen them.
 *
 * A weight is a view of stored tensors as a float32 matrix [rows, cols] ([out, in] of a linear
 * layer) or a vector (cols 1). Whatever the file does (transposed storage, rows of several
 * matrices interleaved, quantised parts, a constant added) is said here and undone by
 * mc_weight_widen(): a backend sees plain rows. */
#ifndef MC_MODEL_WEIGHT_H
#define MC_MODEL_WEIGHT_H

#include "base/error.h"
#include "format/format.h"

enum { MC_WEIGHT_PARTS = 4 };

/* Columns that can be widened apart from others: a multiple of every block and group. */
enum { MC_WEIGHT_PART = 256 };

/* Rows first .. first + count - 1, columns at .. at + columns - 1. `at` is a multiple of
 * MC_WEIGHT_PART, and `columns` too unless they go to the end. */
typedef struct mc_weight_area {
    size_t first, count, at, columns;
} mc_weight_area;

typedef struct mc_weight mc_weight;

/* How a quantised weight made of several tensors is widened (weight_schemes.c); plain tensors
 * of the dtype table need none. The area's rows are those of the stored matrix. */
typedef struct mc_weight_scheme {
    const char *name;
    void (*widen)(const mc_weight *weight, mc_weight_area area, float *out, size_t stride);
} mc_weight_scheme;

struct mc_weight {
    const mc_tensor        *tensor;                 /* NULL: there is no such weight */
    const mc_tensor        *parts[MC_WEIGHT_PARTS]; /* scales, zero points, ... of the scheme */
    const mc_weight_scheme *scheme;                 /* NULL: plain */
    size_t                  bits, group;            /* of the scheme */
    size_t                  block_rows;             /* of a scheme with blocks */
    size_t                  stored_rows;            /* of the scheme's whole matrix */
    size_t                  rows, cols;             /* of this view */
    size_t                  row_first;              /* a part of a stacked tensor begins here */
    /* Row r of the view is stored row
     *   row_first + (r / row_block) * row_stride + r % row_block
     * when row_block > 0 (fused qkv with the heads interleaved), else row_first + r. */
    size_t row_block, row_stride;
    bool   transposed; /* stored [in, out] (GPT-2) */
    float  add;        /* added to every value after widening: Gemma's 1 + w */
};

static inline bool mc_weight_present(const mc_weight *weight)
{
    return weight->tensor != NULL;
}

/* How it is stored, for people: "Q4_K", "GPTQ 4-bit". */
const char *mc_weight_type_name(const mc_weight *weight);
/* Bytes of the files that the view's values take: views of one tensor share its bytes. */
uint64_t mc_weight_stored_size(const mc_weight *weight);

/* Rows first .. first + count - 1 of the view as float32 into out[i * stride + j]. Never fails:
 * lowering has checked shapes and types. Safe from several threads at once. */
void mc_weight_widen(const mc_weight *weight, size_t first, size_t count, float *out,
                     size_t stride);

/* A part of them: the value of its first row and column at out[0]. */
void mc_weight_widen_area(const mc_weight *weight, mc_weight_area area, float *out,
                          size_t stride);

/* Where these rows lie in the file, when they do as rows of single numbers of the tensor's
 * type, one after another; else NULL. The bytes may be unaligned. */
const uint8_t *mc_weight_stored_rows(const mc_weight *weight, size_t first, size_t count);

/* A vector (cols 1): all its `rows` values, contiguous. */
void mc_weight_widen_vector(const mc_weight *weight, float *out);

#endif
