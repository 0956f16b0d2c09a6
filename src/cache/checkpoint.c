/* checkpoint.c - writing and reading them. */
#include "cache/checkpoint.h"

#include "base/alloc.h"
#include "base/log.h"

enum { HEAD = 24 };

static mc_cache_id id_of(const mc_activation_group *group, mc_hash build)
{
    return (mc_cache_id){ .kind  = MC_CACHE_CHECKPOINT,
                          .model = group->model,
                          .label = "state",
                          .key   = mc_hash_join(group->states, build) };
}

void mc_checkpoint_remove(const mc_activation_group *group, mc_hash build)
{
    mc_cache_id id = id_of(group, build);

    mc_cache_remove(&id);
}

/* ---- writing ---- */

static mc_status add_head(mc_cache_writer *writer, int block, size_t width,
                          const mc_checkpoint_texts *texts, size_t *longest, mc_error *err)
{
    uint64_t head[3] = { (uint64_t)block, texts->count, width };

    MC_TRY(mc_cache_writer_add(writer, head, sizeof head, err));
    MC_TRY(mc_cache_writer_add(writer, texts->keys, texts->count * sizeof(mc_hash), err));
    *longest = 0;
    for (size_t i = 0; i < texts->count; i++) {
        uint64_t tokens = texts->offsets[i + 1] - texts->offsets[i];
        MC_TRY(mc_cache_writer_add(writer, &tokens, sizeof tokens, err));
        if (tokens > *longest) *longest = (size_t)tokens;
    }
    return MC_OK;
}

static mc_status add_rows(mc_cache_writer *writer, size_t width, size_t longest,
                          const mc_checkpoint_texts *texts, mc_checkpoint_rows *rows,
                          void *context, mc_error *err)
{
    float    *buffer = mc_alloc_array(longest * width, sizeof *buffer);
    mc_status status = buffer ? MC_OK : mc_fail_memory(err, longest * width * sizeof *buffer);

    for (size_t i = 0; status == MC_OK && i < texts->count; i++) {
        size_t tokens = texts->offsets[i + 1] - texts->offsets[i];
        rows(context, i, buffer);
        status = mc_cache_writer_add(writer, buffer, tokens * width * sizeof *buffer, err);
    }
    mc_free(buffer);
    return status;
}

mc_status mc_checkpoint_put(const mc_activation_group *group, mc_hash build, int block,
                            size_t width, const mc_checkpoint_texts *texts,
                            mc_checkpoint_rows *rows, void *context, mc_error *err)
{
    mc_cache_id     id     = id_of(group, build);
    mc_cache_writer writer = { .file.descriptor = -1 };
    size_t          longest;
    mc_status       status = mc_cache_writer_open(&id, &writer, err);

    if (status == MC_OK) status = add_head(&writer, block, width, texts, &longest, err);
    if (status == MC_OK) status = add_rows(&writer, width, longest, texts, rows, context, err);
    if (status == MC_OK) status = mc_cache_writer_finish(&writer, err);
    mc_cache_writer_discard(&writer);
    return status;
}

/* ---- reading ---- */

/* Keys and numbers of tokens; the sizes must add up to the payload's. */
static mc_status read_texts(mc_checkpoint *c, mc_error *err)
{
    mc_hash  *keys   = mc_alloc_array(c->count, sizeof *keys);
    mc_status status = keys ? MC_OK : mc_fail_memory(err, c->count * sizeof *keys);
    size_t    list   = c->count * sizeof *keys;

    c->offsets = mc_alloc_array(c->count + 1, sizeof *c->offsets);
    if (!c->offsets) status = mc_fail_memory(err, list);
    if (status == MC_OK) status = mc_cache_read(&c->reader, HEAD, keys, list, err);
    if (status == MC_OK)
        status = mc_cache_read(&c->reader, HEAD + list, c->offsets + 1,
                               c->count * sizeof *c->offsets, err);
    if (status == MC_OK) status = mc_text_keys_sort(keys, c->count, &c->sorted, err);
    mc_free(keys);
    if (status != MC_OK) return status;
    c->offsets[0] = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (c->offsets[i + 1] > c->reader.size)
            return mc_fail(err, MC_ERR_CORRUPT, "", "a text has too many tokens");
        c->offsets[i + 1] += c->offsets[i];
    }
    return MC_OK;
}

static mc_status read_head(mc_checkpoint *c, size_t width, mc_error *err)
{
    uint64_t head[3] = { 0 }, list;

    MC_TRY(mc_cache_read(&c->reader, 0, head, sizeof head, err));
    list = c->reader.size - HEAD;
    if (head[0] > INT32_MAX || head[1] > list / (sizeof(mc_hash) + sizeof(uint64_t)) ||
        head[2] != width)
        return mc_fail(err, MC_ERR_CORRUPT, "", "its numbers do not fit");
    c->block = (int)head[0];
    c->count = (size_t)head[1];
    c->width = width;
    return read_texts(c, err);
}

bool mc_checkpoint_open(const mc_activation_group *group, mc_hash build, size_t width,
                        mc_checkpoint *out)
{
    mc_cache_id   id     = id_of(group, build);
    mc_checkpoint result = { 0 };
    mc_error      err    = { 0 };

    if (!mc_cache_open(&id, group->age, &result.reader)) return false;
    if (read_head(&result, width, &err) != MC_OK) {
        mc_log(MC_LOG_WARN, "the checkpoint of %s is not used: %s", group->model, err.reason);
        mc_checkpoint_close(&result);
        return false;
    }
    *out = result;
    return true;
}

void mc_checkpoint_close(mc_checkpoint *checkpoint)
{
    mc_cache_close(&checkpoint->reader);
    mc_free(checkpoint->offsets);
    mc_free(checkpoint->sorted);
    *checkpoint = (mc_checkpoint){ 0 };
}

size_t mc_checkpoint_find(const mc_checkpoint *checkpoint, mc_hash key, size_t tokens)
{
    size_t at = mc_text_keys_find(checkpoint->sorted, checkpoint->count, key);

    if (at == SIZE_MAX) return at;
    return checkpoint->offsets[at + 1] - checkpoint->offsets[at] == tokens ? at : SIZE_MAX;
}

mc_status mc_checkpoint_read(const mc_checkpoint *checkpoint, size_t at, float *rows,
                             mc_error *err)
{
    uint64_t row    = checkpoint->width * sizeof *rows;
    uint64_t tokens = checkpoint->offsets[at + 1] - checkpoint->offsets[at];
    uint64_t skip   = HEAD + checkpoint->count * (sizeof(mc_hash) + sizeof(uint64_t)) +
                    checkpoint->offsets[at] * row;

    return mc_cache_read(&checkpoint->reader, skip, rows, (size_t)(tokens * row), err);
}
