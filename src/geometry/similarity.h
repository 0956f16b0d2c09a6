/* similarity.h - what the two-operand metrics share.
 *
 * All of them start from one thing: the centred Gram matrix G = X X^T of a layer (n x n, n
 * probes, columns of X centred, double). Made once, it serves every metric, and every subset of
 * the probes: the Gram matrix of a subset is a gather and a second centring. A metric turns G
 * into its prepared form; a value is then cheap.
 *
 * Forms:
 * - pairs: a vector over pairs of probes, so that the value is a scaled dot product. All layer
 *   pairs are then one matrix product, and so is a permutation of the probes (permute.c).
 * - other: whatever value() wants (neighbour lists, an orthonormal basis). */
#ifndef MC_GEOMETRY_SIMILARITY_H
#define MC_GEOMETRY_SIMILARITY_H

#include <modelcypher/geometry.h>

#include "base/arena.h"

/* A layer, or some of its rows, as metrics see it. */
typedef struct mc_view {
    const double    *gram; /* n x n, centred over these rows */
    size_t           n;
    const mc_matrix *x;    /* the layer itself, or NULL when it is not at hand */
    const size_t    *rows; /* n rows of x; NULL: all of them */
    bool brief; /* a resample: skip what only the full sample needs (held-out folds) */
} mc_view;

/* Which pairs (i, j) the entries of a vector belong to, in row-major order. */
typedef enum mc_pair_space {
    MC_PAIRS_NONE,
    MC_PAIRS_UPPER,          /* i < j */
    MC_PAIRS_UPPER_DIAGONAL, /* i <= j */
    MC_PAIRS_SQUARE          /* all */
} mc_pair_space;

/* How a pair of kernels is centred on a subset, for half-samples without a gather. */
typedef enum mc_hsic { MC_HSIC_NONE, MC_HSIC_UNBIASED, MC_HSIC_BIASED } mc_hsic;

typedef struct mc_fold mc_fold; /* canonical.c */

typedef struct mc_prepared {
    size_t    n;
    double   *vector;     /* form "pairs" */
    double    scale;      /* value = a.scale * b.scale * dot(a.vector, b.vector) */
    double   *kernel;     /* n x n, symmetric; for hsic, cknna */
    uint32_t *neighbours; /* n x k, nearest first */
    uint8_t  *mask;       /* n x n: 1 where j is a neighbour of i */
    size_t    k;
    double    self;   /* normaliser of the metric */
    double   *factor; /* n x rank */
    size_t    rank;
    double   *spectrum; /* the rank eigenvalues of G that go with the factor */
    double   *weights;  /* rank x cols: factor^T X (pwcca), or NULL */
    size_t    cols;
    mc_fold  *folds;
    size_t    fold_count;
    char      reason[MC_REASON_SIZE]; /* why the metric is undefined here; "" when it is not */
} mc_prepared;

typedef struct mc_similarity mc_similarity;
struct mc_similarity {
    mc_pair_space pairs;
    mc_hsic       hsic;    /* of `kernel` */
    bool          by_fold; /* permute only among rows of equal index modulo options->folds */
    /* Fill `out` (zeroed) from the view; memory from `keep`, temporaries given back to it.
     * Undefined data: MC_OK and out->reason. */
    mc_status (*prepare)(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err);
    /* The value of a against b with row i of b replaced by row order[i] (NULL: as it is).
     * Undefined: NaN. Not for form "pairs", which has one function for all. */
    mc_status (*value)(const mc_prepared *a, const mc_prepared *b, const size_t *order,
                       const mc_metric_options *options, mc_arena *scratch, double *value,
                       mc_error *err);
    /* What unrelated data give by construction; NULL: 0. */
    double (*floor)(const mc_prepared *a, const mc_prepared *b,
                    const mc_metric_options *options);
    /* The variant in words, with its parameters. */
    void (*note)(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE]);
};

/* The value for any form. */
mc_status mc_similarity_value(const mc_metric *metric, const mc_prepared *a,
                              const mc_prepared *b, const size_t *order,
                              const mc_metric_options *options, mc_arena *scratch,
                              double *value, mc_error *err);
/* prepare() with its temporaries; `out` is zeroed first. */
mc_status mc_similarity_prepare(const mc_metric *metric, const mc_view *view,
                                const mc_metric_options *options, mc_arena *keep,
                                mc_prepared *out, mc_error *err);

size_t mc_pair_count(mc_pair_space space, size_t n);
/* First column of row i in this space. */
size_t mc_pair_first(mc_pair_space space, size_t i);

/* ---- Building blocks --------------------------------------------------------------------- */

/* Cosines of the centred rows from G (n x n, diagonal 1). A row at the centre has none: its
 * index is returned in *bad and false is the result. */
bool mc_cosines(const double *gram, size_t n, double *cosines, size_t *bad);
/* The k largest of each row of s, the diagonal excluded, ties to the lower index. */
void mc_neighbours(const double *s, size_t n, size_t k, uint32_t *neighbours);
/* U-centre a symmetric kernel (Szekely & Rizzo 2014, Annals of Statistics 42(6), 2382-2412,
 * definition 2): HSIC_1 of Song et al. 2012 (eq. 5) is the inner product of two U-centred
 * kernels over n (n - 3). vector: the upper triangle, of unit norm; sums: n of scratch. Returns
 * the norm relative to the kernel's off-diagonal own; near 0 when nothing is left. */
double mc_u_centre(const double *kernel, size_t n, double *vector, double *sums);
/* Below this share, what is left after centring is rounding. */
#define MC_NOTHING_LEFT 1e-12
/* Principal axes of the rows: G = U diag(l) U^T, U (n x rank) in out->factor, l in
 * out->spectrum, largest first, what is below rounding left out. */
mc_status mc_principal_axes(const mc_view *view, mc_arena *keep, mc_prepared *out,
                            mc_error *err);
/* An undefined metric: printf into out->reason. */
void mc_prepared_undefined(mc_prepared *out, const char *format, ...) MC_PRINTF(2, 3);

#endif
