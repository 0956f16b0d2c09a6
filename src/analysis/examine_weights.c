/* examine_weights.c - every weight of the programs, read once: one job a weight. */
#include <math.h>

#include "analysis/examine.h"
#include "base/alloc.h"
#include "base/pool.h"

enum { CHUNK_ROWS = 16 };

typedef struct scan_run {
    mc_weight_scan *scan;
    float         **rows;     /* [workers][CHUNK_ROWS * widest] */
    bool          **non_zero; /* [workers][widest]: columns of the weight at work on */
} scan_run;

/* ---- the list ---- */

static size_t add_weight(mc_weight_scan *scan, size_t at, const mc_op *op, bool is_bias,
                         const mc_weight *weight)
{
    if (!mc_weight_present(weight)) return at;
    if (scan->items) scan->items[at] = (mc_weight_facts){ weight, op->kind, is_bias };
    return at + 1;
}

static size_t add_program(mc_weight_scan *scan, size_t at, const mc_program *program)
{
    for (size_t i = 0; i < program->count; i++)
        for (size_t j = 0; j < MC_STACK_MAX; j++) {
            at = add_weight(scan, at, &program->ops[i], false, &program->ops[i].weights[j]);
            at = add_weight(scan, at, &program->ops[i], true, &program->ops[i].biases[j]);
        }
    return at;
}

/* Counts only, while there are no items. */
static size_t list(mc_weight_scan *scan, const mc_lowered *lowered)
{
    size_t at = add_program(scan, 0, &lowered->embed);

    for (size_t block = 0; block < lowered->block_count; block++)
        at = add_program(scan, at, &lowered->blocks[block]);
    return add_program(scan, at, &lowered->final);
}

/* ---- one weight ---- */

static bool look_at_row(mc_weight_facts *facts, const float *row, size_t cols, bool *non_zero)
{
    bool is_zero = true;

    for (size_t j = 0; j < cols; j++) {
        float size = fabsf(row[j]);
        if (!isfinite(row[j])) {
            facts->not_finite++;
            non_zero[j] = true;
            is_zero     = false;
            continue;
        }
        if (size > facts->largest) facts->largest = size;
        if (row[j] != facts->first) facts->is_constant = false;
        if (size > 0.0f) {
            non_zero[j] = true;
            is_zero     = false;
        }
    }
    return is_zero;
}

static void scan_job(void *context, size_t job, size_t worker)
{
    scan_run        *run      = context;
    mc_weight_facts *facts    = &run->scan->items[job];
    const mc_weight *weight   = facts->weight;
    float           *rows     = run->rows[worker];
    bool            *non_zero = run->non_zero[worker];

    for (size_t j = 0; j < weight->cols; j++)
        non_zero[j] = false;
    facts->is_constant = true;
    for (size_t row = 0; row < weight->rows; row += CHUNK_ROWS) {
        size_t count = weight->rows - row < CHUNK_ROWS ? weight->rows - row : CHUNK_ROWS;
        mc_weight_widen(weight, row, count, rows, weight->cols);
        if (row == 0) facts->first = rows[0];
        for (size_t i = 0; i < count; i++) {
            bool is_zero = look_at_row(facts, rows + i * weight->cols, weight->cols, non_zero);
            facts->zero_rows += is_zero;
            if (job == 0) run->scan->zero_tokens[row + i] = is_zero;
        }
    }
    for (size_t j = 0; j < weight->cols; j++)
        facts->zero_cols += !non_zero[j];
}

/* ---- all of them ---- */

static mc_status allocate(scan_run *run, size_t workers, mc_error *err)
{
    size_t widest = 1;

    for (size_t i = 0; i < run->scan->count; i++)
        if (run->scan->items[i].weight->cols > widest)
            widest = run->scan->items[i].weight->cols;
    run->rows     = mc_calloc(workers, sizeof *run->rows);
    run->non_zero = mc_calloc(workers, sizeof *run->non_zero);
    if (!run->rows || !run->non_zero) return mc_fail_memory(err, workers * sizeof *run->rows);
    for (size_t i = 0; i < workers; i++) {
        run->rows[i]     = mc_alloc_array(CHUNK_ROWS * widest, sizeof(float));
        run->non_zero[i] = mc_alloc_array(widest, sizeof(bool));
        if (!run->rows[i] || !run->non_zero[i])
            return mc_fail_memory(err, CHUNK_ROWS * widest * sizeof(float));
    }
    return MC_OK;
}

static void release(scan_run *run, size_t workers)
{
    for (size_t i = 0; run->rows && i < workers; i++)
        mc_free(run->rows[i]);
    for (size_t i = 0; run->non_zero && i < workers; i++)
        mc_free(run->non_zero[i]);
    mc_free(run->rows);
    mc_free(run->non_zero);
}

/* The first weight of all is the embedding: the first thing that any model reads. */
static mc_status scan_all(scan_run *run, const mc_lowered *lowered, mc_pool *pool,
                          mc_error *err)
{
    mc_weight_scan *scan = run->scan;

    scan->count = list(scan, lowered);
    scan->items = mc_calloc(scan->count, sizeof *scan->items);
    if (!scan->items) return mc_fail_memory(err, scan->count * sizeof *scan->items);
    list(scan, lowered);
    scan->zero_tokens = mc_calloc(scan->items[0].weight->rows, sizeof *scan->zero_tokens);
    if (!scan->zero_tokens) return mc_fail_memory(err, scan->items[0].weight->rows);
    MC_TRY(allocate(run, mc_pool_size(pool), err));
    mc_pool_run(pool, scan->count, scan_job, run);
    return MC_OK;
}

mc_status mc_weight_scan_run(const mc_model *model, size_t threads, mc_weight_scan *scan,
                             mc_error *err)
{
    mc_weight_scan result = { 0 };
    scan_run       run    = { .scan = &result };
    mc_pool       *pool   = NULL;
    mc_status      status;

    MC_TRY(mc_pool_create(threads, &pool, err));
    status = scan_all(&run, mc_model_lowered(model), pool, err);
    release(&run, mc_pool_size(pool));
    mc_pool_free(pool);
    if (status == MC_OK) status = mc_store_check(mc_model_store(model), err);
    if (status == MC_OK)
        *scan = result;
    else
        mc_weight_scan_clear(&result);
    return status;
}

void mc_weight_scan_clear(mc_weight_scan *scan)
{
    mc_free(scan->items);
    mc_free(scan->zero_tokens);
    *scan = (mc_weight_scan){ 0 };
}
