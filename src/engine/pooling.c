/* pooling.c - last, mean and all; the mean is summed in double, in the order of positions. */
#include "engine/pooling.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

static mc_status take(bool wanted, size_t rows, size_t width, float **out, mc_error *err)
{
    size_t bytes;

    if (!wanted) return MC_OK;
    if (!mc_mul_size(rows, width * sizeof **out, &bytes)) return mc_fail_memory(err, SIZE_MAX);
    *out = mc_alloc_aligned(bytes);
    return *out ? MC_OK : mc_fail_memory(err, bytes);
}

mc_status mc_pooled_create(unsigned keep, size_t texts, size_t tokens, size_t width,
                           mc_pooled *pooled, mc_error *err)
{
    mc_pooled result = { .keep = keep, .texts = texts, .tokens = tokens, .width = width };
    mc_status status = take(keep & MC_KEEP_LAST, texts, width, &result.last, err);

    if (status == MC_OK) status = take(keep & MC_KEEP_MEAN, texts, width, &result.mean, err);
    if (status == MC_OK) status = take(keep & MC_KEEP_ALL, tokens, width, &result.all, err);
    if (status != MC_OK)
        mc_pooled_clear(&result);
    else
        *pooled = result;
    return status;
}

void mc_pooled_clear(mc_pooled *pooled)
{
    mc_free_aligned(pooled->last, pooled->texts * pooled->width * sizeof(float));
    mc_free_aligned(pooled->mean, pooled->texts * pooled->width * sizeof(float));
    mc_free_aligned(pooled->all, pooled->tokens * pooled->width * sizeof(float));
    *pooled = (mc_pooled){ 0 };
}

mc_pooled mc_pooled_only(const mc_pooled *pooled, unsigned keep)
{
    mc_pooled result = *pooled;

    result.keep &= keep;
    if (!(keep & MC_KEEP_LAST)) result.last = NULL;
    if (!(keep & MC_KEEP_MEAN)) result.mean = NULL;
    if (!(keep & MC_KEEP_ALL)) result.all = NULL;
    return result;
}

size_t mc_pooled_bytes(const mc_pooled *pooled)
{
    size_t rows = (pooled->keep & MC_KEEP_LAST ? pooled->texts : 0) +
                  (pooled->keep & MC_KEEP_MEAN ? pooled->texts : 0) +
                  (pooled->keep & MC_KEEP_ALL ? pooled->tokens : 0);

    return rows * pooled->width * sizeof(float);
}

int mc_pooled_needs(unsigned keep, size_t position, size_t length)
{
    if (keep & MC_KEEP_ALL) return 1;
    if (keep & MC_KEEP_MEAN) return position >= 1 || length == 1;
    return position + 1 == length;
}

static void finish_mean(float *out, const double *sums, size_t width, size_t count)
{
    for (size_t i = 0; i < width; i++)
        out[i] = (float)(sums[i] / (double)count);
}

void mc_pool_text(mc_pooled *pooled, const mc_plan_text *text, const mc_pool_rows *rows,
                  const uint32_t *path, size_t first, size_t count, double *sums)
{
    size_t width = rows->width, length = text->length;

    if (first == 0) memset(sums, 0, width * sizeof *sums);
    for (size_t i = 0; i < count; i++) {
        size_t       position = first + i;
        size_t       row      = rows->place ? rows->place[path[i]] : path[i];
        const float *x        = rows->data + row * rows->stride;
        if (!mc_pooled_needs(pooled->keep, position, length)) continue;
        if (pooled->all)
            memcpy(pooled->all + (rows->begin + position) * width, x, width * sizeof *x);
        if (pooled->last && position + 1 == length)
            memcpy(pooled->last + text->text * width, x, width * sizeof *x);
        if (pooled->mean && (position >= 1 || length == 1))
            for (size_t j = 0; j < width; j++)
                sums[j] += (double)x[j];
    }
    if (pooled->mean && first + count == length)
        finish_mean(pooled->mean + text->text * width, sums, width,
                    length > 1 ? length - 1 : 1);
}
