/* test_crm.c - concept response matrices: what is written is read back to the bit, in both
 * forms; files of others are read; contradictions are refused. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <modelcypher/capture.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/file_map.h"
#include "capture/crm.h"
#include "capture/pool.h"
#include "support/check.h"
#include "support/refuse.h"
#include "support/scratch.h"
#include "support/walk.h"

static char folder[MC_TEST_SCRATCH];

static int make_folder(void **state)
{
    (void)state;
    mc_test_scratch_make(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return mc_test_scratch_remove(folder);
}

/* ---- a plan and its numbers ---- */

enum { PROBES = 3, TOKENS = 16, HIDDEN_MOST = 4000 };

static const char *const ids[PROBES] = { "semantic_prime:I", "computational_gate:\"7\"\n",
                                         "moral_concept:caf\xc3\xa9" };
static const int32_t tokens[TOKENS]  = { 1, 5, 6, 1, 7, 1, 8, 9, 1, 2, 3, 1, 4, 1, 5, 151000 };
static const int64_t text_ends[]     = { 0, 3, 5, 8, 11, 13, 16 };
static const int64_t probe_ends[]    = { 0, 2, 4, 6 };
static int           layer_list[]    = { 0, 2, 5, MC_LAYER_FINAL };

static mc_crm_plan make_plan(const char *path, size_t hidden)
{
    mc_crm_texts texts = { tokens, TOKENS, text_ends, 6, probe_ends };

    return (mc_crm_plan){ .path          = path,
                          .model         = "org/tiny \"model\"",
                          .created_at    = "2025-01-31T12:00:00Z",
                          .provenance    = "{\"backend\":\"cpu\",\"n\":[1,2.5,null,true,{}]}",
                          .block_count   = 5,
                          .hidden        = hidden,
                          .layers        = { layer_list, 4 },
                          .pooling       = MC_POOLING_MEAN,
                          .probe_ids     = ids,
                          .probe_count   = PROBES,
                          .texts         = texts,
                          .split         = true,
                          .control       = true,
                          .control_texts = texts };
}

/* Every place has its own number; some are hard to print: subnormal, huge, negative zero. */
static float value(int layer, int part, size_t i)
{
    static const float hard[] = { -0.0f,       1e-45f, 3.4028235e38f, 1.17549435e-38f,
                                  16777217.0f, 0.1f,   -1.0f / 3.0f,  1e10f };
    float              number =
        (float)((layer == MC_LAYER_FINAL ? 9 : layer) * 1000 + part * 100) + (float)i / 7.0f;

    return i % 11 == 3 ? hard[(i / 11 + (size_t)part) % MC_ARRAY_LEN(hard)] : number;
}

static size_t part_size(const mc_crm_plan *plan, mc_crm_part part)
{
    return mc_crm_part_halves(part) * mc_crm_plan_rows(plan, part) * plan->hidden;
}

static mc_status put_layer(mc_crm_writer *writer, const mc_crm_plan *plan, int layer,
                           mc_error *err)
{
    static float values[MC_CRM_PART_COUNT][2 * TOKENS * HIDDEN_MOST];
    const float *parts[MC_CRM_PART_COUNT];

    for (int part = 0; part < MC_CRM_PART_COUNT; part++) {
        for (size_t i = 0; i < part_size(plan, (mc_crm_part)part); i++)
            values[part][i] = value(layer, part, i);
        parts[part] = mc_crm_plan_has(plan, (mc_crm_part)part) ? values[part] : NULL;
    }
    return mc_crm_writer_put(writer, layer, parts, err);
}

static mc_status write_plan(const mc_crm_plan *plan, uint64_t *size, mc_error *err)
{
    mc_crm_writer *writer;
    mc_status      status = mc_crm_writer_open(plan, &writer, err);

    if (status != MC_OK) return status;
    for (size_t i = 0; status == MC_OK && i < plan->layers.count; i++)
        status = put_layer(writer, plan, plan->layers.items[i], err);
    if (status == MC_OK) status = mc_crm_writer_finish(writer, size, err);
    mc_crm_writer_close(writer);
    return status;
}

