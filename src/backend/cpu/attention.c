/* attention.c - causal attention of one tile, blocked over keys.
 *
 * softmax(q k^T) v with running sums (Milakov & Gimelshein 2018, arXiv:1805.02867; Dao et al.
 * 2022, arXiv:2205.14135), so no matrix of all scores exists; instead of the maximum a whole
 * power of two near it runs along, see mc_fold. Key blocks count from position 0 of the text,
 * whatever part of it this tile holds, and a block that a query may not see changes nothing in
 * its state: a row's bits do not depend on chunks, tiles or shared prefixes.
 *
 * Both products run on the matrix kernel: keys are packed transposed, [key / 16][d][16], values
 * as panels of 16 columns, [column / 16][key][16]. */
#include "backend/cpu/attention.h"

#include <math.h>
#include <string.h>

#include "backend/cpu/kernels.h"

enum { KEY_BLOCK = 128, QUERY_ROWS = 12 /* a multiple of what each micro-kernel takes */ };

/* What is in mc_tile.scratch while a text and a head of keys are worked on. */
typedef struct attention_scratch {
    float *keys;     /* KEY_BLOCK x d, packed */
    float *values;   /* KEY_BLOCK x v, packed */
    float *scores;   /* QUERY_ROWS x KEY_BLOCK */
    float *output;   /* rows x group x v: running sums */
    float *exponent; /* rows x group: running; see mc_fold */
    float *sum;      /* rows x group: running sum of weights */
} attention_scratch;

static size_t group_size(const mc_attention_params *p)
{
    return p->heads / p->kv_heads;
}

size_t mc_attention_cpu_scratch(const mc_op *op, size_t rows)
{
    const mc_attention_params *p      = &op->attention;
    size_t                     states = rows * group_size(p);
    size_t floats = KEY_BLOCK * p->head_dim + KEY_BLOCK * mc_panels(p->value_dim) * MC_PANEL +
                    QUERY_ROWS * KEY_BLOCK + states * (p->value_dim + 2);

    return floats * sizeof(float) + 6 * 64;
}

static float *carve(char **at, size_t floats)
{
    float *block = (float *)(void *)*at;

    *at += (floats * sizeof(float) + 63) / 64 * 64;
    return block;
}

static attention_scratch lay_out(const mc_attention_params *p, mc_tile *tile)
{
    char  *at     = tile->scratch;
    size_t states = tile->rows * group_size(p);

    return (attention_scratch){
        .keys     = carve(&at, KEY_BLOCK * p->head_dim),
        .values   = carve(&at, KEY_BLOCK * mc_panels(p->value_dim) * MC_PANEL),
        .scores   = carve(&at, QUERY_ROWS * KEY_BLOCK),
        .output   = carve(&at, states * p->value_dim),
        .exponent = carve(&at, states),
        .sum      = carve(&at, states),
    };
}

typedef struct attention_job {
    const mc_kernels          *kernels;
    const mc_op               *op;
    const mc_attention_params *p;
    mc_tile                   *tile;
    const mc_text_rows        *text;
    attention_scratch          scratch;
    size_t                     kv_head;
} attention_job;

static const float *key_row(const attention_job *job, size_t position)
{
    const mc_history *history = job->tile->history;
    size_t            column  = job->kv_head * job->p->head_dim;

    if (history) return history->keys + position * history->key_stride + column;
    return mc_tile_at(job->tile, job->op->src2, job->text->path[position]) + column;
}

static const float *value_row(const attention_job *job, size_t position)
{
    const mc_history *history = job->tile->history;
    size_t            column  = job->kv_head * job->p->value_dim;

    if (history) return history->values + position * history->value_stride + column;
    return mc_tile_at(job->tile, job->op->src3, job->text->path[position]) + column;
}

static void pack_keys(const attention_job *job, size_t first, size_t count)
{
    size_t d = job->p->head_dim;

    for (size_t panel = 0; panel < mc_panels(count); panel++) {
        const float *rows[MC_PANEL];
        for (size_t lane = 0; lane < MC_PANEL; lane++) {
            size_t key = panel * MC_PANEL + lane;
            rows[lane] = key < count ? key_row(job, first + key) : NULL;
        }
        job->kernels->pack_rows(rows, d, job->scratch.keys + panel * d * MC_PANEL);
    }
}

static void pack_values(const attention_job *job, size_t first, size_t count)
{
    for (size_t key = 0; key < count; key++)
        job->kernels->pack_columns(value_row(job, first + key), job->p->value_dim,
                                   job->scratch.values + key * MC_PANEL, KEY_BLOCK * MC_PANEL);
}

/* `rows` queries of one head, at consecutive rows and positions, against one packed key block.
 */
