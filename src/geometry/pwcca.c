/* pwcca.c - projection-weighted canonical correlations. */
#include "geometry/canonical.h"
#include "geometry/metric_list.h"

static const mc_cca_rule rule = { .variance = 1, .projection = true };

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    return mc_cca_prepare(&rule, view, options, keep, out, err);
}

static mc_status value_of(const mc_prepared *a, const mc_prepared *b, const size_t *order,
                          const mc_metric_options *options, mc_arena *scratch, double *value,
                          mc_error *err)
{
    (void)options;
    return mc_cca_value(&rule, a, b, order, scratch, value, err);
}

static void note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE])
{
    (void)options;
    mc_cca_note(a, b, text);
}

static const mc_similarity similarity = {
    .by_fold = true, .prepare = prepare, .value = value_of, .note = note
};

const mc_metric mc_metric_pwcca = {
    .name       = "pwcca",
    .summary    = "canonical correlations weighted by how much of the layer they account for",
    .convention = "weights sum_j |<h_i, x_j>| of the side with fewer directions; else as cca",
    .citation   = "Morcos et al. 2018, arXiv:1806.05759 (eq. 4)",
    .operands   = 2,
    .range      = { -1.0, 1.0 },
    .rows_least = 20,
    .is_costly  = true,
    .similarity = &similarity,
};
