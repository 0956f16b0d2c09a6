/* panel.h - two stacks of layers over the same probes: their Gram matrices, and what is done
 * to all pairs of them at once.
 *
 * A panel borrows the stacks' matrices. A panel over some of the probes has Gram matrices that
 * are centred over those. */
#ifndef MC_GEOMETRY_PANEL_H
#define MC_GEOMETRY_PANEL_H

#include "geometry/similarity.h"
#include "geometry/team.h"

typedef struct mc_panel_side {
    const mc_matrix *layers;
    size_t           count;
    const double   **gram;   /* per layer; NULL: the layer is undefined, ... */
    const char     **reason; /* ... for this reason */
} mc_panel_side;

typedef struct mc_panel {
    size_t        n;
    const size_t *rows; /* of the stacks' matrices; NULL: all */
    mc_panel_side side[2];
} mc_panel;

/* Both sides prepared for one metric. */
typedef struct mc_prepared_panel {
    size_t       n, count[2];
    mc_prepared *layer[2];
} mc_prepared_panel;

/* Which pairs a costly metric is evaluated for; NULL: all of them. wanted[a * b_count + b]. */
typedef const bool *mc_wanted;

/* Gram matrices of all layers, in the team's keep arenas. Layers that are constant or not
 * finite get a reason; names may be NULL. `storage` holds reasons and arrays. */
mc_status mc_panel_make(mc_team *team, mc_arena *storage, const mc_matrix *const layers[2],
                        const size_t counts[2], const char *const *probe_names, mc_panel *panel,
                        mc_error *err);
/* The panel of some of the rows of another (indices into its rows), ascending. */
mc_status mc_panel_subset(mc_team *team, mc_arena *storage, const mc_panel *whole,
                          const size_t *rows, size_t n, mc_panel *panel, mc_error *err);

/* Prepare every defined layer, in the team's keep arenas. */
mc_status mc_panel_prepare(mc_team *team, const mc_metric *metric, const mc_panel *panel,
                           const mc_metric_options *options, mc_prepared_panel *out,
                           mc_error *err);

/* values[a * b_count + b]; NaN where undefined or not wanted. */
mc_status mc_panel_values(mc_team *team, const mc_metric *metric, const mc_prepared_panel *p,
                          const mc_metric_options *options, mc_wanted wanted, double *values,
                          mc_error *err);

/* Where a long computation stands; both may be NULL. */
typedef struct mc_progress {
    void (*report)(void *context, const char *stage, size_t done, size_t total);
    void       *context;
    const char *stage;
} mc_progress;

/* values[draw * pairs + pair]: the same for draws in which the rows of every b are replaced by
 * a random order of them, one order a draw. For form "pairs" this is one product of matrices:
 * float32 storage, sums of 512 terms in float32 and of those in double; |error| < 2e-6 (the
 * vectors have unit norm), and the same bits for any number of threads. */
mc_status mc_panel_permute(mc_team *team, const mc_metric *metric, const mc_prepared_panel *p,
                           const mc_metric_options *options, mc_wanted wanted, uint64_t seed,
                           size_t draws, const mc_progress *progress, double *values,
                           mc_error *err);
/* The error of a permuted value: ties within it count as ties. */
#define MC_PERMUTED_ERROR 2e-6

/* The order of one draw: of all rows, or among rows of equal index modulo `folds` (> 0). */
void mc_draw_order(uint64_t seed, size_t draw, size_t n, size_t folds, size_t *order);

/* values[sample * links + link]: the links' values on random halves of the probes. */
mc_status mc_panel_halves(mc_team *team, const mc_metric *metric, const mc_panel *panel,
                          const mc_prepared_panel *p, const mc_metric_options *options,
                          const size_t (*link)[2], size_t links, uint64_t seed, size_t samples,
                          const mc_progress *progress, double *values, mc_error *err);

#endif
