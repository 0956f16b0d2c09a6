/* test_model.c - what is known of a model without running it: description, content hash,
 * explanation, the architecture table, and what happens without memory. */
#include "base/alloc.h"
#include "base/buffer.h"
#include "format/store.h"
#include "model/alibi.h"
#include "model/arch.h"
#include "model/model.h"
#include "support/check.h"

#define GOLDEN MC_TEST_FOLDER "/golden/arch/"

static mc_model *open_model(const char *path)
{
    mc_model *model = NULL;
    mc_error  err   = { 0 };

    CHECK_OK(path, mc_model_open(path, &model, &err));
    return model;
}

static void description(void **state)
{
    mc_model            *model = open_model(GOLDEN "llama_gqa");
    const mc_model_info *info  = mc_model_get_info(model);

    (void)state;
    assert_string_equal(info->name, "llama_gqa");
    assert_string_equal(info->architecture, "llama");
    assert_string_equal(info->format, "safetensors");
    assert_string_equal(info->weight_type, "F32");
    assert_int_equal(info->layer_count, 3);
    assert_int_equal(info->hidden_size, 32);
    assert_int_equal(info->heads, 4);
    assert_int_equal(info->kv_heads, 2);
    assert_int_equal(info->vocabulary, 64);
    mc_model_close(model);
}

/* All tensors of a store as one safetensors file in memory, the last one first. */
static void join_files(const mc_store *store, mc_buffer *file)
{
    mc_buffer head = { 0 }, data = { 0 };
    uint64_t  size;

    for (size_t i = mc_store_tensor_count(store); i-- > 0;) {
        const mc_tensor *tensor = mc_store_tensor(store, i);
        mc_buffer_printf(&head, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", head.size ? "," : "{",
                         tensor->name, mc_dtype_get(tensor->dtype)->safetensors_name);
        for (int d = 0; d < tensor->rank; d++)
            mc_buffer_printf(&head, "%s%zu", d ? "," : "", (size_t)tensor->shape[d]);
        mc_buffer_printf(&head, "],\"data_offsets\":[%zu,%zu]}", data.size,
                         data.size + tensor->bytes.size);
        mc_buffer_add(&data, tensor->bytes.data, tensor->bytes.size);
    }
    mc_buffer_add_char(&head, '}');
    size = head.size;
    mc_buffer_add(file, &size, sizeof size);
    mc_buffer_add(file, head.data, head.size);
    mc_buffer_add(file, data.data, data.size);
    mc_buffer_clear(&head);
    mc_buffer_clear(&data);
}

/* The same tensors in two files and, in another order, in one; and with one bit changed. */
static void hash_is_of_the_tensors_not_the_files(void **state)
{
    mc_model   *model = open_model(GOLDEN "llama_sharded");
    mc_store   *one = NULL, *changed = NULL;
    mc_error    err  = { 0 };
    mc_buffer   file = { 0 };
    char        joined[33], other[33];
    const char *hash = NULL;

    (void)state;
    assert_int_equal(mc_store_file_count(mc_model_store(model)), 2);
    CHECK_OK("hash", mc_model_hash(model, &hash, &err));
    join_files(mc_model_store(model), &file);
    CHECK_OK("one", mc_store_open_bytes(&mc_format_safetensors,
                                        (mc_span){ (const uint8_t *)file.data, file.size },
                                        &one, &err));
    CHECK_OK("hash", mc_store_hash(one, 3, joined, &err));
    assert_string_equal(joined, hash);
    mc_store_close(one);
    file.data[file.size - 1] ^= 1;
    CHECK_OK("changed", mc_store_open_bytes(&mc_format_safetensors,
                                            (mc_span){ (const uint8_t *)file.data, file.size },
                                            &changed, &err));
    CHECK_OK("hash", mc_store_hash(changed, 1, other, &err));
    assert_string_not_equal(other, hash);
    mc_store_close(changed);
    mc_buffer_clear(&file);
    mc_model_close(model);
}

static void explanation_names_the_rules(void **state)
{
    static const struct {
        const char *path, *text;
    } rows[] = {
        { "qwen3", "rms_norm(qkv[0..63], epsilon 1e-06, 4 heads each)" },
        { "gguf_llama_q4_1/model.gguf", "adjacent pairs" },
        { "mistral_window", "window 8" },
        { "gemma2_soft", "soft cap 1.5" },
        { "gpt2_plain", "transposed" },
        { "bloom_plain", "linear biases" },
        { "gpt_neox_parallel", "8 rows of every 24" },
        { "ministral3_yarn", "ln(1 + floor(position / 16))" },
    };
    mc_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char      path[512], *text = NULL;
        mc_model *model;
        snprintf(path, sizeof path, "%s%s", GOLDEN, rows[i].path);
        model = open_model(path);
        CHECK_OK(path, mc_model_explain(model, &text, &err));
        if (!strstr(text, rows[i].text))
            fail_msg("%s lacks '%s':\n%s", path, rows[i].text, text);
        mc_model_free_text(text);
        mc_model_close(model);
    }
}

