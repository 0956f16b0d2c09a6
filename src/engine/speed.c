/* speed.c - how fast this machine is at the model's largest product: weights staged and tiles
 * cut as in a pass, all workers at once, for a fraction of a second. */
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/pool.h"
#include "engine/engine.h"
#include "engine/plan.h"

/* One call is about this long, so that reading the clock costs nothing and `ref` ends too. */
#define CALL_SECONDS 0.004
/* Of a worker between two meetings of all: a pass has none, and they cost some percent. */
enum { CALLS_TOGETHER = 8 };
/* Columns of a call; a tile's rows are packed once a call, so they must not be too few. */
enum { COLUMNS_LEAST = 16, COLUMNS_MOST = 512, WEIGHTS_BYTES = 32 << 20, ROWS_PAD = 16 };

typedef struct trial {
    const mc_backend *backend;
    mc_op             op;   /* the product, cut to some columns */
    size_t            size; /* of its staged weights */
    char             *staged;
    size_t copies; /* in one after another: weights come from memory, not the cache */
    float *rows;   /* of all workers: source and result of a tile */
    size_t row_floats, worker_floats, workers;
    float *scratch;
} trial;

static const mc_op *largest_product(const mc_lowered *model)
{
    const mc_op *largest = NULL;
    size_t       most    = 0;

    for (size_t block = 0; block < model->block_count; block++)
        for (size_t i = 0; i < model->blocks[block].count; i++) {
            const mc_op *op   = &model->blocks[block].ops[i];
            size_t       size = op->weights[0].rows * op->weights[0].cols;
            if (op->kind != MC_OP_MATMUL || size <= most) continue;
            largest = op;
            most    = size;
        }
    return largest;
}

static void cut_to(trial *t, const mc_op *op, size_t columns)
{
    size_t rows = op->weights[0].rows;

    t->op                 = *op;
    t->op.stack           = 1;
    t->op.gated           = false;
    t->op.biases[0]       = (mc_weight){ 0 };
    t->op.weights[0].rows = columns < rows ? columns : rows;
    t->op.src             = (mc_operand){ 0, 0, op->weights[0].cols };
    t->op.dst             = (mc_operand){ 1, 0, t->op.weights[0].rows };
    t->size               = t->backend->staged_size(&t->op);
}

static double flop_of(const trial *t, size_t rows)
{
    return 2.0 * (double)rows * (double)t->op.weights[0].rows * (double)t->op.weights[0].cols;
}

static void stage_all(const trial *t)
{
    for (size_t job = 0; job < t->backend->stage_jobs(&t->op); job++)
        t->backend->stage(t->backend, &t->op, job, t->staged, t->scratch);
}

static void multiply(trial *t, size_t rows, size_t copy, size_t worker)
{
    float  *at   = t->rows + worker * t->worker_floats;
    mc_tile tile = { .rows   = rows,
                     .data   = { at, at + MC_TILE_ROWS * t->row_floats },
                     .stride = { t->row_floats, COLUMNS_MOST + ROWS_PAD } };

    t->backend->run[MC_OP_MATMUL](t->backend, &t->op, t->staged + copy * t->size, &tile);
}

static void multiply_job(void *context, size_t job, size_t worker)
{
    trial *t = context;

    multiply(t, MC_TILE_ROWS, job % t->copies, worker);
}

/* As many columns as a call of the chosen length can take, by one of few columns. */
static void choose_columns(trial *t, const mc_op *op)
{
    double started, speed, columns;

    cut_to(t, op, COLUMNS_LEAST);
    stage_all(t);
    multiply(t, ROWS_PAD, 0, 0);
    started = mc_clock();
    multiply(t, ROWS_PAD, 0, 0);
    speed   = flop_of(t, ROWS_PAD) / (mc_clock() - started + 1e-9);
    columns = speed * CALL_SECONDS * COLUMNS_LEAST / flop_of(t, MC_TILE_ROWS);
    cut_to(t, op,
           columns > COLUMNS_MOST    ? COLUMNS_MOST
           : columns < COLUMNS_LEAST ? COLUMNS_LEAST
                                     : (size_t)columns / COLUMNS_LEAST * COLUMNS_LEAST);
    t->copies = WEIGHTS_BYTES / t->size ? WEIGHTS_BYTES / t->size : 1;
}

static mc_status allocate(trial *t, const mc_op *op, size_t bytes, mc_error *err)
{
    size_t floats;

    cut_to(t, op, COLUMNS_MOST);
    t->row_floats    = op->weights[0].cols + ROWS_PAD;
    t->worker_floats = MC_TILE_ROWS * (t->row_floats + COLUMNS_MOST + ROWS_PAD);
    floats           = t->workers * t->worker_floats;
    t->rows          = mc_alloc_aligned(floats * sizeof *t->rows);
    t->staged        = mc_alloc_aligned(bytes);
    t->scratch = mc_alloc_array(t->backend->stage_scratch(&t->op) + 1, sizeof *t->scratch);
    if (!t->rows || !t->staged || !t->scratch)
        return mc_fail_memory(err, floats * sizeof *t->rows + bytes);
    for (size_t i = 0; i < floats; i++)
        t->rows[i] = (float)(i % 101) / 64.0f - 0.75f;
    return MC_OK;
}

static void measure(trial *t, mc_pool *pool, double seconds, mc_engine_speed *speed)
{
    size_t jobs = CALLS_TOGETHER * t->workers, calls = 0;
    double started;

    stage_all(t);
    started = mc_clock();
    stage_all(t);
    speed->values_per_second = (double)t->workers * (double)t->op.weights[0].rows *
                               (double)t->op.weights[0].cols / (mc_clock() - started + 1e-9);
    for (size_t copy = 1; copy < t->copies; copy++)
        memcpy(t->staged + copy * t->size, t->staged, t->size);
    mc_pool_run(pool, t->workers, multiply_job, t); /* results are written for the first time */
    started = mc_clock();
    do {
        mc_pool_run(pool, jobs, multiply_job, t);
        calls += jobs;
    } while (mc_clock() - started < seconds);
    speed->flop_per_second = (double)calls * flop_of(t, MC_TILE_ROWS) / (mc_clock() - started);
}

mc_status mc_engine_measure_speed(const mc_lowered *model, const mc_engine_options *options,
                                  double seconds, mc_engine_speed *speed, mc_error *err)
{
    const mc_op *op   = largest_product(model);
    trial        t    = { .backend = options->backend };
    mc_pool     *pool = NULL;
    size_t       bytes;
    mc_status    status;

    if (!op) return mc_fail(err, MC_ERR_UNSUPPORTED, "", "the model has no matrix product");
    MC_TRY(mc_pool_create(options->threads, &pool, err));
    t.workers = mc_pool_size(pool);
    cut_to(&t, op, COLUMNS_MOST);
    bytes  = t.size > WEIGHTS_BYTES ? t.size : WEIGHTS_BYTES;
    status = allocate(&t, op, bytes, err);
    if (status == MC_OK) {
        choose_columns(&t, op);
        measure(&t, pool, seconds, speed);
    }
    mc_free_aligned(t.rows, t.workers * t.worker_floats * sizeof *t.rows);
    mc_free_aligned(t.staged, bytes);
    mc_free(t.scratch);
    mc_pool_free(pool);
    return status;
}
