/* permute.c - values under random orders of the probes.
 *
 * For form "pairs" the value of (a, b) under an order is a dot product of a's vector with b's
 * vector gathered at the reordered pairs. Layers lie side by side, so a gather moves one short
 * run of floats per pair of probes, for all layers at once; a block of 512 pairs and a few
 * draws becomes one small product of matrices that stays in the cache. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "geometry/matrix.h"
#include "geometry/panel.h"
#include "geometry/random.h"
#include "linalg/linalg.h"

void mc_draw_order(uint64_t seed, size_t draw, size_t n, size_t folds, size_t *order)
{
    mc_random random = mc_random_init(seed, MC_STREAM_PERMUTATION, draw);

    if (folds == 0) {
        mc_random_order(&random, order, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t f = 0; f < folds && f < n; f++)
        for (size_t count = (n - f + folds - 1) / folds; count > 1; count--) {
            const size_t at   = f + (count - 1) * folds;
            const size_t to   = f + (size_t)mc_random_below(&random, count) * folds;
            const size_t swap = order[at];
            order[at]         = order[to];
            order[to]         = swap;
        }
}

/* ---- Form "pairs" ------------------------------------------------------------------------ */

#define BLOCK_PAIRS 512   /* terms of a float32 sum */
#define BLOCK_COLUMNS 256 /* draws x layers, about */
#define DRAWS_MOST 16     /* of a job, so that many threads have work */
#define AHEAD 12 /* pairs: a random line of b takes about as long to come as these to copy */
#define LINE 16  /* floats of a cache line */
#define LANE 4   /* floats that are copied at once */

typedef struct pair_context {
    mc_pair_space            space;
    const mc_prepared_panel *p;
    size_t                   width[2]; /* padded numbers of layers */
    float                   *a;        /* pairs x width[0] */
    float                   *b;        /* n x n x width[1] */
    size_t                   batch;    /* draws a job */
    size_t                   draws, first;
    uint64_t                 seed;
    double                  *values;
} pair_context;

/* Scratch of one job. */
typedef struct pair_block {
    size_t *order;    /* batch x n */
    float  *gathered; /* BLOCK_PAIRS x (batch * width[1]) */
    float  *product;  /* (batch * width[1]) x width[0] */
    double *total;    /* the same, summed over blocks */
    size_t  batch;
} pair_block;

static mc_status take_block(const pair_context *own, size_t batch, mc_arena *scratch,
                            pair_block *block, mc_error *err)
{
    const size_t columns = batch * own->width[1];

    block->batch = batch;
    MC_TRY(mc_take_sizes(scratch, batch * own->p->n, &block->order, err));
    MC_TRY(mc_take_floats(scratch, BLOCK_PAIRS * columns, &block->gathered, err));
    MC_TRY(mc_take_floats(scratch, columns * own->width[0], &block->product, err));
    MC_TRY(mc_take_doubles(scratch, columns * own->width[0], &block->total, err));
    memset(block->total, 0, columns * own->width[0] * sizeof *block->total);
    return MC_OK;
}

/* Add the products of `count` gathered pairs that begin at `from`. */
static void add_block(const pair_context *own, pair_block *block, size_t from, size_t count)
{
    const size_t columns = block->batch * own->width[1], size = columns * own->width[0];

    mc_gemm_tn_f32(block->product, own->width[0], block->gathered, columns,
                   own->a + from * own->width[0], own->width[0], columns, own->width[0], count);
    for (size_t k = 0; k < size; k++)
        block->total[k] += block->product[k];
}

