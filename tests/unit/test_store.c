/* test_store.c - opening models: folders, shards, GGUF and its parts, the local hub cache. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "format/store.h"
#include "support/check.h"
#include "support/scratch.h"

#define GOLDEN MC_TEST_FOLDER "/golden/arch/"

static mc_store *open_store(const char *path)
{
    mc_store *store = NULL;
    mc_error  err   = { 0 };

    CHECK_OK(path, mc_store_open(path, &store, &err));
    return store;
}

static void folder_gives_tensors_and_config(void **state)
{
    mc_store        *store  = open_store(GOLDEN "llama_mha");
    const mc_tensor *tensor = mc_store_find(store, "model.embed_tokens.weight");
    int64_t          layers = 0;

    (void)state;
    assert_string_equal(mc_store_format(store), "safetensors");
    assert_string_equal(mc_store_name(store), "llama_mha");
    assert_int_equal(mc_store_dialect(store), MC_DIALECT_HF);
    assert_true(
        mc_json_int64(mc_json_get(mc_store_config(store), "num_hidden_layers"), &layers));
    assert_true(layers > 0);
    assert_non_null(tensor);
    assert_int_equal(tensor->rank, 2);
    assert_int_equal(tensor->dtype, MC_DTYPE_F32);
    assert_int_equal(tensor->bytes.size, 4 * tensor->shape[0] * tensor->shape[1]);
    assert_null(mc_store_find(store, "model.embed_tokens"));
    for (size_t i = 0; i < mc_store_tensor_count(store); i++)
        assert_ptr_equal(mc_store_find(store, mc_store_tensor(store, i)->name),
                         mc_store_tensor(store, i));
    mc_store_close(store);
}

static void shards_join_to_the_same_tensors(void **state)
{
    mc_store *store = open_store(GOLDEN "llama_sharded");
    uint32_t  files = 0;

    (void)state;
    assert_int_equal(mc_store_file_count(store), 2);
    for (size_t i = 0; i < mc_store_tensor_count(store); i++)
        files |= 1u << mc_store_tensor(store, i)->file;
    assert_int_equal(files, 3);
    mc_store_close(store);
}

static void gguf_gives_tensors_and_metadata(void **state)
{
    mc_store        *store  = open_store(GOLDEN "gguf_llama_q4_1/model.gguf");
    const mc_tensor *tensor = mc_store_find(store, "blk.0.attn_q.weight");
    uint64_t         number = 0;
    double           eps    = 0;
    mc_span          text;

    (void)state;
    assert_string_equal(mc_store_format(store), "gguf");
    assert_string_equal(mc_store_name(store), "model");
    assert_true(mc_store_gguf_string(store, "general.architecture", &text));
    assert_int_equal(text.size, 5);
    assert_memory_equal(text.data, "llama", 5);
    assert_true(mc_store_gguf_uint(store, "llama.block_count", &number));
    assert_int_equal(number, 2);
    assert_false(mc_store_gguf_uint(store, "general.architecture", &number));
    assert_true(mc_store_gguf_float(store, "llama.attention.layer_norm_rms_epsilon", &eps));
    CHECK_NEAR("epsilon", eps, 1e-5, 1e-9);
    assert_int_equal(tensor->dtype, MC_DTYPE_Q4_1);
    assert_int_equal(mc_json_type_of(mc_store_config(store)), MC_JSON_NONE);
    mc_store_close(store);
}

static void copy_file(const char *from, const char *to)
{
    char  *text;
    size_t size;
    FILE  *out;

    assert_int_equal(mc_file_read(from, (size_t)1 << 24, &text, &size, NULL), MC_OK);
    out = fopen(to, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    mc_free(text);
}

static void make_folder(const char *root, const char *name)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* A cache as the hub's client lays it out: blobs, and links to them. */
static void hub_cache_resolves_names(void **state)
{
    char      root[MC_TEST_SCRATCH], path[600];
    mc_store *store = NULL;
    mc_error  err   = { 0 };
    FILE     *ref;

    (void)state;
    mc_test_scratch_make(root);
    make_folder(root, "models--org--tiny-1.5");
    make_folder(root, "models--org--tiny-1.5/refs");
    make_folder(root, "models--org--tiny-1.5/blobs");
    make_folder(root, "models--org--tiny-1.5/snapshots");
    make_folder(root, "models--org--tiny-1.5/snapshots/abc123");
    snprintf(path, sizeof path, "%s/models--org--tiny-1.5/refs/main", root);
    ref = fopen(path, "w");
    fputs("abc123\n", ref);
    fclose(ref);
    snprintf(path, sizeof path, "%s/models--org--tiny-1.5/blobs/1", root);
    copy_file(GOLDEN "llama_mha/config.json", path);
    snprintf(path, sizeof path, "%s/models--org--tiny-1.5/blobs/2", root);
    copy_file(GOLDEN "llama_mha/model.safetensors", path);
    snprintf(path, sizeof path, "%s/models--org--tiny-1.5/snapshots/abc123/config.json", root);
    assert_int_equal(symlink("../../blobs/1", path), 0);
    snprintf(path, sizeof path, "%s/models--org--tiny-1.5/snapshots/abc123/model.safetensors",
             root);
    assert_int_equal(symlink("../../blobs/2", path), 0);

    setenv("HF_HUB_CACHE", root, 1);
    CHECK_OK("cache", mc_store_open("org/tiny-1.5", &store, &err));
    assert_string_equal(mc_store_name(store), "tiny-1.5");
    assert_non_null(strstr(mc_store_path(store), "snapshots/abc123"));
    mc_store_close(store);
    assert_int_equal(mc_store_open("org/other", &store, &err), MC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.reason, root));
    assert_int_equal(mc_store_open("org/../tiny", &store, &err), MC_ERR_NOT_FOUND);
    unsetenv("HF_HUB_CACHE");
    mc_test_scratch_remove(root);
}

