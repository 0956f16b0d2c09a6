/* svcca.c - canonical correlations after dropping the directions of little variance. */
#include "geometry/canonical.h"
#include "geometry/metric_list.h"

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    const mc_cca_rule rule = { .variance = options->svd_variance };

    return mc_cca_prepare(&rule, view, options, keep, out, err);
}

static const mc_similarity similarity = {
    .by_fold = true, .prepare = prepare, .value = mc_cca_value, .note = mc_cca_note
};

const mc_metric mc_metric_svcca = {
    .name       = "svcca",
    .summary    = "mean canonical correlation of the leading principal components",
    .convention = "components up to 99 % of the variance of each side; else as cca",
    .citation   = "Raghu et al. 2017, arXiv:1706.05806",
    .operands   = 2,
    .range      = { -1.0, 1.0 },
    .rows_least = 20,
    .is_costly  = true,
    .similarity = &similarity,
};
