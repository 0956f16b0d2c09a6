/* cost.c - the one place where memory and arithmetic of a pass are counted. */
#include "engine/cost.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "engine/pooling.h"
#include "engine/rope_tables.h"
#include "engine/stage.h"

/* Rows a multiple of a page apart would fall into the same cache sets: keep an odd number of
 * cache lines between them. */
static size_t row_stride(size_t width)
{
    size_t lines =
        (width + MC_CACHE_LINE / sizeof(float) - 1) / (MC_CACHE_LINE / sizeof(float));

    return (lines | 1) * (MC_CACHE_LINE / sizeof(float));
}

bool mc_cost_is_global(const mc_lowered *model, int buffer)
{
    return buffer == MC_X || model->persistent[buffer];
}

const mc_program *mc_cost_program(const mc_cost *cost, int block)
{
    if (block > cost->last_block) return &cost->model->final;
    return block == 0 ? &cost->model->embed : &cost->model->blocks[block - 1];
}

/* ---- arithmetic ---- */

static double op_flop(const mc_op *op, double rows)
{
    if (op->kind != MC_OP_MATMUL) return 0.0;
    return 2.0 * rows * (double)mc_op_stacked_rows(op) * (double)op->weights[0].cols;
}

unsigned mc_cost_keep(const mc_cost *cost, int block)
{
    const mc_engine_options *o = cost->options;

    return block >= cost->last_block && o->keep_end ? o->keep_end : o->keep;
}

/* Keys that the computed queries look at; in the last block only wanted rows ask. */
static double count_keys(const mc_cost *cost, size_t window, bool only_wanted)
{
    unsigned keep = mc_cost_keep(cost, cost->last_block);
    double   keys = 0.0;

    for (size_t t = 0; t < cost->plan->text_count; t++) {
        const mc_plan_text *text = &cost->plan->texts[t];
        for (size_t position = text->shared; position < text->length; position++) {
            if (only_wanted && !mc_pooled_needs(keep, position, text->length)) continue;
            keys += (double)(window && position >= window ? window : position + 1);
        }
    }
    return keys;
}

/* Scores and weighted sums: 2 (head_dim + value_dim) a head and key. */
static double attention_flop(const mc_cost *cost, const mc_op *op, bool only_wanted)
{
    const mc_attention_params *a = &op->attention;

    return 2.0 * count_keys(cost, a->window, only_wanted) * (double)a->heads *
           (double)(a->head_dim + a->value_dim);
}

static double count_wanted(const mc_cost *cost)
{
    unsigned keep  = mc_cost_keep(cost, cost->last_block);
    size_t   count = 0;

    for (size_t t = 0; t < cost->plan->text_count; t++) {
        const mc_plan_text *text = &cost->plan->texts[t];
        for (size_t position = text->shared; position < text->length; position++)
            count += mc_pooled_needs(keep, position, text->length) != 0;
    }
    return (double)count;
}

/* In the last block only the wanted rows go on behind the attention, and into `final`. */
double mc_cost_flop(const mc_cost *cost, int block)
{
    const mc_program *program = mc_cost_program(cost, block);
    bool              drops   = block >= cost->last_block && cost->last_block > 0;
    double            rows = (double)cost->plan->rows, flop = 0.0;

    if (block > cost->last_block && drops) rows = cost->wanted_rows;
    for (size_t i = 0; i < program->count; i++) {
        flop += op_flop(&program->ops[i], rows);
        if (program->ops[i].kind != MC_OP_ATTENTION) continue;
        flop += attention_flop(cost, &program->ops[i], drops);
        if (drops) rows = cost->wanted_rows;
    }
    return flop;
}

double mc_cost_flop_of_all(const mc_cost *cost)
{
    double flop = 0.0;

    for (int block = cost->options->first_block; block <= cost->last_block + cost->want_final;
         block++)
        flop += mc_cost_flop(cost, block);
    return flop;
}

/* ---- memory ---- */

static void find_last(mc_cost *cost)
{
    int blocks = (int)cost->model->block_count;

    cost->want_final = cost->options->wanted[blocks + 1];
    for (int layer = 0; layer <= blocks; layer++)
        if (cost->options->wanted[layer]) cost->last_block = layer;
    if (cost->want_final) cost->last_block = blocks;
}

static void measure_program(mc_cost *cost, const mc_program *program)
{
    const mc_backend *backend = cost->options->backend;

    for (int b = 0; b < MC_BUFFERS_MAX; b++) {
        size_t stride = program->widths[b] ? row_stride(program->widths[b]) : 0;
        if (stride > cost->stride[b]) cost->stride[b] = stride;
    }
    for (size_t i = 0; i < program->count; i++) {
        const mc_op *op = &program->ops[i];
        size_t bytes    = backend->scratch_size(op, cost->plan->tile_rows, cost->plan->longest);
        if (bytes > cost->scratch_bytes) cost->scratch_bytes = bytes;
        if (op->kind != MC_OP_ATTENTION) continue;
        if (op->src2.width > cost->key_width) cost->key_width = op->src2.width;
        if (op->src3.width > cost->value_width) cost->value_width = op->src3.width;
    }
}

