/* bench_null.c - how often a comparison of independent data says p < .05, and how often planted
 * structure is found, as JSON (bench/null.py draws the table and the theory beside it).
 *
 *   bench_null independent PAIRS PERMUTATIONS PROBES UNITS LAYERS
 *   bench_null planted     PAIRS PERMUTATIONS PROBES UNITS C
 *
 * Independent: two stacks of LAYERS whose spectra decay as those of trained models do (the
 * variance of direction k is 1/k; CKA does not see rotations), each layer close to the one
 * below, no relation between A and B. A pair of stacks counts once: is the least corrected p of
 * all its pairs of layers below .05? Planted: y = C x + noise, isotropic. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modelcypher/geometry.h>

#include "base/error.h"
#include "geometry/random.h"

#define LAYERS_MOST 16

static mc_matrix take(size_t rows, size_t cols)
{
    return (mc_matrix){ calloc(rows * cols, sizeof(float)), rows, cols, cols };
}

static void fill_normal(mc_random *random, mc_matrix x)
{
    for (size_t k = 0; k < x.rows * x.cols; k++)
        ((float *)x.data)[k] = (float)mc_random_normal(random);
}

/* Direction k has standard deviation 1/sqrt(k + 1); a layer keeps 0.9 of the one below. */
static void next_layer(mc_random *random, mc_matrix below, bool first, mc_matrix x)
{
    for (size_t k = 0; k < x.rows * x.cols; k++) {
        const double fresh = mc_random_normal(random) / sqrt((double)(k % x.cols + 1));
        ((float *)x.data)[k] =
            (float)(first ? fresh : 0.9 * (double)below.data[k] + sqrt(1 - 0.81) * fresh);
    }
}

static mc_status compare(const mc_matrix *a, const mc_matrix *b, size_t layers, size_t draws,
                         uint64_t seed, mc_comparison **got, mc_error *err)
{
    mc_compare_options options = MC_COMPARE_OPTIONS_DEFAULT;
    const mc_stack x = { .layers = a, .count = layers }, y = { .layers = b, .count = layers };

    options.permutations   = draws;
    options.half_samples   = 0;
    options.seed           = seed;
    options.leverage_bound = options.dimension_bound = 0; /* the value alone is asked for */
    return mc_compare(&x, &y, &options, got, err);
}

typedef struct counts {
    size_t pairs, corrected, mean,
        single; /* p < .05: of any pair corrected, of the mean, raw */
    double least, most;
} counts;

static void count(const mc_comparison *got, counts *c)
{
    const mc_metric_comparison *m     = &got->metrics[0];
    double                      least = 1;

    for (size_t k = 0; k < got->a_count * got->b_count; k++) {
        least    = fmin(least, m->pairs[k].p_corrected);
        c->least = fmin(c->least, m->pairs[k].value);
        c->most  = fmax(c->most, m->pairs[k].value);
    }
    c->pairs++;
    c->corrected += least < 0.05;
    c->mean += got->monotone.p < 0.05;
    c->single += m->pairs[0].p < 0.05;
}

static mc_status run(bool planted, size_t pairs, size_t draws, size_t rows, size_t cols,
                     size_t layers, double strength, counts *c, mc_error *err)
{
    mc_matrix a[LAYERS_MOST], b[LAYERS_MOST];

    for (size_t l = 0; l < layers; l++) {
        a[l] = take(rows, cols);
        b[l] = take(rows, cols);
        if (!a[l].data || !b[l].data) return MC_ERR_MEMORY;
    }
    for (size_t pair = 0; pair < pairs; pair++) {
        mc_random      random = mc_random_init(20240501, MC_STREAM_DATA, pair);
        mc_comparison *got;
        for (size_t l = 0; !planted && l < layers; l++) {
            next_layer(&random, l ? a[l - 1] : a[l], l == 0, a[l]);
            next_layer(&random, l ? b[l - 1] : b[l], l == 0, b[l]);
        }
        if (planted) {
            fill_normal(&random, a[0]);
            fill_normal(&random, b[0]);
            for (size_t k = 0; k < rows * cols; k++)
                ((float *)b[0].data)[k] += (float)(strength * (double)a[0].data[k]);
        }
        MC_TRY(compare(a, b, layers, draws, pair, &got, err));
        count(got, c);
        mc_comparison_free(got);
    }
    for (size_t l = 0; l < layers; l++) {
        free((void *)a[l].data);
        free((void *)b[l].data);
    }
    return MC_OK;
}

int main(int argc, char **argv)
{
    const bool planted = argc == 7 && strcmp(argv[1], "planted") == 0;
    counts     c       = { .least = INFINITY, .most = -INFINITY };
    mc_error   err     = { 0 };

    if (argc != 7) {
        fprintf(stderr, "usage: bench_null independent|planted PAIRS PERMUTATIONS PROBES UNITS "
                        "LAYERS|C\n");
        return 2;
    }
    const double last   = strtod(argv[6], NULL);
    const size_t layers = planted ? 1 : (size_t)last;
    if (layers < 1 || layers > LAYERS_MOST) return 2;
    if (run(planted, strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10),
            strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10), layers, last, &c,
            &err) != MC_OK) {
        fprintf(stderr, "bench_null: %s\n", err.reason);
        return 1;
    }
    printf(
        "{\"pairs\": %zu, \"corrected\": %zu, \"mean\": %zu, \"single\": %zu, \"least\": %.5f, "
        "\"most\": %.5f}\n",
        c.pairs, c.corrected, c.mean, c.single, c.least, c.most);
    return 0;
}
