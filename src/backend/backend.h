/* backend.h - the operations of a block program, as one table a backend.
 *
 * An operation is a pure function of one tile of rows: no threads inside, no allocation,
 * nothing kept. The engine cuts the tiles, owns the workers and the memory, and calls the
 * operations of a block one after another. Before that each operation's weights are staged:
 * widened to float32 and laid out as the backend likes, by jobs that any worker may run.
 *
 * `ref` runs everything plainly with double accumulation: it is the specification. `cpu` is
 * fast, and its result for a row is one fixed chain of operations, whatever the tile, the
 * thread or the instruction set: same input, same bits. */
#ifndef MC_BACKEND_BACKEND_H
#define MC_BACKEND_BACKEND_H

#include "base/error.h"
#include "model/program.h"

/* cos and sin of position p, pair i at [p * pairs + i]. */
typedef struct mc_rope_table {
    const float *cosine, *sine;
    size_t       pairs;
} mc_rope_table;

/* One text's rows in a tile. Positions 0..first-1 are not its own: they lie in rows of earlier
 * texts that begin alike (then `path` tells where), or in the history of a long text. */
typedef struct mc_text_rows {
    size_t          length; /* tokens of the whole text */
    size_t          first;  /* position of its first own row */
    size_t          row;    /* index of that row in the tile */
    size_t          own;    /* rows of its own, at consecutive positions */
    const uint32_t *path;   /* [first + own]: the row of each position; NULL: history */
    const mc_rope_table *const *ropes; /* one for each rope of the model */
} mc_text_rows;

/* Keys and values of a text that is longer than a tile, by position. */
typedef struct mc_history {
    float *keys, *values;
    size_t key_stride, value_stride;
} mc_history;

typedef struct mc_tile {
    size_t              rows;
    float              *data[MC_BUFFERS_MAX];
    size_t              stride[MC_BUFFERS_MAX]; /* floats from one row to the next */
    const int32_t      *tokens;                 /* [rows] */
    const uint32_t     *positions;              /* [rows] */
    const mc_text_rows *texts;
    size_t              text_count;
    const mc_history   *history; /* NULL: `path` of every text is set */
    const uint8_t      *wanted;  /* [rows] attention may skip a row with 0; NULL: all wanted */
    void               *scratch; /* as much as scratch_size() of the operation asked for */
} mc_tile;

typedef struct mc_backend mc_backend;

/* `staged` is what the stage jobs filled; NULL for an operation without weights. */
typedef void mc_op_run(const mc_backend *backend, const mc_op *op, const void *staged,
                       mc_tile *tile);

struct mc_backend {
    const char *name;    /* "ref", "cpu" */
    const char *tier;    /* instruction set: "portable", "avx2", ...; "" where there is none */
    const void *kernels; /* private to the backend */

    /* Staging: bytes (a multiple of 64), number of jobs, floats of scratch a job needs. */
    size_t (*staged_size)(const mc_op *op);
    size_t (*stage_jobs)(const mc_op *op);
    size_t (*stage_scratch)(const mc_op *op);
    void (*stage)(const mc_backend *backend, const mc_op *op, size_t job, void *staged,
                  float *scratch);

    /* Bytes of mc_tile.scratch for tiles of at most `rows` rows, of texts of `longest` tokens.
     */
    size_t (*scratch_size)(const mc_op *op, size_t rows, size_t longest);

    mc_op_run *run[MC_OP_COUNT];
};

/* "ref", "cpu", or NULL for the fastest here. The cpu tier is the best that this machine has,
 * or what the environment's MC_CPU names (portable; avx2, avx512 or neon). MC_ERR_ARGUMENT:
 * unknown name; MC_ERR_UNSUPPORTED: this machine does not have that tier. */
mc_status mc_backend_find(const char *name, const mc_backend **backend, mc_error *err);

/* The cpu backend of one tier, or NULL when this machine or build does not have it. */
const mc_backend *mc_backend_cpu_tier(const char *tier);

/* The name of cpu tier i, from narrow to wide; NULL ends. */
const char *mc_backend_cpu_tier_name(size_t index);

extern const mc_backend mc_backend_ref;

/* The total rows of a matmul's stacked weights. */
static inline size_t mc_op_stacked_rows(const mc_op *op)
{
    size_t rows = 0;

    for (size_t i = 0; i < op->stack; i++)
        rows += op->weights[i].rows;
    return rows;
}

static inline float *mc_tile_at(const mc_tile *tile, mc_operand operand, size_t row)
{
    return tile->data[operand.buffer] + row * tile->stride[operand.buffer] + operand.offset;
}

/* The factor of MC_OP_SCALE_FAR at a position. */
double mc_scale_far(const mc_op *op, size_t position);

/* The keys and values of a tile's rows go to the history, before attention: whoever runs the
 * operations does that, and knows when the history is complete. Nothing where there is none. */
void mc_tile_remember(const mc_op *op, const mc_tile *tile);

#endif
