/* activations.c - the files of pooled states. */
#include "cache/activations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/log.h"

enum { HEAD = 24, BATCH = 256 /* rows of an older file that are copied at once */ };

static int compare_keys(const void *left, const void *right)
{
    mc_hash a = ((const struct mc_text_key *)left)->key,
            b = ((const struct mc_text_key *)right)->key;

    if (a.high != b.high) return a.high < b.high ? -1 : 1;
    return (a.low > b.low) - (a.low < b.low);
}

static mc_cache_id id_of(const mc_activation_group *group, int layer, char label[24])
{
    mc_hash at = { (uint64_t)(int64_t)layer, 0 };

    snprintf(label, 24, layer < 0 ? "layer-final" : "layer-%03d", layer);
    return (mc_cache_id){ .kind  = MC_CACHE_ACTIVATIONS,
                          .model = group->model,
                          .label = label,
                          .key = mc_hash_join(mc_hash_join(group->states, group->source), at) };
}

/* ---- reading ---- */

mc_status mc_text_keys_sort(const mc_hash *keys, size_t count, struct mc_text_key **out,
                            mc_error *err)
{
    struct mc_text_key *sorted = mc_alloc_array(count, sizeof *sorted);

    if (!sorted) return mc_fail_memory(err, count * sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct mc_text_key){ keys[i], (uint32_t)i };
    qsort(sorted, count, sizeof *sorted, compare_keys);
    *out = sorted;
    return MC_OK;
}

size_t mc_text_keys_find(const struct mc_text_key *sorted, size_t count, mc_hash key)
{
    struct mc_text_key wanted = { .key = key }, *found;

    if (count == 0) return SIZE_MAX;
    found = bsearch(&wanted, sorted, count, sizeof *sorted, compare_keys);
    return found ? found->text : SIZE_MAX;
}

static mc_status read_head(mc_activations *a, size_t width, mc_error *err)
{
    uint64_t head[3] = { 0 }, keys;
    size_t   rows;

    MC_TRY(mc_cache_read(&a->reader, 0, head, sizeof head, err));
    if (head[1] != width || head[0] > UINT32_MAX || head[2] > 1 ||
        !mc_mul_size((size_t)head[0], (1 + head[2]) * width * sizeof(float), &rows) ||
        (keys = head[0] * sizeof(mc_hash)) > a->reader.size || a->reader.size - keys < HEAD ||
        a->reader.size - keys - HEAD != rows)
        return mc_fail(err, MC_ERR_CORRUPT, "", "its numbers of texts and columns do not fit");
    a->count = (size_t)head[0];
    a->width = width;
    a->means = head[2];
    a->keys  = mc_alloc_array(a->count, sizeof *a->keys);
    if (!a->keys) return mc_fail_memory(err, a->count * sizeof *a->keys);
    MC_TRY(mc_cache_read(&a->reader, HEAD, a->keys, a->count * sizeof *a->keys, err));
    return mc_text_keys_sort(a->keys, a->count, &a->sorted, err);
}

bool mc_activations_open(const mc_activation_group *group, int layer, size_t width,
                         mc_activations *out)
{
    char           label[24];
    mc_cache_id    id     = id_of(group, layer, label);
    mc_activations result = { 0 };
    mc_error       err    = { 0 };

    if (!mc_cache_open(&id, group->age, &result.reader)) return false;
    if (read_head(&result, width, &err) != MC_OK) {
        mc_log(MC_LOG_WARN, "a cache entry of %s is not used: %s", label, err.reason);
        mc_activations_close(&result);
        return false;
    }
    *out = result;
    return true;
}

void mc_activations_close(mc_activations *activations)
{
    mc_cache_close(&activations->reader);
    mc_free(activations->keys);
    mc_free(activations->sorted);
    *activations = (mc_activations){ 0 };
}

size_t mc_activations_find(const mc_activations *activations, mc_hash key)
{
    return mc_text_keys_find(activations->sorted, activations->count, key);
}