static bool same_bits(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void check_texts(const mc_crm_texts *got, const mc_crm_texts *want, size_t probes)
{
    assert_int_equal(got->token_count, want->token_count);
    assert_int_equal(got->text_count, want->text_count);
    assert_memory_equal(got->token_ids, want->token_ids, want->token_count * 4);
    assert_memory_equal(got->text_offsets, want->text_offsets, (want->text_count + 1) * 8);
    assert_memory_equal(got->probe_offsets, want->probe_offsets, (probes + 1) * 8);
}

static void check_values(const mc_crm *crm, const mc_crm_plan *plan)
{
    for (size_t i = 0; i < plan->layers.count; i++) {
        int layer = plan->layers.items[i];

        for (int part = 0; part < MC_CRM_PART_COUNT; part++) {
            const float *got = mc_crm_values(crm, layer, (mc_crm_part)part);

            assert_int_equal(got != NULL, mc_crm_plan_has(plan, (mc_crm_part)part));
            for (size_t j = 0; got && j < part_size(plan, (mc_crm_part)part); j++)
                if (!same_bits(got[j], value(layer, part, j)))
                    fail_msg("layer %d part %d at %zu: %.9g", layer, part, j, (double)got[j]);
        }
    }
    assert_null(mc_crm_values(crm, 1, MC_CRM_STATE));
}

static void check_file(const mc_crm_plan *plan, uint64_t size, const char *form)
{
    mc_crm            *crm;
    mc_error           err = { 0 };
    const mc_crm_info *info;

    CHECK_OK(plan->path, mc_crm_open(plan->path, &crm, &err));
    info = mc_crm_get_info(crm);
    assert_string_equal(info->form, form);
    assert_string_equal(info->path, plan->path);
    assert_string_equal(info->model, plan->model);
    assert_string_equal(info->created_at, plan->created_at);
    assert_string_equal(info->provenance, plan->provenance);
    assert_int_equal(info->file_size, size);
    assert_int_equal(info->block_count, 5);
    assert_int_equal(info->hidden, plan->hidden);
    assert_int_equal(info->pooling, plan->pooling);
    assert_int_equal(info->layers.count, plan->layers.count);
    assert_memory_equal(info->layers.items, layer_list, sizeof(int) * plan->layers.count);
    assert_int_equal(info->probe_count, PROBES);
    for (size_t i = 0; i < PROBES; i++)
        assert_string_equal(info->probe_ids[i], ids[i]);
    assert_int_equal(info->rows, mc_crm_plan_rows(plan, MC_CRM_STATE));
    assert_int_equal(info->has_split, plan->split);
    assert_int_equal(info->has_control, plan->control);
    assert_int_equal(info->has_control_split, plan->control && plan->split);
    check_texts(&info->texts, &plan->texts, PROBES);
    if (plan->control) check_texts(&info->control_texts, &plan->control_texts, PROBES);
    if (info->note_count > 0) fail_msg("%s", info->notes[0]);
    check_values(crm, plan);
    mc_crm_close(crm);
}

static const struct {
    const char *name, *form;
    size_t      hidden;
    mc_pooling  pooling;
    bool        split, control;
} written[] = {
    { "a.safetensors", "safetensors", 48, MC_POOLING_MEAN, true, true },
    { "b.safetensors", "safetensors", 16, MC_POOLING_LAST, false, true },
    { "c.safetensors", "safetensors", 7, MC_POOLING_LAST, true, false },
    { "d.safetensors", "safetensors", 1, MC_POOLING_MEAN, false, false },
    { "e.anything", "safetensors", 16, MC_POOLING_ALL, false, false },
    { "f.safetensors", "safetensors", 5, MC_POOLING_ALL, false, true },
    { "a.json", "json", 48, MC_POOLING_MEAN, true, true },
    { "b.json", "json", 16, MC_POOLING_LAST, false, true },
    { "c.json", "json", 7, MC_POOLING_LAST, true, false },
    { "d.json", "json", 1, MC_POOLING_MEAN, false, false },
    { "e.json", "json", HIDDEN_MOST, MC_POOLING_MEAN, true, true }, /* in several pieces */
};

static void what_is_written_is_read_back_to_the_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(written); i++) {
        char        path[64];
        mc_crm_plan plan = make_plan(path, written[i].hidden);
        mc_error    err  = { 0 };
        uint64_t    size = 0;

        snprintf(path, sizeof path, "%s/%s", folder, written[i].name);
        plan.pooling = written[i].pooling;
        plan.split   = written[i].split;
        plan.control = written[i].control;
        CHECK_OK(written[i].name, write_plan(&plan, &size, &err));
        check_file(&plan, size, written[i].form);
        assert_int_equal(mc_test_scratch_count(folder), i + 1);
    }
}

