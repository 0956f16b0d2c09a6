/* test_fingerprint.c - fingerprints: the same from a run and from a file, what is refused. */
#include <stdlib.h>
#include <unistd.h>

#include <modelcypher/fingerprint.h>

#include "analysis/fingerprint_form.h"
#include "base/alloc.h"
#include "support/check.h"

static const char model[] = MC_TEST_FOLDER "/golden/models/tiny-llama";

static char folder[32], home[48], crm_path[64];

static int build_crm(void **state)
{
    mc_error             err     = { 0 };
    mc_crm_build_options options = { .model = model, .atlas = "moral,social", .threads = 1 };

    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mc_test_fp_XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(home, sizeof home, "%s/home", folder);
    setenv("MODELCYPHER_HOME", home, 1);
    snprintf(crm_path, sizeof crm_path, "%s/a.crm.safetensors", folder);
    options.output = crm_path;
    CHECK_OK("build", mc_crm_build(&options, NULL, &err));
    return 0;
}

static int remove_folder(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command); /* NOLINT(cert-env33-c): a fixed command of a test */
}

static mc_fingerprint *compute(const char *source, const char *atlas)
{
    mc_fingerprint_options options = { .capture = { .atlas = atlas, .threads = 1 } };
    mc_fingerprint        *f       = NULL;
    mc_error               err     = { 0 };

    CHECK_OK(source, mc_fingerprint_compute(source, &options, &f, &err));
    return f;
}

static void from_a_run_or_a_file(void **state)
{
    mc_fingerprint *run = compute(model, "moral,social"), *file = compute(crm_path, NULL);

    (void)state;
    CHECK("identity", strlen(run->model_hash) == 32 && strlen(run->tokenizer_hash) == 32 &&
                          strlen(run->atlas_sha256) == 64 && run->atlas_version[0] &&
                          !strcmp(run->architecture, "llama"));
    CHECK("identity", !strcmp(run->model_hash, file->model_hash) &&
                          !strcmp(run->tokenizer_hash, file->tokenizer_hash));
    CHECK("shape", run->layer_count == 6 && run->probe_count == 55 && run->block_count == 4 &&
                       run->sketch_count == 55);
    CHECK("final", run->layers[5].layer == MC_LAYER_FINAL);
    CHECK("shape", file->layer_count == 6 && file->probe_count == 55);
    for (size_t l = 0; l < 6; l++) {
        const mc_fingerprint_layer *a = &run->layers[l], *b = &file->layers[l];
        CHECK("same bits", !memcmp(&a->profile, &b->profile, sizeof a->profile));
        CHECK("same sketch", !memcmp(a->sketch.entries, b->sketch.entries,
                                     mc_sketch_size(55) * sizeof *a->sketch.entries));
    }
    mc_fingerprint_free(run);
    mc_fingerprint_free(file);
}

static void second_call(void **state)
{
    mc_fingerprint_options anew  = { .capture = { .atlas = "moral" }, .no_cache = true };
    mc_fingerprint        *first = compute(model, "moral"), *second = compute(model, "moral");
    mc_fingerprint        *third    = NULL;
    mc_error               err      = { 0 };
    mc_buffer              texts[2] = { 0 };

    (void)state;
    CHECK_OK("anew", mc_fingerprint_compute(model, &anew, &third, &err));
    CHECK("cached", !first->cached && second->cached && !third->cached);
    second->cached = false;
    CHECK_OK("print", mc_fingerprint_print(first, &texts[0], &err));
    CHECK_OK("print", mc_fingerprint_print(second, &texts[1], &err));
    CHECK("every number", !strcmp(texts[0].data, texts[1].data));
    for (size_t l = 0; l < third->layer_count; l++)
        CHECK("same bits", !memcmp(&first->layers[l].profile, &third->layers[l].profile,
                                   offsetof(mc_layer_profile, dimension)));
    for (size_t i = 0; i < 2; i++)
        mc_buffer_clear(&texts[i]);
    mc_fingerprint_free(first);
    mc_fingerprint_free(second);
    mc_fingerprint_free(third);
}

static void refuses(void **state)
{
    static const char      texts[] = MC_TEST_FOLDER "/golden/crm/numpy_tokens.safetensors";
    mc_fingerprint_options options = { .capture = { .pooling = MC_POOLING_ALL } };
    mc_fingerprint        *f       = NULL;
    mc_error               err     = { 0 };

    (void)state;
    CHECK("tokens", mc_fingerprint_compute(texts, NULL, &f, &err) == MC_ERR_ARGUMENT);
    CHECK("tokens", strstr(err.reason, "tokens") != NULL);
    CHECK("tokens", mc_fingerprint_compute(model, &options, &f, &err) == MC_ERR_ARGUMENT);
    options.capture = (mc_crm_build_options){ .atlas = "moral" };
    CHECK("texts", mc_fingerprint_compute(crm_path, &options, &f, &err) == MC_ERR_ARGUMENT);
    CHECK("texts", strstr(err.reason, "its own texts") && strstr(err.subject, crm_path));
    options.capture = (mc_crm_build_options){ .pooling = MC_POOLING_MEAN };
    CHECK("pooling", mc_fingerprint_compute(crm_path, &options, &f, &err) == MC_ERR_ARGUMENT);
    options.capture = (mc_crm_build_options){ .layers = "9" };
    CHECK("layer", mc_fingerprint_compute(crm_path, &options, &f, &err) == MC_ERR_LAYER);
    CHECK("untouched", f == NULL);
}

