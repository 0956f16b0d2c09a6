/* canonical.h - what cca, svcca and pwcca share. */
#ifndef MC_GEOMETRY_CANONICAL_H
#define MC_GEOMETRY_CANONICAL_H

#include "geometry/similarity.h"

/* Which directions enter, and how the correlations are averaged. */
typedef struct mc_cca_rule {
    double variance;   /* keep directions up to this share of the variance; 1: all */
    bool   projection; /* weights of Morcos et al. instead of the plain mean */
} mc_cca_rule;

mc_status mc_cca_prepare(const mc_cca_rule *rule, const mc_view *view,
                         const mc_metric_options *options, mc_arena *keep, mc_prepared *out,
                         mc_error *err);
/* mc_similarity.value and .note of what mc_cca_prepare() made. */
mc_status mc_cca_value(const mc_prepared *a, const mc_prepared *b, const size_t *order,
                       const mc_metric_options *options, mc_arena *scratch, double *value,
                       mc_error *err);
void mc_cca_note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE]);

#endif