static void json_is_the_same_for_any_number_of_threads(void **state)
{
    char     path[64];
    mc_error err = { 0 };
    char    *text[4];

    (void)state;
    snprintf(path, sizeof path, "%s/threads.json", folder);
    for (size_t i = 0; i < MC_ARRAY_LEN(text); i++) {
        mc_crm_plan plan = make_plan(path, HIDDEN_MOST);
        uint64_t    size = 0;
        FILE       *file;

        plan.threads = i + 1;
        CHECK_OK("write", write_plan(&plan, &size, &err));
        text[i] = calloc(1, size + 1);
        file    = fopen(path, "rb");
        assert_true(text[i] && file && fread(text[i], 1, size + 1, file) == size);
        fclose(file);
        assert_string_equal(text[i], text[0]);
    }
    for (size_t i = 0; i < MC_ARRAY_LEN(text); i++)
        free(text[i]);
}

/* Layers may come in any order where the form allows it; a matrix of 16 columns lies at a
 * multiple of 64 bytes in the file. */
static void safetensors_takes_layers_in_any_order_and_aligned(void **state)
{
    static const int order[] = { MC_LAYER_FINAL, 2, 0, 5 };
    char             path[64];
    mc_crm_plan      plan   = make_plan(path, 16);
    mc_crm_writer   *writer = NULL;
    mc_crm          *crm    = NULL;
    mc_error         err    = { 0 };
    uint64_t         size   = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/order.safetensors", folder);
    CHECK_OK("open", mc_crm_writer_open(&plan, &writer, &err));
    for (size_t i = 0; i < MC_ARRAY_LEN(order); i++)
        CHECK_OK("put", put_layer(writer, &plan, order[i], &err));
    CHECK_OK("finish", mc_crm_writer_finish(writer, &size, &err));
    mc_crm_writer_close(writer);
    check_file(&plan, size, "safetensors");
    CHECK_OK("open", mc_crm_open(path, &crm, &err));
    for (size_t i = 0; i < plan.layers.count; i++)
        for (int part = 0; part < MC_CRM_PART_COUNT; part++)
            assert_int_equal(
                (uintptr_t)mc_crm_values(crm, layer_list[i], (mc_crm_part)part) % 64, 0);
    mc_crm_close(crm);
}

static void misuse_of_a_writer_is_an_error(void **state)
{
    char           path[64];
    mc_crm_plan    plan                    = make_plan(path, 4);
    const float   *none[MC_CRM_PART_COUNT] = { NULL };
    mc_crm_writer *writer                  = NULL;
    mc_error       err                     = { 0 };

    (void)state;
    snprintf(path, sizeof path, "%s/misuse.json", folder);
    CHECK_OK("open", mc_crm_writer_open(&plan, &writer, &err));
    assert_int_equal(put_layer(writer, &plan, 1, &err), MC_ERR_ARGUMENT);
    assert_int_equal(put_layer(writer, &plan, 2, &err), MC_ERR_ARGUMENT);
    assert_non_null(strstr(err.reason, "too early"));
    assert_int_equal(mc_crm_writer_put(writer, 0, none, &err), MC_ERR_ARGUMENT);
    CHECK_OK("0", put_layer(writer, &plan, 0, &err));
    assert_int_equal(put_layer(writer, &plan, 0, &err), MC_ERR_ARGUMENT);
    assert_int_equal(mc_crm_writer_finish(writer, NULL, &err), MC_ERR_ARGUMENT);
    assert_string_equal(err.reason, "1 of 4 layers were written");
    assert_int_equal(mc_test_scratch_count(folder), 1);
    mc_crm_writer_close(writer);
    assert_int_equal(mc_test_scratch_count(folder), 0);
}

static int           layers_descending[] = { 2, 0 }, layers_past[] = { 0, 6 };
static const int64_t descending[]  = { 0, 3, 2, 8, 11, 13, 16 };
static const int64_t single_text[] = { 0, 1, 4, 6 };
static const char   *bad_utf8[]    = { "a", "b\xff", "c" };