static void no_memory(void **state)
{
    mc_fingerprint_options options = { .capture = { .threads = 1 } };
    mc_fingerprint        *f       = NULL;
    mc_error               err     = { 0 };
    uint64_t               total;

    (void)state;
    mc_alloc_fail_at(UINT64_MAX, 0);
    CHECK_OK("count", mc_fingerprint_compute(crm_path, &options, &f, &err));
    total = mc_alloc_count();
    mc_fingerprint_free(f);
    f = NULL;
    for (uint64_t n = 1; n <= total; n++) {
        mc_alloc_fail_at(n, 1);
        const mc_status status = mc_fingerprint_compute(crm_path, &options, &f, &err);
        mc_alloc_fail_at(0, 0);
        CHECK("no memory", status == MC_ERR_MEMORY && f == NULL && err.reason[0]);
    }
}

/* ---- JSON ---- */

static char *json_of(const mc_fingerprint *f)
{
    mc_buffer text = { 0 };
    mc_error  err  = { 0 };

    CHECK_OK("print", mc_fingerprint_print(f, &text, &err));
    return mc_buffer_take(&text);
}

static void there_and_back(void **state)
{
    mc_fingerprint *f = compute(crm_path, NULL), *back = NULL, *saved = NULL;
    char           *text = json_of(f), *again, path[64];
    mc_error        err  = { 0 };

    (void)state;
    CHECK_OK("parse", mc_fingerprint_parse(text, strlen(text), &back, &err));
    again = json_of(back);
    CHECK("every number", !strcmp(text, again));
    CHECK("identity", !strcmp(f->model_hash, back->model_hash) &&
                          !strcmp(f->atlas_sha256, back->atlas_sha256) &&
                          !strcmp(f->created_at, back->created_at));
    snprintf(path, sizeof path, "%s/f.json", folder);
    CHECK_OK("save", mc_fingerprint_save(f, path, &err));
    CHECK_OK("open", mc_fingerprint_open(path, &saved, &err));
    CHECK("sketch", !memcmp(f->layers[3].sketch.entries, saved->layers[3].sketch.entries,
                            mc_sketch_size(55) * sizeof(int16_t)));
    unlink(path);
    mc_free(text);
    mc_free(again);
    mc_fingerprint_free(f);
    mc_fingerprint_free(back);
    mc_fingerprint_free(saved);
}

/* `from` occurs in `text`; the result, which the caller frees, has `to` in its first place. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char  *at   = strstr(text, from);
    const size_t size = strlen(text) + strlen(to) + 1;
    char        *out  = malloc(size);

    assert_non_null(at);
    assert_non_null(out);
    snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

static const struct {
    const char *name, *from, *to, *reason;
} broken[] = {
    { "schema", "fingerprint.v1", "fingerprint.v9", "schema" },
    { "number", "\"median\":", "\"middle\":", "layer 0: 'median' is no number" },
    { "count", "\"directions90\":", "\"directions90\":-", "'directions90' is no count" },
    { "order", "\"layer\":1,", "\"layer\":0,", "ascending" },
    { "name", "\"layer\":1,", "\"layer\":\"last\",", "neither a number nor 'final'" },
    { "hex", "\"entries\":\"", "\"entries\":\"x", "digits" },
    { "probe", "\"probe\":\"", "\"probe\":\"no ", "is none of the probes" },
    { "twice", "\"probes\":[", "\"probes\":[\"moral_concept:care_1\",\"moral_concept:care_1\",",
      "twice" },
    { "row", "\"sketchProbes\":[0", "\"sketchProbes\":[900", "ascending rows" },
    { "pooling", "\"pooling\":\"last", "\"pooling\":\"first", "no pooling" },
    { "unit", "\"massive\":", "\"massive\":1,\"more\":", "neither true nor false" },
    { "shares", "\"shares\":[", "\"shares\":[\"\",", "" },
    { "layers", "\"layers\":[", "\"layers\":[],\"more\":[", "no 'layers'" },
    { "reason", "\"reason\":null", "\"reason\":7", "'reason' is no text" },
};

static void broken_json(void **state)
{
    mc_fingerprint *f = compute(crm_path, NULL), *got = NULL;
    char           *text = json_of(f);

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char    *bad = replaced(text, broken[i].from, broken[i].to);
        mc_error err = { 0 };
        CHECK(broken[i].name,
              mc_fingerprint_parse(bad, strlen(bad), &got, &err) == MC_ERR_CORRUPT && !got);
        if (!strstr(err.reason, broken[i].reason))
            fail_msg("%s: the reason is '%s'", broken[i].name, err.reason);
        free(bad);
    }
    mc_free(text);
    mc_fingerprint_free(f);
}

static void summary(void **state)
{
    mc_fingerprint              *f   = compute(crm_path, NULL);
    const mc_fingerprint_summary got = mc_fingerprint_summarise(f);

    (void)state;
    CHECK("counts", got.layers == 6 && got.layers_profiled == 5 && got.probes == 55);
    CHECK("norms", got.norm_first == f->layers[1].profile.norm_median &&
                       got.norm_last == f->layers[4].profile.norm_median);
    CHECK("largest",
          got.dimension_most == f->layers[got.dimension_layer].profile.dimension.value);
    for (size_t l = 0; l < 5; l++)
        CHECK("largest", !(f->layers[l].profile.dimension.value > got.dimension_most) &&
                             !(f->layers[l].profile.anisotropy > got.anisotropy_most));
    mc_fingerprint_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_a_run_or_a_file),
        cmocka_unit_test(second_call),
        cmocka_unit_test(refuses),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(broken_json),
        cmocka_unit_test(summary),
    };

    return cmocka_run_group_tests(tests, build_crm, remove_folder);
}