/* The pairs (i, j) .. (i, j + count - 1), each draw's from its own row of b. */
static void gather_pairs(const pair_context *own, const pair_block *block, size_t i, size_t j,
                         size_t count, float *gathered)
{
    const size_t n = own->p->n, width = own->width[1], columns = block->batch * width;

    for (size_t d = 0; d < block->batch; d++) {
        const size_t *order = block->order + d * n, *column = order + j;
        const float  *row = own->b + order[i] * n * width;
        float        *to  = gathered + d * width;
        for (size_t k = 0; k < count; k++, to += columns) {
            const float *from  = row + column[k] * width;
            const float *ahead = row + column[k + AHEAD < count ? k + AHEAD : k] * width;
            __builtin_prefetch(ahead);
            __builtin_prefetch(ahead + LINE);
            for (size_t c = 0; c < width; c += LANE)
                memcpy(to + c, from + c, LANE * sizeof *to);
        }
    }
}

static void write_values(const pair_context *own, const pair_block *block, size_t draw)
{
    const size_t a_count = own->p->count[0], b_count = own->p->count[1];

    for (size_t d = 0; d < block->batch; d++)
        for (size_t a = 0; a < a_count; a++)
            for (size_t b = 0; b < b_count; b++) {
                const mc_prepared *x = &own->p->layer[0][a], *y = &own->p->layer[1][b];
                const size_t       at = (d * own->width[1] + b) * own->width[0] + a;
                double            *to = &own->values[((draw + d) * a_count + a) * b_count + b];
                *to                   = x->reason[0] || y->reason[0] ? NAN
                                                                     : block->total[at] * (x->scale * y->scale);
            }
}

static mc_status permute_pairs(void *context, size_t job, mc_arena *keep, mc_arena *scratch,
                               mc_error *err)
{
    pair_context *own = context;
    const size_t  n = own->p->n, draw = own->first + job * own->batch;
    const size_t  left    = own->draws - draw;
    size_t        pending = 0, done = 0;
    pair_block    block;

    (void)keep;
    MC_TRY(take_block(own, left < own->batch ? left : own->batch, scratch, &block, err));
    const size_t columns = block.batch * own->width[1];
    for (size_t d = 0; d < block.batch; d++)
        mc_draw_order(own->seed, draw + d, n, 0, block.order + d * n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = mc_pair_first(own->space, i), count; j < n; j += count) {
            count = n - j < BLOCK_PAIRS - pending ? n - j : BLOCK_PAIRS - pending;
            gather_pairs(own, &block, i, j, count, block.gathered + pending * columns);
            pending += count;
            if (pending < BLOCK_PAIRS) continue;
            add_block(own, &block, done, pending);
            done += pending;
            pending = 0;
        }
    if (pending) add_block(own, &block, done, pending);
    write_values(own, &block, draw);
    return MC_OK;
}

/* Lay the vectors of all layers side by side: a in the order of pairs, b as a full square. */
static void interleave(pair_context *own)
{
    const size_t n = own->p->n;

    for (size_t l = 0; l < own->p->count[0]; l++) {
        const mc_prepared *x = &own->p->layer[0][l];
        for (size_t k = 0; !x->reason[0] && k < mc_pair_count(own->space, n); k++)
            own->a[k * own->width[0] + l] = (float)x->vector[k];
    }
    for (size_t l = 0; l < own->p->count[1]; l++) {
        const mc_prepared *y = &own->p->layer[1][l];
        for (size_t i = 0, k = 0; !y->reason[0] && i < n; i++)
            for (size_t j = mc_pair_first(own->space, i); j < n; j++, k++) {
                const float entry                       = (float)y->vector[k];
                own->b[(i * n + j) * own->width[1] + l] = entry;
                if (own->space != MC_PAIRS_SQUARE)
                    own->b[(j * n + i) * own->width[1] + l] = entry;
            }
    }
}

static mc_status run_chunks(mc_team *team, mc_team_job *job, void *context, size_t *first,
                            size_t draws, size_t batch, const mc_progress *progress,
                            mc_error *err)
{
    const size_t chunk = batch * 16 * mc_team_size(team);

    for (*first = 0; *first < draws; *first += chunk) {
        const size_t left = draws - *first, now = left < chunk ? left : chunk;
        MC_TRY(mc_team_run(team, (now + batch - 1) / batch, job, context, err));
        if (progress && progress->report)
            progress->report(progress->context, progress->stage, *first + now, draws);
    }
    return MC_OK;
}