static void plans_that_make_no_sense(void **state)
{
    (void)state;
    for (int row = 0; row < 12; row++) {
        char           path[64];
        mc_crm_plan    plan   = make_plan(path, 4);
        mc_crm_writer *writer = NULL;
        mc_error       err    = { 0 };
        mc_status      want   = MC_ERR_ARGUMENT;

        snprintf(path, sizeof path, "%s/plan.%s", folder, row == 11 ? "json" : "safetensors");
        switch (row) {
        case 0: plan.layers = (mc_layers){ layers_descending, 2 }; break;
        case 1: plan.layers = (mc_layers){ layers_past, 2 }; break;
        case 2: plan.layers.count = 0; break;
        case 3: plan.texts.text_offsets = descending; break;
        case 4: plan.texts.token_count--; break;
        case 5: plan.control_texts.probe_offsets = single_text; break;
        case 6: plan.probe_ids = bad_utf8; break;
        case 7: plan.provenance = "[1]"; break;
        case 8: plan.provenance = "{"; break;
        case 9: plan.hidden = 0; break;
        case 10: plan.pooling = MC_POOLING_ALL; break;
        default:
            plan.pooling = MC_POOLING_ALL;
            plan.split   = false;
            want         = MC_ERR_UNSUPPORTED;
        }
        if (mc_crm_writer_open(&plan, &writer, &err) != want) fail_msg("row %d", row);
        if (writer || !err.reason[0] || !err.hint[0] || strcmp(err.subject, path) != 0)
            fail_msg("row %d: %s", row, err.reason);
        assert_int_equal(mc_test_scratch_count(folder), 0);
    }
}

static void halves_need_two_texts(void **state)
{
    mc_crm_texts texts = { tokens, TOKENS, text_ends, 6, probe_ends };

    (void)state;
    assert_true(mc_crm_can_split(&texts, PROBES));
    texts.probe_offsets = single_text;
    assert_false(mc_crm_can_split(&texts, PROBES));
}

static void values_that_are_not_finite(void **state)
{
    char                     path[64];
    float                    row[4]                   = { NAN, 1, -INFINITY, 2 };
    const float             *parts[MC_CRM_PART_COUNT] = { row };
    static const char *const one[]                    = { "mine:a" };
    static const int64_t     ends[]                   = { 0, 1 };
    int                      layer                    = 0;
    mc_error                 err                      = { 0 };

    (void)state;
    for (int json = 0; json < 2; json++) {
        mc_crm_plan    plan = make_plan(path, 4);
        mc_crm_writer *writer;
        mc_crm        *crm;
        mc_crm_summary summary;

        snprintf(path, sizeof path, "%s/nan.%s", folder, json ? "json" : "safetensors");
        plan.probe_ids   = one;
        plan.probe_count = 1;
        plan.layers      = (mc_layers){ &layer, 1 };
        plan.split = plan.control = false;
        plan.texts                = (mc_crm_texts){ tokens, 1, ends, 1, ends };
        CHECK_OK("open", mc_crm_writer_open(&plan, &writer, &err));
        CHECK_OK("put", mc_crm_writer_put(writer, 0, parts, &err));
        CHECK_OK("finish", mc_crm_writer_finish(writer, NULL, &err));
        mc_crm_writer_close(writer);
        CHECK_OK("read", mc_crm_open(path, &crm, &err));
        assert_true(isnan(mc_crm_values(crm, 0, MC_CRM_STATE)[0]));
        assert_int_equal(mc_crm_get_info(crm)->note_count, json);
        CHECK_OK("summary", mc_crm_summarise(crm, &summary, &err));
        assert_int_equal(summary.layers[0].not_finite, 2);
        assert_true(isnan(summary.layers[0].norm_mean) && isnan(summary.layers[0].norm_most));
        mc_crm_summary_clear(&summary);
        mc_crm_close(crm);
    }
}

