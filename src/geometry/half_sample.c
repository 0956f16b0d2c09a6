/* half_sample.c - values on random halves of the probes.
 *
 * A half drawn without replacement spreads to first order like a bootstrap sample, and it has
 * no duplicate points, which would bias every Gram matrix. For the HSIC metrics nothing is
 * gathered: with s the indicator of a half, all sums that HSIC needs are s^T (K o L) s, K s and
 * L s, which for many halves at once are products of matrices. */
#include <math.h>

#include "geometry/matrix.h"
#include "geometry/panel.h"
#include "geometry/random.h"
#include "linalg/linalg.h"

#define BATCH 125 /* halves per product */

typedef struct half_context {
    const mc_metric         *metric;
    const mc_panel          *panel;
    const mc_prepared_panel *p;
    const mc_metric_options *options;
    const size_t (*link)[2];
    size_t   links;
    bool    *used; /* per layer of a, then of b */
    size_t   half; /* probes in a half */
    size_t   first, batch;
    uint64_t seed;
    double  *indicator; /* n x batch */
    double **row_sums;  /* per layer: n x batch, K s inside the half, 0 outside */
    double **own;       /* per layer: batch, HSIC with itself */
    double  *values;
} half_context;

static void draw_half(uint64_t seed, size_t sample, size_t n, size_t half, size_t *rows)
{
    mc_random random = mc_random_init(seed, MC_STREAM_HALF_SAMPLE, sample);

    mc_random_subset(&random, n, half, rows);
}

static const mc_prepared *layer_of(const mc_prepared_panel *p, size_t index)
{
    return index < p->count[0] ? &p->layer[0][index] : &p->layer[1][index - p->count[0]];
}

/* ---- HSIC by products of matrices -------------------------------------------------------- */

/* out[h] = s_h^T (K o L) s_h, the diagonal left out when unbiased. */
static mc_status quadratic(const half_context *own, const mc_prepared *x, const mc_prepared *y,
                           mc_arena *scratch, double *out, mc_error *err)
{
    const size_t n = own->panel->n, batch = own->batch;
    const bool   unbiased = own->metric->similarity->hsic == MC_HSIC_UNBIASED;
    double      *both, *sums;

    MC_TRY(mc_take_doubles(scratch, n * n, &both, err));
    MC_TRY(mc_take_doubles(scratch, n * batch, &sums, err));
    for (size_t k = 0; k < n * n; k++)
        both[k] = x->kernel[k] * y->kernel[k];
    for (size_t i = 0; unbiased && i < n; i++)
        both[i * n + i] = 0;
    mc_gemm_nn(sums, both, own->indicator, n, batch, n);
    for (size_t h = 0; h < batch; h++)
        out[h] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t h = 0; h < batch; h++)
            out[h] += own->indicator[i * batch + h] * sums[i * batch + h];
    return MC_OK;
}

/* Turn out[h] = s^T (K o L) s into HSIC (up to a factor that cancels in CKA). */
static mc_status centre(const half_context *own, const double *x, const double *y,
                        mc_arena *scratch, double *out, mc_error *err)
{
    const size_t batch = own->batch, n = own->panel->n;
    const double m        = (double)own->half;
    const bool   unbiased = own->metric->similarity->hsic == MC_HSIC_UNBIASED;
    const double of_rows  = unbiased ? 2 / (m - 2) : 2 / m;
    const double of_all   = unbiased ? 1 / ((m - 1) * (m - 2)) : 1 / (m * m);
    double      *x_all, *y_all, *cross;

    MC_TRY(mc_take_doubles(scratch, 3 * batch, &x_all, err));
    y_all = x_all + batch;
    cross = y_all + batch;
    for (size_t h = 0; h < 3 * batch; h++)
        x_all[h] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t h = 0; h < batch; h++) {
            const double a = x[i * batch + h], b = y[i * batch + h];
            x_all[h] += a;
            y_all[h] += b;
            cross[h] += a * b;
        }
    for (size_t h = 0; h < batch; h++)
        out[h] += x_all[h] * y_all[h] * of_all - cross[h] * of_rows;
    return MC_OK;
}