static void the_table_is_consistent(void **state)
{
    (void)state;
    for (const mc_arch *arch = mc_arch_table; arch->name; arch++) {
        CHECK(arch->name, arch->title && arch->names && arch->keys);
        CHECK(arch->name, mc_arch_find(MC_DIALECT_HF, arch->name, strlen(arch->name)) == arch);
        CHECK(arch->name, arch->names->stems[MC_ROLE_EMBED][MC_DIALECT_HF] != NULL);
        CHECK(arch->name, strstr(arch->names->stems[MC_ROLE_O][MC_DIALECT_HF], "%d") != NULL);
        if (!arch->gguf) continue;
        CHECK(arch->name,
              mc_arch_find(MC_DIALECT_GGUF, arch->gguf, strlen(arch->gguf)) == arch);
        CHECK(arch->name, arch->names->stems[MC_ROLE_EMBED][MC_DIALECT_GGUF] != NULL);
        CHECK(arch->name, strstr(arch->names->stems[MC_ROLE_O][MC_DIALECT_GGUF], "%d") != NULL);
    }
    assert_null(mc_arch_find(MC_DIALECT_HF, "llam", 4));
}

/* Eight heads: 1/2, 1/4, ..., 1/256 (Press et al. 2022, section 3). */
static void alibi_slopes(void **state)
{
    float slopes[8], six[6];

    (void)state;
    mc_alibi_slopes(8, slopes);
    for (int i = 0; i < 8; i++)
        CHECK_NEAR("slope", (double)slopes[i], ldexp(1.0, -i - 1), 0.0);
    mc_alibi_slopes(6, six);
    CHECK_NEAR("first of the others", (double)six[4], 0.5, 0.0);
    CHECK_NEAR("second of the others", (double)six[5], 0.125, 0.0);
}

static void no_memory_is_reported_and_leaks_nothing(void **state)
{
    static const char *const paths[] = { GOLDEN "gemma4_shared", GOLDEN "phi3_longrope",
                                         GOLDEN "gguf_llama3_rope/model.gguf" };

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        mc_status status = MC_ERR_MEMORY;
        uint64_t  number = 0;

        while (status != MC_OK) {
            mc_model *model = NULL;
            mc_error  err   = { 0 };

            mc_alloc_fail_at(++number, 1);
            status = mc_model_open(paths[i], &model, &err);
            mc_alloc_fail_at(0, 0);
            if (status != MC_OK) CHECK(paths[i], err.reason[0] && status == MC_ERR_MEMORY);
            mc_model_close(model);
        }
        assert_true(number > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(description),
        cmocka_unit_test(hash_is_of_the_tensors_not_the_files),
        cmocka_unit_test(explanation_names_the_rules),
        cmocka_unit_test(the_table_is_consistent),
        cmocka_unit_test(alibi_slopes),
        cmocka_unit_test(no_memory_is_reported_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