static void a_summary_says_what_is_inside(void **state)
{
    char           path[64];
    mc_crm_plan    plan = make_plan(path, 16);
    mc_crm        *crm;
    mc_crm_summary summary;
    mc_error       err = { 0 };
    double         norms[PROBES], control = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/summary.safetensors", folder);
    CHECK_OK("write", write_plan(&plan, NULL, &err));
    CHECK_OK("open", mc_crm_open(path, &crm, &err));
    CHECK_OK("summary", mc_crm_summarise(crm, &summary, &err));
    assert_int_equal(summary.source_count, 3);
    assert_string_equal(summary.sources[0].source, "semantic_prime");
    assert_string_equal(summary.sources[2].source, "moral_concept");
    assert_int_equal(summary.sources[1].probes, 1);
    assert_int_equal(summary.layer_count, 4);
    for (size_t i = 0; i < PROBES; i++) {
        double sums[2] = { 0, 0 };

        for (size_t j = 0; j < 16; j++) {
            sums[0] += pow((double)value(5, MC_CRM_STATE, i * 16 + j), 2);
            sums[1] += pow((double)value(5, MC_CRM_CONTROL, i * 16 + j), 2);
        }
        norms[i] = sqrt(sums[0]);
        control += sqrt(sums[1]) / PROBES;
    }
    CHECK_NEAR("mean", summary.layers[2].norm_mean / ((norms[0] + norms[1] + norms[2]) / 3), 1,
               1e-12);
    CHECK_NEAR("least", summary.layers[2].norm_least, fmin(norms[0], fmin(norms[1], norms[2])),
               1e-9);
    CHECK_NEAR("most", summary.layers[2].norm_most / fmax(norms[0], fmax(norms[1], norms[2])),
               1, 1e-12);
    CHECK_NEAR("control", summary.layers[2].control_norm_mean / control, 1, 1e-12);
    assert_int_equal(summary.layers[2].equal_rows, 0);
    assert_int_equal(summary.layers[3].layer, MC_LAYER_FINAL);
    mc_crm_summary_clear(&summary);
    mc_crm_close(crm);
}

/* ---- files of others (tests/oracle/make_crm.py) ---- */

enum { GOLDEN_HIDDEN = 4 };

#define TENSORS "safetensors"
#define OLDER "json (older form)"
#define ENDS                 \
    3,                       \
    {                        \
        0, 2, MC_LAYER_FINAL \
    }

// clang-format off
static const struct {
    const char *name, *form, *first_id;
    mc_pooling  pooling;
    size_t      rows, layer_count;
    int         layers[4];
    const char *notes[6]; /* pieces that must be there; no others are */
} golden[] = {
    { "numpy_bare.safetensors", TENSORS, "row:1", MC_POOLING_LAST, 3, ENDS,
      { "rows are numbered", "provenance", "how many blocks", "name its model", "which tokens", "token ids" } },
    { "numpy_probes.safetensors", TENSORS, "semantic_prime:I", MC_POOLING_LAST, 3, ENDS,
      { "provenance", "how many blocks", "name its model", "which tokens", "token ids" } },
    { "numpy_f16.safetensors", TENSORS, "semantic_prime:I", MC_POOLING_LAST, 3, ENDS,
      { "provenance", "how many blocks", "name its model", "which tokens", "token ids", "Stored as F16" } },
    { "numpy_f64.safetensors", TENSORS, "semantic_prime:I", MC_POOLING_LAST, 3, ENDS,
      { "provenance", "how many blocks", "name its model", "which tokens", "token ids", "Stored as F64" } },
    { "torch_bf16.safetensors", TENSORS, "semantic_prime:I", MC_POOLING_LAST, 3, ENDS,
      { "provenance", "how many blocks", "name its model", "which tokens", "token ids", "Stored as BF16" } },
    { "numpy_tokens.safetensors", TENSORS, "semantic_prime:I", MC_POOLING_ALL, 5, ENDS,
      { "provenance", "how many blocks", "name its model", "which tokens" } },
    { "numpy_more.safetensors", TENSORS, "semantic_prime:I", MC_POOLING_LAST, 3, ENDS,
      { "no JSON object", "Only 1 of 3 layers have split halves", "how many blocks", "name its model",
        "which tokens", "1 tensors are no part" } },
    { "older.json", OLDER, "semantic_prime:I", MC_POOLING_LAST, 3, 3, { 1, 2, 4 },
      { "older form", "which tokens", "token ids" } },
    { "older_gaps.json", OLDER, "semantic_prime:YOU", MC_POOLING_LAST, 2, 2, { 1, 2 },
      { "1 of 3 probes do not have an activation in every layer", "older form", "which tokens", "token ids",
        "1 values are null" } },
};
// clang-format on