static void attend(const attention_job *job, size_t head, size_t index, size_t rows,
                   size_t first, size_t count)
{
    const mc_attention_params *p       = job->p;
    const mc_text_rows        *text    = job->text;
    size_t                     state   = (head % group_size(p)) * text->own + index;
    mc_gemm                    product = {
                           .a = mc_tile_at(job->tile, job->op->src, text->row + index) + head * p->head_dim,
                           .a_stride = job->tile->stride[job->op->src.buffer],
                           .b        = job->scratch.keys,
                           .b_stride = p->head_dim * MC_PANEL,
                           .c        = job->scratch.scores,
                           .c_stride = KEY_BLOCK,
                           .rows     = rows,
                           .columns  = count,
                           .k        = p->head_dim,
    };
    mc_fold fold = {
        .scale    = p->scale,
        .softcap  = p->softcap,
        .slope    = p->slopes ? p->slopes[head] : 0.0f,
        .window   = p->window,
        .rows     = rows,
        .count    = count,
        .query    = text->first + index - first,
        .scores   = job->scratch.scores,
        .stride   = KEY_BLOCK,
        .exponent = job->scratch.exponent + state,
        .sum      = job->scratch.sum + state,
        .output   = job->scratch.output + state * p->value_dim,
        .width    = p->value_dim,
    };

    job->kernels->gemm(&product);
    job->kernels->fold_scores(&fold);
    product = (mc_gemm){
        .a          = job->scratch.scores,
        .a_stride   = KEY_BLOCK,
        .b          = job->scratch.values,
        .b_stride   = KEY_BLOCK * MC_PANEL,
        .c          = fold.output,
        .c_stride   = p->value_dim,
        .rows       = rows,
        .columns    = p->value_dim,
        .k          = count,
        .accumulate = 1,
    };
    job->kernels->gemm(&product);
}

static int wanted(const attention_job *job, size_t index)
{
    return !job->tile->wanted || job->tile->wanted[job->text->row + index];
}

/* All wanted queries of the text, in runs of neighbours, against one key block. */
static void attend_block(const attention_job *job, size_t first, size_t count)
{
    const mc_attention_params *p    = job->p;
    const mc_text_rows        *text = job->text;
    size_t                     index =
        first > text->first ? first - text->first : 0; /* earlier ones see no key here */

    while (index < text->own) {
        size_t rows = 0, seen;
        if (p->window && text->first + index + 1 > first + count - 1 + p->window) break;
        while (rows < QUERY_ROWS && index + rows < text->own && wanted(job, index + rows))
            rows++;
        if (rows == 0) {
            index++;
            continue;
        }
        seen = text->first + index + rows - first; /* keys, by the last of them */
        for (size_t h = 0; h < group_size(p); h++)
            attend(job, job->kv_head * group_size(p) + h, index, rows, first,
                   seen < count ? seen : count);
        index += rows;
    }
}

/* A sink is a score that takes part in the sum and brings no value. */
static void fold_sink(const attention_job *job, float sink, size_t state)
{
    mc_fold fold = { .scale    = 1.0f,
                     .rows     = 1,
                     .count    = 1,
                     .scores   = job->scratch.scores,
                     .exponent = job->scratch.exponent + state,
                     .sum      = job->scratch.sum + state };

    fold.scores[0] = sink;
    job->kernels->fold_scores(&fold);
}

static void start_states(const attention_job *job)
{
    const mc_attention_params *p      = job->p;
    size_t                     states = job->text->own * group_size(p);

    memset(job->scratch.output, 0, states * p->value_dim * sizeof(float));
    memset(job->scratch.sum, 0, states * sizeof(float));
    for (size_t i = 0; i < states; i++) {
        job->scratch.exponent[i] = -INFINITY;
        if (p->sinks)
            fold_sink(job, p->sinks[job->kv_head * group_size(p) + i / job->text->own], i);
    }
}

static void finish(const attention_job *job)
{
    const mc_text_rows *text  = job->text;
    size_t              width = job->p->value_dim;

    for (size_t h = 0; h < group_size(job->p); h++)
        for (size_t i = 0; i < text->own; i++) {
            size_t head = job->kv_head * group_size(job->p) + h, state = h * text->own + i;
            if (!wanted(job, i)) continue;
            job->kernels->finish(
                job->scratch.sum[state], job->scratch.output + state * width,
                mc_tile_at(job->tile, job->op->dst, text->row + i) + head * width, width);
        }
}

void mc_attention_cpu(const mc_backend *backend, const mc_op *op, const void *staged,
                      mc_tile *tile)
{
    attention_job job = {
        .kernels = backend->kernels,
        .op      = op,
        .p       = &op->attention,
        .tile    = tile,
        .scratch = lay_out(&op->attention, tile),
    };

    (void)staged;
    for (size_t t = 0; t < tile->text_count; t++) {
        size_t keys;
        job.text = &tile->texts[t];
        keys     = job.text->first + job.text->own;
        if (job.text->own == 0) continue;
        for (job.kv_head = 0; job.kv_head < job.p->kv_heads; job.kv_head++) {
            size_t first = 0;
            start_states(&job);
            if (job.p->window && job.text->first + 1 > job.p->window)
                first = (job.text->first + 1 - job.p->window) / KEY_BLOCK * KEY_BLOCK;
            for (; first < keys; first += KEY_BLOCK) {
                size_t count = keys - first < KEY_BLOCK ? keys - first : KEY_BLOCK;
                pack_keys(&job, first, count);
                pack_values(&job, first, count);
                attend_block(&job, first, count);
            }
            finish(&job);
        }
    }
}