static void measure_buffers(mc_cost *cost)
{
    cost->stride[MC_X] = row_stride(cost->model->hidden);
    measure_program(cost, &cost->model->embed);
    measure_program(cost, &cost->model->final);
    for (int block = 0; block < cost->last_block; block++)
        measure_program(cost, &cost->model->blocks[block]);
    for (int b = 0; b < MC_BUFFERS_MAX; b++) {
        if (mc_cost_is_global(cost->model, b)) continue;
        cost->offset[b] = cost->buffer_floats;
        cost->buffer_floats += cost->stride[b] * cost->plan->tile_rows;
    }
}

static size_t state_bytes(const mc_cost *cost)
{
    size_t floats = 0;

    for (int b = 0; b < MC_BUFFERS_MAX; b++)
        if (mc_cost_is_global(cost->model, b)) floats += cost->plan->rows * cost->stride[b];
    return floats * sizeof(float);
}

static size_t worker_bytes(const mc_cost *cost)
{
    return cost->buffer_floats * sizeof(float) + cost->scratch_bytes;
}

static size_t history_bytes(const mc_cost *cost)
{
    return cost->history * (cost->key_width + cost->value_width) * sizeof(float);
}

static void measure_bytes(mc_cost *cost)
{
    const mc_plan *plan = cost->plan;
    mc_stage  stage  = mc_stage_measure(cost->options->backend, cost->model, cost->last_block,
                                        cost->workers, cost->depth);
    mc_pooled pooled = { cost->options->keep, plan->text_count, plan->asked,
                         cost->model->hidden };
    mc_pooled final  = { mc_cost_keep(cost, cost->last_block), plan->text_count, plan->asked,
                         cost->model->final_width };

    cost->bytes =
        mc_stage_bytes(&stage) + state_bytes(cost) + cost->kept * mc_pooled_bytes(&pooled) +
        (cost->want_final ? mc_pooled_bytes(&final) : 0) + cost->workers * worker_bytes(cost) +
        cost->long_texts * history_bytes(cost) + mc_rope_tables_bytes(cost->model, plan);
}

static double count_values(const mc_program *program)
{
    double values = 0.0;

    for (size_t i = 0; i < program->count; i++)
        values += op_flop(&program->ops[i], 0.5);
    return values;
}

static void measure_weights(mc_cost *cost)
{
    uint64_t before = 0;

    for (int block = cost->options->first_block; block <= cost->last_block + cost->want_final;
         block++) {
        uint64_t here = mc_stage_stored_size(mc_cost_program(cost, block));
        cost->weights += here;
        cost->values += count_values(mc_cost_program(cost, block));
        if (before + here > cost->window) cost->window = before + here;
        before = here;
    }
}

void mc_cost_measure(const mc_lowered *model, const mc_engine_options *options,
                     const mc_plan *plan, size_t workers, mc_cost *cost)
{
    mc_cost result = { .model = model, .options = options, .plan = plan, .workers = workers };

    if (plan->longest > MC_TILE_ROWS) result.history = plan->longest;
    for (size_t i = 0; i < plan->tile_count && result.long_texts < workers; i++)
        result.long_texts += plan->tiles[i].chunked;
    /* One alone has another history for the next block, which its first chunks begin. */
    if (result.long_texts == 1 && workers > 1) result.long_texts = 2;
    result.sums  = model->hidden > model->final_width ? model->hidden : model->final_width;
    result.depth = options->one_block ? 1 : 2;
    result.kept  = options->keep & MC_KEEP_ALL ? 1 : MC_KEPT_LAYERS;
    find_last(&result);
    result.wanted_rows = count_wanted(&result);
    measure_buffers(&result);
    measure_bytes(&result);
    measure_weights(&result);
    *cost = result;
}

mc_status mc_cost_check(const mc_cost *cost, mc_error *err)
{
    if (cost->options->first_block <= cost->last_block) return MC_OK;
    return mc_fail(err, MC_ERR_ARGUMENT, "begin at that block or before it",
                   "the first block, %d, lies behind the last wanted state, %d",
                   cost->options->first_block, cost->last_block);
}

mc_engine_stats mc_cost_stats(const mc_cost *cost)
{
    const int first = cost->options->first_block;

    return (mc_engine_stats){
        .threads         = cost->workers,
        .tiles           = cost->plan->tile_count,
        .tokens_asked    = cost->plan->asked,
        .tokens_computed = cost->plan->rows,
        .blocks_run      = cost->last_block - (first > 0) * (first - 1),
        .flop            = mc_cost_flop_of_all(cost),
        .bytes           = cost->bytes,
        .weights         = cost->weights,
        .window          = cost->window,
        .values          = cost->values,
    };
}

mc_status mc_engine_forecast(const mc_lowered *model, const mc_texts *texts,
                             const mc_engine_options *options, mc_engine_stats *stats,
                             mc_error *err)
{
    size_t    workers = options->threads ? options->threads : mc_usable_cores();
    mc_plan   plan;
    mc_cost   cost;
    mc_status status;

    MC_TRY(mc_texts_check(model, texts, err));
    MC_TRY(mc_plan_create(texts, options, workers, mc_rope_alone_above(model), &plan, err));
    mc_cost_measure(model, options, &plan, workers, &cost);
    status = mc_cost_check(&cost, err);
    if (status == MC_OK) *stats = mc_cost_stats(&cost);
    mc_plan_clear(&plan);
    return status;
}