static void check_notes(const char *name, const mc_crm_info *info, const char *const want[6])
{
    size_t count = 0;

    for (size_t i = 0; i < 6 && want[i]; i++) {
        bool found = false;

        for (size_t j = 0; j < info->note_count; j++)
            found = found || strstr(info->notes[j], want[i]);
        if (!found) fail_msg("%s: no note about '%s'", name, want[i]);
        count++;
    }
    CHECK(name, info->note_count == count);
}

static void files_of_others_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(golden); i++) {
        char               path[256];
        mc_crm            *crm;
        mc_error           err = { 0 };
        const mc_crm_info *info;
        size_t             skipped = strstr(golden[i].name, "gaps") ? 1 : 0;

        snprintf(path, sizeof path, MC_TEST_FOLDER "/golden/crm/%s", golden[i].name);
        CHECK_OK(golden[i].name, mc_crm_open(path, &crm, &err));
        info = mc_crm_get_info(crm);
        CHECK(golden[i].name, !strcmp(info->form, golden[i].form));
        CHECK(golden[i].name, !strcmp(info->probe_ids[0], golden[i].first_id));
        CHECK(golden[i].name, info->rows == golden[i].rows && info->hidden == GOLDEN_HIDDEN);
        CHECK(golden[i].name, info->pooling == golden[i].pooling);
        CHECK(golden[i].name, info->layers.count == golden[i].layer_count);
        check_notes(golden[i].name, info, golden[i].notes);
        for (size_t k = 0; k < golden[i].layer_count * info->rows * GOLDEN_HIDDEN; k++) {
            size_t layer = k / (info->rows * GOLDEN_HIDDEN);
            size_t at    = k % (info->rows * GOLDEN_HIDDEN);
            float  got   = mc_crm_values(crm, golden[i].layers[layer], MC_CRM_STATE)[at];
            int last = golden[i].layers[layer] == MC_LAYER_FINAL ? 3 : golden[i].layers[layer];
            double want = last * 32.0 + (double)(at / GOLDEN_HIDDEN + skipped) * 8.0 +
                          (double)(at % GOLDEN_HIDDEN) + 0.5;

            if (skipped && layer == 0 && at == 2)
                CHECK(golden[i].name, isnan(got));
            else
                CHECK_NEAR(golden[i].name, (double)got, want, 0.0);
        }
        mc_crm_close(crm);
    }
}

static void refuse(const char *path, const char *name, void *context)
{
    mc_crm  *crm = NULL;
    mc_error err = { 0 };

    (void)context;
    mc_test_refused(name, mc_crm_open(path, &crm, &err), &err);
    CHECK(name, crm == NULL && strstr(err.subject, path) == err.subject);
}

static void broken_files_are_refused(void **state)
{
    mc_crm  *crm = NULL;
    mc_error err = { 0 };

    (void)state;
    assert_true(mc_test_walk("refuse/crm", refuse, NULL) >= 50);
    assert_int_equal(mc_crm_open("/nonexistent.crm", &crm, &err), MC_ERR_NOT_FOUND);
}

/* ---- pooling ---- */

static void probes_are_means_of_their_texts(void **state)
{
    enum { WIDE = 1100 }; /* wider than what is summed at a time */
    static float         texts[7 * WIDE], means[3 * WIDE], halves[6 * WIDE];
    static const int64_t ends[] = { 0, 2, 5, 7 };
    mc_error             err    = { 0 };

    (void)state;
    for (size_t i = 0; i < 7 * WIDE; i++)
        texts[i] = (float)(i / WIDE) * 10.0f + (float)(i % WIDE) * 0.001f;
    CHECK_OK("pool", mc_pool_probes(texts, ends, 3, WIDE, means, halves, &err));
    for (size_t j = 0; j < WIDE; j += WIDE - 1) {
        double at = 0.001 * (double)j;

        CHECK_NEAR("texts 0, 1", means[j], 5 + at, 1e-5);
        CHECK_NEAR("texts 2, 3, 4", means[WIDE + j], 30 + at, 1e-5);
        CHECK_NEAR("texts 5, 6", means[2 * WIDE + j], 55 + at, 1e-5);
        CHECK_NEAR("first half of three is two", halves[WIDE + j], 25 + at, 1e-5);
        CHECK_NEAR("second half of three is one", halves[4 * WIDE + j], 40 + at, 1e-5);
        CHECK_NEAR("second half of two", halves[5 * WIDE + j], 60 + at, 1e-5);
    }
    CHECK_OK("without halves", mc_pool_probes(texts, ends, 3, WIDE, means, NULL, &err));
}

