/* anisotropy.c - do the states of all probes point the same way?
 *
 * The mean over all pairs needs no pairs: with u_i the rows of unit length it is
 * (|sum u_i|^2 - n) / (n (n - 1)). Rows of zero length have no direction and are left out. */
#include "geometry/anisotropy.h"

#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/shape.h"

mc_status mc_mean_cosine(const mc_matrix *x, const double *centre, mc_arena *scratch,
                         double *mean, mc_error *err)
{
    mc_arena_mark mark = mc_arena_save(scratch);
    double       *sum, square = 0, count = 0;

    MC_TRY(mc_take_doubles(scratch, x->cols, &sum, err));
    for (size_t j = 0; j < x->cols; j++)
        sum[j] = 0;
    for (size_t i = 0; i < x->rows; i++) {
        const float *row  = x->data + i * x->stride;
        double       norm = 0;
        for (size_t j = 0; j < x->cols; j++) {
            const double own = row[j] - (centre ? centre[j] : 0);
            norm += own * own;
        }
        if (!(norm > 0)) continue;
        count++;
        norm = sqrt(norm);
        for (size_t j = 0; j < x->cols; j++)
            sum[j] += (row[j] - (centre ? centre[j] : 0)) / norm;
    }
    for (size_t j = 0; j < x->cols; j++)
        square += sum[j] * sum[j];
    mc_arena_reset(scratch, mark);
    *mean = count > 1 ? (square - count) / (count * (count - 1)) : NAN;
    return MC_OK;
}

static mc_status run(const mc_cloud *cloud, const mc_metric_options *options, mc_arena *scratch,
                     mc_estimate *out, mc_error *err)
{
    (void)options;
    snprintf(out->note, sizeof out->note, "mean cosine of all pairs of probes, not centred");
    MC_TRY(mc_mean_cosine(cloud->x, NULL, scratch, &out->value, err));
    if (isnan(out->value)) mc_estimate_undefined(out, "the states are zero");
    return MC_OK;
}

static const mc_shape shape = { .needs = MC_NEEDS_ROWS, .run = run };

const mc_metric mc_metric_anisotropy = {
    .name       = "anisotropy",
    .summary    = "mean cosine of pairs of probes: 1 when all states point the same way",
    .convention = "all pairs, not centred; rows of length zero left out",
    .citation   = "Ethayarajh 2019, arXiv:1909.00512",
    .operands   = 1,
    .range      = { -1.0, 1.0 },
    .rows_least = 3,
    .shape      = &shape,
};