static void put(FILE *out, const void *bytes, size_t size)
{
    assert_int_equal(fwrite(bytes, 1, size, out), size);
}

/* A part of a split model with one F32 tensor of 4 numbers; of 0 parts: what joining parts
 * makes, which says so. */
static void write_part(const char *root, int part, int parts, const char *tensor)
{
    static const char joined[] = "\13\0\0\0\0\0\0\0split.count\2\0\0\0\0"; /* u16 0 */
    char              path[600];
    uint32_t          words[] = { 3, 0, 1, 0 }; /* version, rank, type... filled below */
    uint64_t tensors = 1, keys = parts == 0, length = strlen(tensor), four = 4, zero = 0;
    float    values[4] = { 1, 2, 3, (float)part };
    FILE    *out;

    if (parts == 0)
        snprintf(path, sizeof path, "%s/joined.gguf", root);
    else
        snprintf(path, sizeof path, "%s/tiny-%05d-of-%05d.gguf", root, part, parts);
    out = fopen(path, "wb");
    assert_non_null(out);
    put(out, "GGUF", 4);
    put(out, &words[0], 4);
    put(out, &tensors, 8);
    put(out, &keys, 8);
    if (keys) put(out, joined, sizeof joined);
    put(out, &length, 8);
    put(out, tensor, (size_t)length);
    put(out, &words[2], 4); /* rank 1 */
    put(out, &four, 8);
    put(out, &words[1], 4); /* F32 */
    put(out, &zero, 8);
    while (ftell(out) % 32 != 0)
        put(out, "", 1);
    put(out, values, sizeof values);
    fclose(out);
}

static void split_gguf_joins_its_parts(void **state)
{
    char      root[MC_TEST_SCRATCH], path[600];
    mc_store *store = NULL;
    mc_error  err   = { 0 };
    mc_hash   config;
    char      first[33], second[33];
    float     last;

    (void)state;
    mc_test_scratch_make(root);
    write_part(root, 1, 2, "first");
    snprintf(path, sizeof path, "%s/tiny-00001-of-00002.gguf", root);
    assert_int_equal(mc_store_open(path, &store, &err), MC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.subject, "tiny-00002-of-00002.gguf"));
    write_part(root, 2, 2, "second");
    CHECK_OK("split", mc_store_open(path, &store, &err));
    assert_int_equal(mc_store_file_count(store), 2);
    memcpy(&last, mc_store_find(store, "second")->bytes.data + 12, sizeof last);
    CHECK_NEAR("value", (double)last, 2.0, 0.0);
    assert_string_equal(mc_store_name(store), "tiny");
    config = mc_store_config_hash(store);
    CHECK_OK("hash", mc_store_hash(store, 1, first, &err));
    mc_store_close(store);
    snprintf(path, sizeof path, "%s/tiny-00002-of-00002.gguf", root);
    CHECK_OK("second part", mc_store_open(path, &store, &err));
    assert_string_equal(mc_store_name(store), "tiny");
    assert_true(mc_hash_equal(mc_store_config_hash(store), config));
    CHECK_OK("hash", mc_store_hash(store, 1, second, &err));
    assert_string_equal(second, first);
    mc_store_close(store);
    write_part(root, 1, 0, "whole");
    snprintf(path, sizeof path, "%s/joined.gguf", root);
    CHECK_OK("joined", mc_store_open(path, &store, &err));
    assert_non_null(mc_store_find(store, "whole"));
    mc_store_close(store);
    mc_test_scratch_remove(root);
}

static void no_memory_is_reported_and_leaks_nothing(void **state)
{
    static const char *const paths[] = { GOLDEN "llama_sharded",
                                         GOLDEN "gguf_llama_q4_1/model.gguf" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        mc_status status = MC_ERR_MEMORY;
        uint64_t  number = 0;

        while (status != MC_OK) {
            mc_store *store = NULL;
            mc_error  err   = { 0 };

            mc_alloc_fail_at(++number, 1);
            status = mc_store_open(paths[i], &store, &err);
            mc_alloc_fail_at(0, 0);
            if (status != MC_OK) CHECK(paths[i], err.reason[0] && status == MC_ERR_MEMORY);
            mc_store_close(store);
        }
        assert_true(number > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_gives_tensors_and_config),
        cmocka_unit_test(shards_join_to_the_same_tensors),
        cmocka_unit_test(gguf_gives_tensors_and_metadata),
        cmocka_unit_test(hub_cache_resolves_names),
        cmocka_unit_test(split_gguf_joins_its_parts),
        cmocka_unit_test(no_memory_is_reported_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