/* A sum in float32 would lose the ones. */
static void means_are_summed_in_double(void **state)
{
    static const float   texts[] = { 16777216.0f, 1.0f, 1.0f, -16777216.0f };
    static const int64_t ends[] = { 0, 4 }, one[] = { 0, 1 }, empty[] = { 0, 0 };
    float                mean, halves[2];
    mc_error             err = { 0 };

    (void)state;
    CHECK_OK("pool", mc_pool_probes(texts, ends, 1, 1, &mean, NULL, &err));
    CHECK_NEAR("mean", mean, 0.5, 0.0);
    CHECK_OK("one text", mc_pool_probes(texts, one, 1, 1, &mean, NULL, &err));
    CHECK_NEAR("its own mean", mean, 16777216.0, 0.0);
    assert_int_equal(mc_pool_probes(texts, one, 1, 1, &mean, halves, &err), MC_ERR_ARGUMENT);
    assert_int_equal(mc_pool_probes(texts, empty, 1, 1, &mean, NULL, &err), MC_ERR_ARGUMENT);
}

/* ---- failures on the way ---- */

static void a_write_that_fails_leaves_nothing(void **state)
{
    struct rlimit before, small = { 2500, 2500 };

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    for (int json = 0; json < 3; json++) {
        char        path[64];
        mc_crm_plan plan = make_plan(path, json == 2 ? HIDDEN_MOST : 48);
        mc_error    err  = { 0 };
        mc_status   status;

        snprintf(path, sizeof path, "%s/limit.%s", folder, json ? "json" : "safetensors");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        status = write_plan(&plan, NULL, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, MC_ERR_IO);
        assert_true(err.reason[0] && err.hint[0] && strstr(err.subject, "/limit."));
        assert_int_equal(mc_test_scratch_count(folder), 0);
    }
    signal(SIGXFSZ, SIG_DFL);
}

static mc_status summarise_file(const char *path, mc_error *err)
{
    mc_crm        *crm;
    mc_crm_summary summary;
    mc_status      status = mc_crm_open(path, &crm, err);

    if (status != MC_OK) return status;
    status = mc_crm_summarise(crm, &summary, err);
    if (status == MC_OK) mc_crm_summary_clear(&summary);
    mc_crm_close(crm);
    return status;
}

static void no_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        char        path[64];
        mc_crm_plan plan = make_plan(path, 5);

        snprintf(path, sizeof path, "%s/memory.%s", folder, which % 2 ? "json" : "safetensors");
        for (uint64_t n = 1;; n++) {
            mc_error  err = { 0 };
            mc_status status;

            mc_alloc_fail_at(n, 0);
            status = which < 2 ? write_plan(&plan, NULL, &err) : summarise_file(path, &err);
            mc_alloc_fail_at(0, 0);
            if (status == MC_OK) {
                assert_true(n > 3);
                break;
            }
            if (status != MC_ERR_MEMORY) fail_msg("%d, %d: %s", which, (int)n, err.reason);
            assert_true(err.reason[0]);
        }
    }
    assert_int_equal(mc_test_scratch_count(folder), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read_back_to_the_bit),
        TEST(json_is_the_same_for_any_number_of_threads),
        TEST(safetensors_takes_layers_in_any_order_and_aligned),
        TEST(misuse_of_a_writer_is_an_error),
        TEST(plans_that_make_no_sense),
        TEST(halves_need_two_texts),
        TEST(values_that_are_not_finite),
        TEST(a_summary_says_what_is_inside),
        TEST(files_of_others_are_read),
        TEST(broken_files_are_refused),
        TEST(probes_are_means_of_their_texts),
        TEST(means_are_summed_in_double),
        TEST(a_write_that_fails_leaves_nothing),
        TEST(no_memory_is_an_error_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