/* A pair's layers lie in one cache line or fill whole ones. */
static size_t padded(size_t layers)
{
    if (layers <= LINE / 4) return LINE / 4;
    if (layers <= LINE / 2) return LINE / 2;
    return (layers + LINE - 1) / LINE * LINE;
}

static size_t draws_of_job(size_t width)
{
    const size_t draws = BLOCK_COLUMNS / width;

    if (draws == 0) return 1;
    return draws < DRAWS_MOST ? draws : DRAWS_MOST;
}

static mc_status permute_by_product(mc_team *team, pair_context *own,
                                    const mc_progress *progress, mc_error *err)
{
    const size_t n = own->p->n, pairs = mc_pair_count(own->space, n);
    mc_team_mark mark;
    mc_status    status;

    for (size_t s = 0; s < 2; s++)
        own->width[s] = padded(own->p->count[s]);
    own->batch = draws_of_job(own->width[1]);
    MC_TRY(mc_team_remember(team, &mark, err));
    status = mc_take_floats(mc_team_keep(team), pairs * own->width[0], &own->a, err);
    if (status == MC_OK)
        status = mc_take_floats(mc_team_keep(team), n * n * own->width[1], &own->b, err);
    if (status == MC_OK) {
        memset(own->a, 0, pairs * own->width[0] * sizeof *own->a);
        memset(own->b, 0, n * n * own->width[1] * sizeof *own->b);
        interleave(own);
        mc_team_reserve(team,
                        (BLOCK_PAIRS + 3 * own->width[0]) * own->batch * own->width[1] * 4 +
                            own->batch * n * 8 + 1024);
        status = run_chunks(team, permute_pairs, own, &own->first, own->draws, own->batch,
                            progress, err);
    }
    mc_team_forget(team, mark);
    return status;
}

/* ---- Other forms ------------------------------------------------------------------------- */

typedef struct value_context {
    const mc_metric         *metric;
    const mc_prepared_panel *p;
    const mc_metric_options *options;
    mc_wanted                wanted;
    uint64_t                 seed;
    size_t                   first;
    double                  *values;
} value_context;

static mc_status permute_draw(void *context, size_t job, mc_arena *keep, mc_arena *scratch,
                              mc_error *err)
{
    value_context *own   = context;
    const size_t   pairs = own->p->count[0] * own->p->count[1], draw = own->first + job;
    size_t        *order;

    (void)keep;
    MC_TRY(mc_take_sizes(scratch, own->p->n, &order, err));
    mc_draw_order(own->seed, draw, own->p->n,
                  own->metric->similarity->by_fold ? own->options->folds : 0, order);
    for (size_t k = 0; k < pairs; k++) {
        double *value = &own->values[draw * pairs + k];
        *value        = NAN;
        if (own->wanted && !own->wanted[k]) continue;
        MC_TRY(mc_similarity_value(own->metric, &own->p->layer[0][k / own->p->count[1]],
                                   &own->p->layer[1][k % own->p->count[1]], order, own->options,
                                   scratch, value, err));
    }
    return MC_OK;
}

mc_status mc_panel_permute(mc_team *team, const mc_metric *metric, const mc_prepared_panel *p,
                           const mc_metric_options *options, mc_wanted wanted, uint64_t seed,
                           size_t draws, const mc_progress *progress, double *values,
                           mc_error *err)
{
    if (metric->similarity->pairs != MC_PAIRS_NONE) {
        pair_context own = { .space  = metric->similarity->pairs,
                             .p      = p,
                             .draws  = draws,
                             .seed   = seed,
                             .values = values };
        return permute_by_product(team, &own, progress, err);
    }
    value_context own = { metric, p, options, wanted, seed, 0, values };
    mc_team_reserve(team, 4 * p->n * p->n * sizeof(double));
    return run_chunks(team, permute_draw, &own, &own.first, draws, 1, progress, err);
}