static mc_status sum_rows(void *context, size_t layer, mc_arena *keep, mc_arena *scratch,
                          mc_error *err)
{
    half_context      *own = context;
    const mc_prepared *x   = layer_of(own->p, layer);
    const size_t       n = own->panel->n, batch = own->batch;
    const bool         unbiased = own->metric->similarity->hsic == MC_HSIC_UNBIASED;
    double            *sums     = own->row_sums[layer];

    (void)keep;
    if (!own->used[layer] || x->reason[0]) return MC_OK;
    mc_gemm_nn(sums, x->kernel, own->indicator, n, batch, n);
    for (size_t i = 0; i < n; i++)
        for (size_t h = 0; h < batch; h++) {
            const double diagonal = unbiased ? x->kernel[i * n + i] : 0;
            sums[i * batch + h] =
                (sums[i * batch + h] - diagonal) * own->indicator[i * batch + h];
        }
    MC_TRY(quadratic(own, x, x, scratch, own->own[layer], err));
    return centre(own, sums, sums, scratch, own->own[layer], err);
}

static mc_status link_values(void *context, size_t link, mc_arena *keep, mc_arena *scratch,
                             mc_error *err)
{
    half_context      *own = context;
    const size_t       a = own->link[link][0], b = own->p->count[0] + own->link[link][1];
    const mc_prepared *x = layer_of(own->p, a), *y = layer_of(own->p, b);
    double            *hsic;

    (void)keep;
    MC_TRY(mc_take_doubles(scratch, own->batch, &hsic, err));
    if (!x->reason[0] && !y->reason[0]) {
        MC_TRY(quadratic(own, x, y, scratch, hsic, err));
        MC_TRY(centre(own, own->row_sums[a], own->row_sums[b], scratch, hsic, err));
    }
    for (size_t h = 0; h < own->batch; h++) {
        double *to = &own->values[(own->first + h) * own->links + link];
        *to        = NAN;
        if (!x->reason[0] && !y->reason[0])
            *to = hsic[h] / sqrt(own->own[a][h] * own->own[b][h]);
    }
    return MC_OK;
}

static mc_status take_buffers(half_context *own, mc_arena *keep, mc_error *err)
{
    const size_t layers = own->p->count[0] + own->p->count[1], n = own->panel->n;
    void        *sums, *selves;

    MC_TRY(mc_take_doubles(keep, n * BATCH, &own->indicator, err));
    MC_TRY(mc_arena_array(keep, layers, sizeof *own->row_sums, &sums, err));
    MC_TRY(mc_arena_array(keep, layers, sizeof *own->own, &selves, err));
    own->row_sums = sums;
    own->own      = selves;
    for (size_t l = 0; l < layers; l++) {
        own->row_sums[l] = own->own[l] = NULL;
        if (!own->used[l]) continue;
        MC_TRY(mc_take_doubles(keep, n * BATCH, &own->row_sums[l], err));
        MC_TRY(mc_take_doubles(keep, BATCH, &own->own[l], err));
    }
    return MC_OK;
}

static void draw_batch(const half_context *own, size_t *rows)
{
    for (size_t k = 0; k < own->panel->n * own->batch; k++)
        own->indicator[k] = 0;
    for (size_t h = 0; h < own->batch; h++) {
        draw_half(own->seed, own->first + h, own->panel->n, own->half, rows);
        for (size_t i = 0; i < own->half; i++)
            own->indicator[rows[i] * own->batch + h] = 1;
    }
}

static mc_status halves_by_product(mc_team *team, half_context *own, size_t samples,
                                   const mc_progress *progress, mc_error *err)
{
    const size_t n = own->panel->n;
    size_t      *rows;

    MC_TRY(take_buffers(own, mc_team_keep(team), err));
    MC_TRY(mc_take_sizes(mc_team_keep(team), n, &rows, err));
    mc_team_reserve(team, (n * n + n * BATCH + 8 * BATCH) * sizeof(double) + 1024);
    for (own->first = 0; own->first < samples; own->first += own->batch) {
        own->batch = samples - own->first < BATCH ? samples - own->first : BATCH;
        draw_batch(own, rows);
        MC_TRY(mc_team_run(team, own->p->count[0] + own->p->count[1], sum_rows, own, err));
        MC_TRY(mc_team_run(team, own->links, link_values, own, err));
        if (progress && progress->report)
            progress->report(progress->context, progress->stage, own->first + own->batch,
                             samples);
    }
    return MC_OK;
}

/* ---- Any metric: prepare the half anew --------------------------------------------------- */

