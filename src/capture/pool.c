/* pool.c - means over the texts of a probe. */
#include "capture/pool.h"

#include <inttypes.h>

/* Columns summed at a time: the sums stay in the first cache. */
enum { COLUMNS = 512 };

/* Mean of the rows first .. end-1, columns `from` .. `from + count`. */
static void mean_rows(const float *rows, size_t hidden, int64_t first, int64_t end, size_t from,
                      size_t count, float *mean)
{
    double sums[COLUMNS] = { 0 };
    double n             = (double)(end - first);

    for (int64_t row = first; row < end; row++) {
        const float *values = rows + (size_t)row * hidden + from;
        for (size_t j = 0; j < count; j++)
            sums[j] += (double)values[j];
    }
    for (size_t j = 0; j < count; j++)
        mean[from + j] = (float)(sums[j] / n);
}

static void mean_row(const float *rows, size_t hidden, int64_t first, int64_t end, float *mean)
{
    for (size_t from = 0; from < hidden; from += COLUMNS) {
        size_t left = hidden - from;
        mean_rows(rows, hidden, first, end, from, left < COLUMNS ? left : COLUMNS, mean);
    }
}

mc_status mc_pool_probes(const float *texts, const int64_t *offsets, size_t probe_count,
                         size_t hidden, float *means, float *halves, mc_error *err)
{
    int64_t least = halves ? 2 : 1;

    for (size_t i = 0; i < probe_count; i++)
        if (offsets[i + 1] - offsets[i] < least)
            return mc_fail(err, MC_ERR_ARGUMENT,
                           halves ? "give each probe two texts, or keep no halves"
                                  : "give each probe a text",
                           "probe %zu has %" PRId64 " texts", i + 1,
                           offsets[i + 1] - offsets[i]);
    for (size_t i = 0; i < probe_count; i++) {
        int64_t first = offsets[i], end = offsets[i + 1];
        int64_t middle = first + (end - first + 1) / 2;

        mean_row(texts, hidden, first, end, means + i * hidden);
        if (!halves) continue;
        mean_row(texts, hidden, first, middle, halves + i * hidden);
        mean_row(texts, hidden, middle, end, halves + (probe_count + i) * hidden);
    }
    return MC_OK;
}
