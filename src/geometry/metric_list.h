/* metric_list.h - every metric's row, for metric_table.c. */
#ifndef MC_GEOMETRY_METRIC_LIST_H
#define MC_GEOMETRY_METRIC_LIST_H

#include <modelcypher/geometry.h>

extern const mc_metric mc_metric_cka, mc_metric_cka_biased, mc_metric_cka_rbf,
    mc_metric_mutual_knn, mc_metric_cknna, mc_metric_rsa, mc_metric_procrustes, mc_metric_cca,
    mc_metric_svcca, mc_metric_pwcca, mc_metric_twonn, mc_metric_twonn_mle, mc_metric_mle,
    mc_metric_gride, mc_metric_participation_ratio, mc_metric_effective_rank,
    mc_metric_stable_rank, mc_metric_anisotropy;

#endif
