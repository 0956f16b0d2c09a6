/* test_golden_schemes.c - weights that several tensors make up together (tests/oracle/
 * make_scheme.py): single weights to the bit, whatever rows are asked for, and the hidden
 * states that follow. */
#include "format/store.h"
#include "model/model.h"
#include "model/quantization.h"
#include "model/weight_schemes.h"
#include "support/check.h"
#include "support/golden.h"
#include "support/walk.h"

#include "base/alloc.h"

#define TOLERANCE 1e-5

static size_t cases, weights;
static double largest;

/* Some kinds of a scheme are called by nothing but a file. */
static const char *seen[64];

static void remember(const char *name)
{
    size_t i = 0;

    while (seen[i] && strcmp(seen[i], name) != 0)
        i++;
    seen[i] = name;
}

static void remember_program(const mc_program *program)
{
    for (size_t i = 0; i < program->count; i++)
        for (size_t j = 0; j < MC_STACK_MAX; j++)
            if (program->ops[i].weights[j].scheme)
                remember(program->ops[i].weights[j].scheme->name);
}

static void check_rows(const char *name, const mc_weight *weight, size_t first, size_t count,
                       const mc_tensor *want)
{
    size_t stride = weight->cols + 3;
    float *got    = mc_calloc(count * stride, sizeof *got);

    assert_non_null(got);
    mc_weight_widen(weight, first, count, got, stride);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < stride; j++) {
            float value = 0.0f; /* what lies between the rows stays as it is */
            if (j < weight->cols)
                memcpy(&value, want->bytes.data + 4 * ((first + i) * weight->cols + j),
                       sizeof value);
            if (memcmp(&value, got + i * stride + j, sizeof value) != 0)
                fail_msg("%s %s: [%zu, %zu] is %.9g, should be %.9g", name, want->name,
                         first + i, j, (double)got[i * stride + j], (double)value);
        }
    mc_free(got);
}

static void check_weight(const char *name, const mc_store *store, const mc_tensor *want)
{
    const char     *module = want->name + strlen("weight.");
    size_t          rows = (size_t)want->shape[0], cols = (size_t)want->shape[1];
    mc_quantization quant;
    mc_weight       weight = { 0 };
    mc_error        err    = { 0 };
    char            plain[300];

    CHECK_OK(name, mc_quantization_read(store, &quant, &err));
    CHECK_OK(name, mc_quantization_bind(&quant, store, module, rows, cols, &weight, &err));
    snprintf(plain, sizeof plain, "%s.weight", module);
    if (!mc_weight_present(&weight))
        weight =
            (mc_weight){ .tensor = mc_store_find(store, plain), .rows = rows, .cols = cols };
    CHECK(name, mc_weight_present(&weight));
    check_rows(name, &weight, 0, rows, want);
    check_rows(name, &weight, 0, 1, want);
    check_rows(name, &weight, rows - 1, 1, want);
    check_rows(name, &weight, rows / 9, rows / 2 + 1, want);
    if (weight.scheme) remember(weight.scheme->name);
    weights++;
}

static void check_states(const char *folder, const char *name, const mc_backend *backend)
{
    char   golden[1024];
    double error;

    snprintf(golden, sizeof golden, "%s/golden.safetensors", folder);
    error = mc_test_golden_error(folder, golden, backend);
    if (!(error <= TOLERANCE))
        fail_msg("%s on %s: worst row is off by %g", name, backend->name, error);
    if (error > largest) largest = error;
}

static void check_case(const char *folder, const char *name, void *context)
{
    const mc_backend *best = NULL;
    mc_store         *golden;
    mc_model         *model = NULL;
    mc_file_map       map;
    mc_error          err = { 0 };
    char              path[1024];

    (void)context;
    snprintf(path, sizeof path, "%s/golden.safetensors", folder);
    CHECK_OK(name, mc_file_map_open(path, &map, &err));
    CHECK_OK(name, mc_store_open_bytes(&mc_format_safetensors, map.bytes, &golden, &err));
    CHECK_OK(name, mc_model_open(folder, &model, &err));
    for (size_t i = 0; i < mc_store_tensor_count(golden); i++)
        if (strncmp(mc_store_tensor(golden, i)->name, "weight.", 7) == 0)
            check_weight(name, mc_model_store(model), mc_store_tensor(golden, i));
    remember_program(&mc_model_lowered(model)->embed);
    for (size_t i = 0; i < mc_model_lowered(model)->block_count; i++)
        remember_program(&mc_model_lowered(model)->blocks[i]);
    mc_model_close(model);
    mc_store_close(golden);
    mc_file_map_close(&map);
    CHECK_OK(name, mc_backend_find(NULL, &best, &err));
    check_states(folder, name, &mc_backend_ref);
    check_states(folder, name, best);
    cases++;
}

static void weights_to_the_bit_and_states(void **state)
{
    (void)state;
    mc_test_walk("golden/scheme", check_case, NULL);
    assert_true(cases >= 21 && weights >= 21);
    printf("%zu models, %zu weights, worst row %.2g\n", cases, weights, largest);
}

/* GGUF's own: blocks whose scales are relative to one of the tensor or of the row. */
static void scaled_blocks_of_gguf(void **state)
{
    mc_store *store  = NULL;
    mc_error  err    = { 0 };
    size_t    before = weights;

    (void)state;
    CHECK_OK("nvfp4",
             mc_store_open(MC_TEST_FOLDER "/golden/gguf/nvfp4_scaled.gguf", &store, &err));
    for (size_t i = 0; i < mc_store_tensor_count(store); i++)
        if (strncmp(mc_store_tensor(store, i)->name, "weight.", 7) == 0)
            check_weight("nvfp4", store, mc_store_tensor(store, i));
    assert_int_equal(weights, before + 2);
    mc_store_close(store);
}

static void sizes_in_the_files(void **state)
{
    mc_model            *model = NULL;
    const mc_model_info *info;
    mc_error             err = { 0 };

    (void)state;
    CHECK_OK("gptq", mc_model_open(MC_TEST_FOLDER "/golden/scheme/gptq_sym", &model, &err));
    info = mc_model_get_info(model);
    assert_string_equal(info->weight_type, "GPTQ 4-bit");
    /* Two blocks of 2 x 64 x 64 + 2 x 32 x 64 + 3 x 64 x 128 weights, 2 norms each, the last
     * norm, the embedding. */
    assert_int_equal(info->parameters, 2 * (12288 + 24576 + 128) + 64 + 4096);
    mc_model_close(model);
}

/* Every row of the table has been met but those that no golden file has. */
static void every_scheme_is_tested(void **state)
{
    (void)state;
    for (size_t i = 0; mc_weight_scheme_at(i); i++) {
        const char *name = mc_weight_scheme_at(i)->name;
        bool        met  = strstr(name, "GPTQ v2") && !strstr(name, "4-bit");
        for (size_t j = 0; !met && seen[j]; j++)
            met = strcmp(seen[j], name) == 0;
        CHECK(name, met);
    }
}

static void types_are_listed_once(void **state)
{
    size_t count = 0;

    (void)state;
    for (; mc_model_weight_type(count); count++)
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(mc_model_weight_type(i), mc_model_weight_type(count));
    assert_true(count >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_to_the_bit_and_states),
        cmocka_unit_test(scaled_blocks_of_gguf),
        cmocka_unit_test(sizes_in_the_files),
        cmocka_unit_test(every_scheme_is_tested),
        cmocka_unit_test(types_are_listed_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
