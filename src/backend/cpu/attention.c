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

/* A block of keys of 64 and its values are 96 KiB. As many neighbouring queries go together as
 * make this many rows with the heads that share keys; micro-kernels take up to twelve. */
enum { KEY_BLOCK = 192, QUERY_ROWS = 24 };

/* What is in mc_tile.scratch while a text and a head of keys are worked on; a row and each head
 * of the group that shares these keys are a state. */
typedef struct attention_scratch {
    float *queries;  /* states x d, times what makes scores of products */
    float *keys;     /* KEY_BLOCK x d, packed */
    float *values;   /* KEY_BLOCK x v, packed */
    float *scores;   /* of the queries that go together, each KEY_BLOCK */
    float *output;   /* states x v: running sums */
    float *exponent; /* states: running; see mc_fold */
    float *sum;      /* states: running sum of weights */
} attention_scratch;

static size_t group_size(const mc_attention_params *p)
{
    return p->heads / p->kv_heads;
}

/* Queries that go together; at least one, however many heads share keys. */
static size_t queries_at_once(const mc_attention_params *p)
{
    return (QUERY_ROWS + group_size(p) - 1) / group_size(p);
}

size_t mc_attention_cpu_scratch(const mc_op *op, size_t rows)
{
    const mc_attention_params *p      = &op->attention;
    size_t                     states = rows * group_size(p);
    size_t                     floats = states * p->head_dim + KEY_BLOCK * p->head_dim +
                    KEY_BLOCK * mc_panels(p->value_dim) * MC_PANEL +
                    queries_at_once(p) * group_size(p) * KEY_BLOCK +
                    states * (p->value_dim + 2);

    return floats * sizeof(float) + 7 * 64;
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
        .queries  = carve(&at, states * p->head_dim),
        .keys     = carve(&at, KEY_BLOCK * p->head_dim),
        .values   = carve(&at, KEY_BLOCK * mc_panels(p->value_dim) * MC_PANEL),
        .scores   = carve(&at, queries_at_once(p) * group_size(p) * KEY_BLOCK),
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

static void pack_queries(const attention_job *job)
{
    const mc_attention_params *p     = job->p;
    size_t                     width = group_size(p) * p->head_dim;

    for (size_t i = 0; i < job->text->own; i++) {
        const float *row = mc_tile_at(job->tile, job->op->src, job->text->row + i);
        job->kernels->scale(p->scale * MC_LOG2_E, row + job->kv_head * width,
                            job->scratch.queries + i * width, width);
    }
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

static void fetch_row(const float *row, size_t floats)
{
    for (size_t i = 0; i < floats; i += MC_PANEL)
        __builtin_prefetch(row + i, 0, 2);
}

/* Rows of the next block, a share with each run of queries: they lie apart, so that nothing
 * else would fetch them before they are packed. */
static void fetch_ahead(const attention_job *job, size_t first, size_t index, size_t queries)
{
    size_t own = job->text->own, keys = job->text->first + own;
    size_t key = first + index * KEY_BLOCK / own,
           end = first + (index + queries) * KEY_BLOCK / own;

    for (; key < end && key < keys; key++) {
        fetch_row(key_row(job, key), job->p->head_dim);
        fetch_row(value_row(job, key), job->p->value_dim);
    }
}

/* Neighbouring queries of all heads that share keys, against one packed block of these. */
static void attend(const attention_job *job, size_t index, size_t queries, size_t first,
                   size_t count)
{
    const mc_attention_params *p     = job->p;
    size_t                     heads = group_size(p), state = index * heads;
    mc_gemm                    product = {
                           .a        = job->scratch.queries + state * p->head_dim,
                           .a_stride = p->head_dim,
                           .b        = job->scratch.keys,
                           .b_stride = p->head_dim * MC_PANEL,
                           .c        = job->scratch.scores,
                           .c_stride = KEY_BLOCK,
                           .rows     = queries * heads,
                           .columns  = mc_panels(count) * MC_PANEL,
                           .k        = p->head_dim,
    };
    mc_fold fold = {
        .softcap    = p->softcap,
        .slopes     = p->slopes ? p->slopes + job->kv_head * heads : NULL,
        .slope_unit = p->slope_unit,
        .origin     = first,
        .window     = p->window,
        .queries    = queries,
        .heads      = heads,
        .count      = count,
        .first      = job->text->first + index - first,
        .scores     = job->scratch.scores,
        .stride     = KEY_BLOCK,
        .exponent   = job->scratch.exponent + state,
        .sum        = job->scratch.sum + state,
        .output     = job->scratch.output + state * p->value_dim,
        .width      = p->value_dim,
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
        .rows       = queries * heads,
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
    const size_t        window = job->p->window, most = queries_at_once(job->p);
    const mc_text_rows *text = job->text;
    size_t              index =
        first > text->first ? first - text->first : 0; /* earlier ones see no key here */

    while (index < text->own) {
        size_t queries = 0, seen;
        if (window && text->first + index + 1 > first + count - 1 + window) break;
        while (queries < most && index + queries < text->own && wanted(job, index + queries))
            queries++;
        if (queries == 0) {
            index++;
            continue;
        }
        fetch_ahead(job, first + KEY_BLOCK, index, queries);
        seen = text->first + index + queries - first; /* keys, by the last of them */
        attend(job, index, queries, first, seen < count ? seen : count);
        index += queries;
    }
}

/* A sink is a score that takes part in the sum and brings no value. */
static void fold_sinks(const attention_job *job, size_t state)
{
    const size_t heads = group_size(job->p);
    mc_fold      fold  = { .queries  = 1,
                           .heads    = heads,
                           .count    = 1,
                           .scores   = job->scratch.scores,
                           .stride   = MC_PANEL,
                           .exponent = job->scratch.exponent + state,
                           .sum      = job->scratch.sum + state };

    for (size_t h = 0; h < heads; h++)
        fold.scores[h * MC_PANEL] = job->p->sinks[job->kv_head * heads + h] * MC_LOG2_E;
    job->kernels->fold_scores(&fold);
}

static void start_states(const attention_job *job)
{
    const mc_attention_params *p      = job->p;
    size_t                     states = job->text->own * group_size(p);

    memset(job->scratch.output, 0, states * p->value_dim * sizeof(float));
    memset(job->scratch.sum, 0, states * sizeof(float));
    for (size_t i = 0; i < states; i++)
        job->scratch.exponent[i] = -INFINITY;
    for (size_t i = 0; p->sinks && i < job->text->own; i++)
        fold_sinks(job, i * group_size(p));
}

static void finish(const attention_job *job)
{
    const mc_text_rows *text  = job->text;
    const size_t        heads = group_size(job->p), width = job->p->value_dim;

    for (size_t i = 0; i < text->own; i++) {
        float *to =
            mc_tile_at(job->tile, job->op->dst, text->row + i) + job->kv_head * heads * width;
        if (!wanted(job, i)) continue;
        for (size_t state = i * heads; state < (i + 1) * heads; state++, to += width)
            job->kernels->finish(job->scratch.sum[state], job->scratch.output + state * width,
                                 to, width);
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
            pack_queries(&job);
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
