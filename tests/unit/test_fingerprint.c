/* test_fingerprint.c - fingerprints: the same from a run and from a file, what is refused. */
#include <stdlib.h>
#include <unistd.h>

#include <modelcypher/compare.h>
#include <modelcypher/fingerprint.h>

#include "analysis/fingerprint_form.h"
#include "base/alloc.h"
#include "support/check.h"
#include "support/scratch.h"

static const char model[] = MC_TEST_FOLDER "/golden/models/tiny-llama";

static char folder[MC_TEST_SCRATCH], home[48], crm_path[64];

static int build_crm(void **state)
{
    mc_error             err     = { 0 };
    mc_crm_build_options options = { .model = model, .atlas = "moral,social", .threads = 1 };

    (void)state;
    mc_test_scratch_make(folder);
    snprintf(home, sizeof home, "%s/home", folder);
    setenv("MODELCYPHER_HOME", home, 1);
    snprintf(crm_path, sizeof crm_path, "%s/a.crm.safetensors", folder);
    options.output = crm_path;
    CHECK_OK("build", mc_crm_build(&options, NULL, &err));
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return mc_test_scratch_remove(folder);
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

static void the_second_call_is_served(void **state)
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

static void sources_that_do_not_fit_are_refused(void **state)
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

static void no_memory_is_an_error_and_leaks_nothing(void **state)
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

static void what_is_saved_is_read_back(void **state)
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

static void broken_files_are_refused(void **state)
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

/* ---- two of them ---- */

static mc_fingerprint_comparison *compare(const mc_fingerprint *a, const mc_fingerprint *b)
{
    mc_compare_options options     = { .permutations = 99, .half_samples = 40, .threads = 2 };
    mc_fingerprint_comparison *c   = NULL;
    mc_error                   err = { 0 };

    CHECK_OK("compare", mc_fingerprint_compare(a, b, &options, &c, &err));
    return c;
}

static const mc_fingerprint_difference *difference(const mc_fingerprint_comparison *c,
                                                   const char                      *name)
{
    for (size_t q = 0; q < c->difference_count; q++)
        if (!strcmp(c->differences[q].name, name)) return &c->differences[q];
    fail_msg("no quantity '%s'", name);
    return NULL;
}

/* The sketches are all that is left of the states, and enough: the same CKA as from the files.
 */
static void distance_is_that_of_the_states(void **state)
{
    mc_crm_build_options build = {
        .model = model, .atlas = "moral,social", .threads = 1, .pooling = MC_POOLING_MEAN
    };
    mc_crm_compare_options options = { .a = crm_path, .statistics = { .threads = 1 } };
    mc_crm_comparison     *states;
    mc_error               err = { 0 };
    char                   path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/mean.crm.safetensors", folder);
    build.output = options.b = path;
    CHECK_OK("build", mc_crm_build(&build, NULL, &err));
    CHECK_OK("states", mc_crm_compare(&options, &states, &err));
    mc_fingerprint        *a = compute(crm_path, NULL), *b = NULL;
    mc_fingerprint_options mean = { .capture = { .pooling = MC_POOLING_MEAN } };
    CHECK_OK("b", mc_fingerprint_compute(path, &mean, &b, &err));
    mc_fingerprint_comparison *c = compare(a, b), *back = compare(b, a);
    CHECK("links", c->link_count == states->result->monotone.count);
    CHECK_NEAR("distance", 1 - c->distance, states->result->metrics[0].mean_monotone, 1e-4);
    for (size_t k = 0; k < c->link_count; k++)
        CHECK_NEAR("cka", c->links[k].cka, states->result->monotone.value[k], 2e-4);
    CHECK_NEAR("either way", back->distance, c->distance, 1e-12);
    CHECK("interval", c->low < c->distance && c->distance < c->high && c->low > 0);
    CHECK("null", c->null_mean > 0.9 && c->p == 0.01);
    CHECK("says so", c->note_count == 1 && strstr(c->notes[0], "'last'") && c->same_model);
    mc_fingerprint_comparison_free(c);
    mc_fingerprint_comparison_free(back);
    mc_fingerprint_free(a);
    mc_fingerprint_free(b);
    mc_crm_comparison_free(states);
}

/* A copy with differences that are known. */
static void differences_are_found(void **state)
{
    mc_fingerprint                  *a = compute(crm_path, NULL), *b = compute(crm_path, NULL);
    const mc_fingerprint_difference *norm, *cosine, *dimension;

    (void)state;
    for (size_t l = 0; l < b->layer_count; l++) {
        mc_layer_profile *profile = (mc_layer_profile *)&b->layers[l].profile;
        profile->norm_median *= l == 4 ? 8 : 2;
        if (l == 2) profile->anisotropy -= 0.25;
        if (l == 3) profile->dimension.low = profile->dimension.high + 1e3;
        if (l == 1) profile->dimension.value = NAN;
        profile->least_typical[0].probe = (profile->least_typical[0].probe + 40) % 55;
    }
    mc_fingerprint_comparison *c = compare(a, b);
    norm                         = difference(c, "norm");
    cosine                       = difference(c, "anisotropy");
    dimension                    = difference(c, "dimension");
    CHECK_NEAR("distance", c->distance, 0, 1e-9);
    CHECK("norm", norm->is_ratio && norm->pairs == 6 && c->depth[norm->largest].a == 4);
    CHECK_NEAR("norm", norm->median, 2, 1e-12);
    CHECK_NEAR("norm", norm->value_b / norm->value_a, 8, 1e-12);
    CHECK("cosine", !cosine->is_ratio && c->depth[cosine->largest].b == 2);
    CHECK_NEAR("cosine", cosine->value_b - cosine->value_a, -0.25, 1e-12);
    CHECK_NEAR("cosine", cosine->median, 0, 1e-12);
    CHECK("dimension", dimension->pairs == 5 && dimension->apart == 1);
    CHECK("typical", c->least_shared < 3 && c->least_shared >= 2 && c->most_shared == 3);
    CHECK_NEAR("chance", c->shared_by_chance, 9.0 / 55, 1e-12);
    mc_fingerprint_comparison_free(c);
    mc_fingerprint_free(a);
    mc_fingerprint_free(b);
}

/* Layers 0 and 4 of 4 beside all of them: equal fractions, `final` with `final`. */
static void depths_are_matched(void **state)
{
    mc_fingerprint_options some = { .capture = { .layers = "0,2,4,final" } };
    mc_fingerprint        *a = compute(crm_path, NULL), *b = NULL;
    mc_error               err       = { 0 };
    static const size_t    want[][2] = { { 0, 0 }, { 2, 1 }, { 4, 2 }, { 5, 3 } };

    (void)state;
    CHECK_OK("b", mc_fingerprint_compute(crm_path, &some, &b, &err));
    mc_fingerprint_comparison *c = compare(a, b);
    CHECK("pairs", c->depth_count == 4);
    for (size_t k = 0; k < 4; k++)
        CHECK("pair", c->depth[k].a == want[k][0] && c->depth[k].b == want[k][1] &&
                          c->depth[k].cka > 1 - 1e-6);
    mc_fingerprint_comparison_free(c);
    mc_fingerprint_free(a);
    mc_fingerprint_free(b);
}

static void nothing_in_common_is_refused(void **state)
{
    mc_fingerprint            *a = compute(model, "moral"), *b = compute(model, "social");
    mc_fingerprint_comparison *c   = NULL;
    mc_error                   err = { 0 };

    (void)state;
    CHECK("none", mc_fingerprint_compare(a, b, NULL, &c, &err) == MC_ERR_ARGUMENT);
    CHECK("none", strstr(err.reason, "0 probes") != NULL);
    for (size_t l = 0; l < b->layer_count; l++)
        ((mc_fingerprint_layer *)&b->layers[l])->sketch.entries = NULL;
    CHECK("no sketch", mc_fingerprint_compare(b, b, NULL, &c, &err) == MC_ERR_ARGUMENT);
    CHECK("untouched", c == NULL);
    mc_fingerprint_free(a);
    mc_fingerprint_free(b);
}

static void a_summary_is_of_the_layers(void **state)
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
        cmocka_unit_test(the_second_call_is_served),
        cmocka_unit_test(sources_that_do_not_fit_are_refused),
        cmocka_unit_test(no_memory_is_an_error_and_leaks_nothing),
        cmocka_unit_test(what_is_saved_is_read_back),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(distance_is_that_of_the_states),
        cmocka_unit_test(differences_are_found),
        cmocka_unit_test(depths_are_matched),
        cmocka_unit_test(nothing_in_common_is_refused),
        cmocka_unit_test(a_summary_is_of_the_layers),
    };

    return cmocka_run_group_tests(tests, build_crm, remove_folder);
}