static mc_status prepare_half(const half_context *own, size_t index, const size_t *rows,
                              const size_t *rows_of_x, mc_arena *scratch, mc_prepared *out,
                              mc_error *err)
{
    const size_t         which = index >= own->p->count[0];
    const size_t         layer = which ? index - own->p->count[0] : index;
    const mc_panel_side *side  = &own->panel->side[which];
    double              *gram, *mean;

    MC_TRY(mc_take_doubles(scratch, own->half * own->half, &gram, err));
    MC_TRY(mc_take_doubles(scratch, own->half, &mean, err));
    mc_gram_subset(side->gram[layer], own->panel->n, rows, own->half, gram, mean);
    const mc_view view = { gram, own->half, &side->layers[layer], rows_of_x, true };
    return mc_similarity_prepare(own->metric, &view, own->options, scratch, out, err);
}

static mc_status half_job(void *context, size_t job, mc_arena *keep, mc_arena *scratch,
                          mc_error *err)
{
    half_context *own    = context;
    const size_t  layers = own->p->count[0] + own->p->count[1], sample = own->first + job;
    mc_prepared  *prepared;
    size_t       *rows, *rows_of_x;
    void         *block;

    (void)keep;
    MC_TRY(mc_take_sizes(scratch, own->half, &rows, err));
    MC_TRY(mc_take_sizes(scratch, own->half, &rows_of_x, err));
    MC_TRY(mc_arena_array(scratch, layers, sizeof *prepared, &block, err));
    prepared = block;
    draw_half(own->seed, sample, own->panel->n, own->half, rows);
    for (size_t i = 0; i < own->half; i++)
        rows_of_x[i] = own->panel->rows ? own->panel->rows[rows[i]] : rows[i];
    for (size_t l = 0; l < layers; l++)
        if (own->used[l] && !layer_of(own->p, l)->reason[0])
            MC_TRY(prepare_half(own, l, rows, rows_of_x, scratch, &prepared[l], err));
    for (size_t k = 0; k < own->links; k++) {
        const size_t a = own->link[k][0], b = own->p->count[0] + own->link[k][1];
        double      *value = &own->values[sample * own->links + k];
        *value             = NAN;
        if (layer_of(own->p, a)->reason[0] || layer_of(own->p, b)->reason[0]) continue;
        MC_TRY(mc_similarity_value(own->metric, &prepared[a], &prepared[b], NULL, own->options,
                                   scratch, value, err));
    }
    return MC_OK;
}

static mc_status halves_anew(mc_team *team, half_context *own, size_t samples,
                             const mc_progress *progress, mc_error *err)
{
    const size_t chunk = 8 * mc_team_size(team), m2 = own->half * own->half;

    mc_team_reserve(team, (own->p->count[0] + own->p->count[1]) * m2 * 4 * sizeof(double));
    for (own->first = 0; own->first < samples; own->first += chunk) {
        const size_t left = samples - own->first, now = left < chunk ? left : chunk;
        MC_TRY(mc_team_run(team, now, half_job, own, err));
        if (progress && progress->report)
            progress->report(progress->context, progress->stage, own->first + now, samples);
    }
    return MC_OK;
}

mc_status mc_panel_halves(mc_team *team, const mc_metric *metric, const mc_panel *panel,
                          const mc_prepared_panel *p, const mc_metric_options *options,
                          const size_t (*link)[2], size_t links, uint64_t seed, size_t samples,
                          const mc_progress *progress, double *values, mc_error *err)
{
    half_context own    = { .metric  = metric,
                            .panel   = panel,
                            .p       = p,
                            .options = options,
                            .link    = link,
                            .links   = links,
                            .half    = panel->n / 2,
                            .seed    = seed,
                            .values  = values };
    const size_t layers = p->count[0] + p->count[1];
    mc_team_mark mark;
    mc_status    status;
    void        *used;

    /* Two probes are always alike by cka-biased, and unbiased HSIC of three is 0 / 0. */
    if (own.half < metric->rows_least) {
        for (size_t k = 0; k < samples * links; k++)
            values[k] = NAN;
        return MC_OK;
    }
    MC_TRY(mc_team_remember(team, &mark, err));
    status = mc_arena_array(mc_team_keep(team), layers, sizeof(bool), &used, err);
    if (status == MC_OK) {
        own.used = used;
        for (size_t l = 0; l < layers; l++)
            own.used[l] = false;
        for (size_t k = 0; k < links; k++)
            own.used[link[k][0]] = own.used[p->count[0] + link[k][1]] = true;
        if (metric->similarity->hsic != MC_HSIC_NONE)
            status = halves_by_product(team, &own, samples, progress, err);
        else
            status = halves_anew(team, &own, samples, progress, err);
    }
    mc_team_forget(team, mark);
    return status;
}
