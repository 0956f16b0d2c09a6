/* pwcca.c - projection-weighted canonical correlations. */
#include "geometry/canonical.h"
#include "geometry/metric_list.h"

static const mc_cca_rule rule = { .variance = 1, .projection = true };

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    return mc_cca_prepare(&rule, view, options, keep, out, err);
}

static const mc_similarity similarity = {
    .by_fold = true, .prepare = prepare, .value = mc_cca_value, .note = mc_cca_note
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
