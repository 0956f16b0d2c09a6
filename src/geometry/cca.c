/* cca.c - the mean of all canonical correlations. */
#include "geometry/canonical.h"
#include "geometry/metric_list.h"

static const mc_cca_rule rule = { .variance = 1 };

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    return mc_cca_prepare(&rule, view, options, keep, out, err);
}

static const mc_similarity similarity = {
    .by_fold = true, .prepare = prepare, .value = mc_cca_value, .note = mc_cca_note
};

const mc_metric mc_metric_cca = {
    .name       = "cca",
    .summary    = "mean canonical correlation",
    .convention = "in-sample only when kx + ky <= n - 1 directions, else held-out over folds",
    .citation   = "Hotelling 1936, Biometrika 28:321",
    .operands   = 2,
    .range      = { -1.0, 1.0 },
    .rows_least = 20,
    .is_costly  = true,
    .similarity = &similarity,
};