mc_status mc_activations_read(const mc_activations *activations, bool mean, size_t first,
                              size_t count, float *rows, mc_error *err)
{
    uint64_t row  = activations->width * sizeof(float);
    uint64_t skip = HEAD + activations->count * sizeof(mc_hash) +
                    (first + (mean ? activations->count : 0)) * row;

    return mc_cache_read(&activations->reader, skip, rows, count * row, err);
}

/* ---- writing ---- */

/* Texts of an older file that stay. */
typedef struct kept {
    const mc_activations *old;
    uint32_t             *texts;
    size_t                count;
    float                *rows; /* [BATCH, width] */
} kept;

static mc_status choose_kept(const mc_activations *old, const mc_hash *keys, size_t count,
                             kept *out, mc_error *err)
{
    struct mc_text_key *sorted;

    if (!old || old->count == 0) return MC_OK;
    out->texts = mc_alloc_array(old->count, sizeof *out->texts);
    out->rows  = mc_alloc_array(BATCH * old->width, sizeof *out->rows);
    if (!out->texts || !out->rows) return mc_fail_memory(err, BATCH * old->width);
    MC_TRY(mc_text_keys_sort(keys, count, &sorted, err));
    for (size_t i = 0; i < old->count; i++)
        if (mc_text_keys_find(sorted, count, old->keys[i]) == SIZE_MAX)
            out->texts[out->count++] = (uint32_t)i;
    out->old = old;
    mc_free(sorted);
    return MC_OK;
}

static mc_status add_kept_rows(mc_cache_writer *writer, const kept *k, bool mean, mc_error *err)
{
    for (size_t i = 0; i < k->count;) {
        size_t run = 1;
        while (run < BATCH && i + run < k->count && k->texts[i + run] == k->texts[i] + run)
            run++;
        MC_TRY(mc_activations_read(k->old, mean, k->texts[i], run, k->rows, err));
        MC_TRY(
            mc_cache_writer_add(writer, k->rows, run * k->old->width * sizeof *k->rows, err));
        i += run;
    }
    return MC_OK;
}

static mc_status add_payload(mc_cache_writer *writer, size_t width, const mc_hash *keys,
                             size_t count, const float *const rows[2], const kept *k,
                             mc_error *err)
{
    int      kinds   = rows[1] && (k->count == 0 || k->old->means) ? 2 : 1;
    uint64_t head[3] = { count + k->count, width, kinds == 2 };

    MC_TRY(mc_cache_writer_add(writer, head, sizeof head, err));
    MC_TRY(mc_cache_writer_add(writer, keys, count * sizeof *keys, err));
    for (size_t i = 0; i < k->count; i++)
        MC_TRY(mc_cache_writer_add(writer, &k->old->keys[k->texts[i]], sizeof *keys, err));
    for (int mean = 0; mean < kinds; mean++) {
        MC_TRY(mc_cache_writer_add(writer, rows[mean], count * width * sizeof(float), err));
        MC_TRY(add_kept_rows(writer, k, mean, err));
    }
    return MC_OK;
}

mc_status mc_activations_put(const mc_activation_group *group, int layer, size_t width,
                             const mc_hash *keys, size_t count, const float *last,
                             const float *mean, const mc_activations *old, uint64_t *size,
                             mc_error *err)
{
    char               label[24];
    mc_cache_id        id      = id_of(group, layer, label);
    mc_cache_writer    writer  = { .file.descriptor = -1 };
    const float *const rows[2] = { last, mean };
    kept               k       = { 0 };
    mc_status          status  = choose_kept(old, keys, count, &k, err);

    if (status == MC_OK) status = mc_cache_writer_open(&id, &writer, err);
    if (status == MC_OK) status = add_payload(&writer, width, keys, count, rows, &k, err);
    if (status == MC_OK) *size = writer.size;
    if (status == MC_OK) status = mc_cache_writer_finish(&writer, err);
    mc_cache_writer_discard(&writer);
    mc_free(k.texts);
    mc_free(k.rows);
    return status;
}
