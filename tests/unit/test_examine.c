/* test_examine.c - a model broken in one way makes its check speak, and a healthy one passes
 * all of them. */
#include <modelcypher/examine.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/checked.h"
#include "base/file_map.h"
#include "format/format.h"
#include "support/check.h"
#include "support/variant.h"

#define TINY MC_TEST_FOLDER "/golden/models/tiny-llama"

/* ---- breaking things ---- */

static void write_bytes(const char *path, const char *mode, long at, const void *bytes,
                        size_t size)
{
    FILE *file = fopen(path, mode);

    CHECK(path, file != NULL && fseek(file, at, SEEK_SET) == 0);
    CHECK(path, fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* Values first, first + step, ... of a float32 tensor, `count` of them. */
static void set_values(const char *folder, const char *tensor, size_t first, size_t step,
                       size_t count, float value)
{
    mc_store        *store = NULL;
    mc_error         err   = { 0 };
    const mc_tensor *found;
    char             path[512];
    long             at;

    CHECK_OK(folder, mc_store_open(folder, &store, &err));
    found = mc_store_find(store, tensor);
    CHECK(tensor, found && (first + step * (count - 1)) * sizeof value < found->bytes.size);
    at = (long)(found->bytes.data - mc_store_file(store, 0)->bytes.data);
    snprintf(path, sizeof path, "%s", mc_store_file(store, 0)->path);
    mc_store_close(store);
    for (size_t i = 0; i < count; i++)
        write_bytes(path, "r+b", at + (long)((first + step * i) * sizeof value), &value,
                    sizeof value);
}

static void replace_text(const char *folder, const char *name, const char *from, const char *to)
{
    char     *path = mc_path_join(folder, name), *text, *at;
    size_t    size;
    mc_error  err = { 0 };
    mc_buffer out = { 0 };

    CHECK_OK(path, mc_file_read(path, 1 << 20, &text, &size, &err));
    at = strstr(text, from);
    CHECK(from, at != NULL);
    mc_buffer_add(&out, text, (size_t)(at - text));
    mc_buffer_add_text(&out, to);
    mc_buffer_add_text(&out, at + strlen(from));
    write_bytes(path, "wb", 0, out.data, out.size);
    mc_buffer_clear(&out);
    mc_free(text);
    mc_free(path);
}

static void not_a_number(const char *folder)
{
    set_values(folder, "model.layers.1.self_attn.v_proj.weight", 7, 1, 1, NAN);
}

static void zero_row(const char *folder)
{
    set_values(folder, "model.layers.2.mlp.up_proj.weight", 5 * 48, 1, 48, 0.0f);
}

static void zero_token(const char *folder)
{
    set_values(folder, "model.embed_tokens.weight", 0, 1, 48, 0.0f); /* BOS */
}

static void no_tokenizer(const char *folder)
{
    char *path = mc_path_join(folder, "tokenizer.json");

    CHECK(path, remove(path) == 0);
    mc_free(path);
}

static void added_token(const char *folder)
{
    replace_text(
        folder, "tokenizer.json", "\"added_tokens\":[",
        "\"added_tokens\": [{\"id\": 512, \"content\": \"<x>\", \"single_word\": false, "
        "\"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": true}, ");
}

static void few_words(const char *folder)
{
    static const char tokenizer[] =
        "{\"version\": \"1.0\", \"added_tokens\": [], \"normalizer\": null, \"pre_tokenizer\": "
        "{\"type\": \"Whitespace\"}, \"post_processor\": null, \"decoder\": null, \"model\": "
        "{\"type\": \"WordPiece\", \"unk_token\": \"[UNK]\", \"continuing_subword_prefix\": "
        "\"##\", \"max_input_chars_per_word\": 100, \"vocab\": {\"[UNK]\": 0, \"the\": 1}}}";
    char *path = mc_path_join(folder, "tokenizer.json");

    write_bytes(path, "wb", 0, tokenizer, sizeof tokenizer - 1);
    mc_free(path);
}

static void bos_twice(const char *folder)
{
    static const char bos[] = "{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}}";
    char              twice[2 * sizeof bos + 8];

    snprintf(twice, sizeof twice, "%s, %s", bos, bos);
    replace_text(folder, "tokenizer.json", bos, twice);
}

/* EOS is named, and in the vocabulary, but not among the tokens that are found in texts. */
static void eos_unmarked(const char *folder)
{
    replace_text(folder, "tokenizer.json",
                 ",{\"id\":1,\"content\":\"</s>\",\"single_word\":false,\"lstrip\":false,"
                 "\"rstrip\":false,\"normalized\":false,\"special\":true}",
                 "");
}

/* Nothing ever writes into unit 3. */
static void silent_unit(const char *folder)
{
    char name[64];

    set_values(folder, "model.embed_tokens.weight", 3, 48, 512, 0.0f);
    for (int block = 0; block < 4; block++) {
        snprintf(name, sizeof name, "model.layers.%d.self_attn.o_proj.weight", block);
        set_values(folder, name, 3 * 48, 1, 48, 0.0f);
        snprintf(name, sizeof name, "model.layers.%d.mlp.down_proj.weight", block);
        set_values(folder, name, 3 * 96, 1, 96, 0.0f);
    }
}

static void huge_bos(const char *folder)
{
    set_values(folder, "model.embed_tokens.weight", 5, 1, 1, 1e5f);
}

static void common_offset(const char *folder)
{
    set_values(folder, "model.embed_tokens.weight", 5, 48, 512, 2e4f);
}

static void huge_offset(const char *folder)
{
    set_values(folder, "model.embed_tokens.weight", 5, 48, 512, 1e7f);
}

static void one_direction(const char *folder)
{
    set_values(folder, "model.embed_tokens.weight", 5, 96, 256, 3e3f);
    set_values(folder, "model.embed_tokens.weight", 53, 96, 256, -3e3f);
}

/* ---- and what is said of it ---- */

typedef struct broken {
    const char *name, *edit; /* of mc_test_make_variant() */
    void (*break_it)(const char *folder);
    const char *check;
    mc_verdict  verdict;
    const char *evidence; /* a part of it */
} broken;

#define WHOLE "{\"config\": {}}"

// clang-format off
static const broken cases[] = {
    { "NaN", WHOLE, not_a_number, "weights-finite", MC_VERDICT_FAIL, "1 values of 1 weights are NaN or infinite, first 'model.layers.1.self_attn.v_proj.weight'" },
    { "NaN in states", WHOLE, not_a_number, "states-finite", MC_VERDICT_FAIL, "state 2 of text 1 is not finite" },
    { "constant matrix", "{\"one\": [\"*.0.self_attn.q_proj.weight\"]}", NULL, "weights-vary", MC_VERDICT_FAIL, "1 of 29 matrices are constant, first 'model.layers.0.self_attn.q_proj.weight' (all 1)" },
    { "silent norm", "{\"zero\": [\"*.3.input_layernorm.weight\"]}", NULL, "norms-nonzero", MC_VERDICT_FAIL, "'model.layers.3.input_layernorm.weight' is 0 throughout" },
    { "zero row", WHOLE, zero_row, "weights-used", MC_VERDICT_WARN, "'model.layers.2.mlp.up_proj.weight' (1 of 96 rows" },
    { "untrained token", WHOLE, zero_token, "tokens-trained", MC_VERDICT_FAIL, "1 tokens of the probes have an embedding of zeros, the first is 0" },
    { "no tokenizer", WHOLE, no_tokenizer, "tokenizer-present", MC_VERDICT_FAIL, "there is no tokenizer" },
    { "no tokenizer, no states", WHOLE, no_tokenizer, "rank-kept", MC_VERDICT_SKIP, "could not be run" },
    { "an id too many", WHOLE, added_token, "ids-embedded", MC_VERDICT_FAIL, "ids go up to 512, the embedding has rows for 0 to 511" },
    { "rows without ids", WHOLE, few_words, "rows-named", MC_VERDICT_WARN, "510 of 512 rows" },
    { "unknown words", WHOLE, few_words, "texts-kept", MC_VERDICT_WARN, "of 343 texts spell another text" },
    { "BOS twice", WHOLE, bos_twice, "bos-once", MC_VERDICT_FAIL, "begins with BOS (0) 2 times" },
    { "EOS unmarked", WHOLE, eos_unmarked, "specials-whole", MC_VERDICT_WARN, "1 of 2 special tokens, spelled out in a text, become other tokens; first '</s>'" },
    { "short context", "{\"config\": {\"max_position_embeddings\": 8}}", NULL, "texts-fit", MC_VERDICT_WARN, "the model was made for 8" },
    { "idle block", "{\"zero\": [\"*.1.self_attn.o_proj.weight\", \"*.1.mlp.down_proj.weight\"]}", NULL, "blocks-act", MC_VERDICT_WARN, "1 blocks change no bit of any state, the first makes state 2" },
    { "no attention", "{\"zero\": [\"*.self_attn.o_proj.weight\"]}", NULL, "texts-told-apart", MC_VERDICT_FAIL, "texts end in the state of another text" },
    { "silent unit", WHOLE, silent_unit, "units-alive", MC_VERDICT_WARN, "1 of 48 units are the same for all 8369 tokens, the first is unit 3" },
    { "massive activation", WHOLE, huge_bos, "activations-moderate", MC_VERDICT_WARN, "unit 5, at position 0" },
    { "beyond float16", WHOLE, huge_bos, "half-precision-holds", MC_VERDICT_WARN, "1e+05" },
    { "common offset", WHOLE, common_offset, "rank-kept", MC_VERDICT_WARN, "of its norm" },
    { "huge offset", WHOLE, huge_offset, "rank-kept", MC_VERDICT_FAIL, "of its norm" },
    { "one direction", WHOLE, one_direction, "directions-many", MC_VERDICT_WARN, "one direction has over 95 %" },
};
// clang-format on

static const mc_finding *finding_of(const mc_examination *e, const char *check)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->findings[i].check, check) == 0) return &e->findings[i];
    fail_msg("there is no check '%s'", check);
    return NULL;
}

static void each_check_speaks(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(cases); i++) {
        const broken     *c    = &cases[i];
        mc_examination   *e    = NULL;
        mc_json          *edit = NULL;
        mc_error          err  = { 0 };
        const mc_finding *f;
        char              folder[MC_TEST_SCRATCH];

        CHECK_OK(c->name, mc_json_parse(c->edit, strlen(c->edit), &edit, &err));
        mc_test_make_variant(TINY, mc_json_root(edit), folder);
        if (c->break_it) c->break_it(folder);
        CHECK_OK(c->name, mc_model_examine(folder, NULL, &e, &err));
        f = finding_of(e, c->check);
        if (f->verdict != c->verdict || !strstr(f->evidence, c->evidence))
            fail_msg("%s: %s says %s: %s", c->name, f->check, mc_verdict_name(f->verdict),
                     f->evidence);
        mc_examination_free(e);
        mc_json_free(edit);
        mc_test_scratch_remove(folder);
    }
}

static void a_healthy_model_passes(void **state)
{
    static const char *const healthy[] = {
        "/golden/models/tiny-llama",
        "/golden/models/tiny-llama.gguf",
    };

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(healthy); i++) {
        mc_examination *e   = NULL;
        mc_error        err = { 0 };
        char            path[512];

        snprintf(path, sizeof path, "%s%s", MC_TEST_FOLDER, healthy[i]);
        CHECK_OK(path, mc_model_examine(path, NULL, &e, &err));
        for (size_t j = 0; j < e->count; j++)
            if (e->findings[j].verdict != MC_VERDICT_PASS)
                fail_msg("%s: %s: %s", path, e->findings[j].check, e->findings[j].evidence);
        CHECK(path, e->passed == e->count && e->texts == 343 && e->tokens > 343);
        mc_examination_free(e);
    }
}

/* Every check is there once, and a case makes it speak. */
static void every_check_has_a_case(void **state)
{
    mc_examination *e   = NULL;
    mc_error        err = { 0 };

    (void)state;
    CHECK_OK("tiny", mc_model_examine(TINY, NULL, &e, &err));
    for (size_t i = 0; i < e->count; i++) {
        size_t found = 0;
        for (size_t j = 0; j < MC_ARRAY_LEN(cases); j++)
            found += strcmp(cases[j].check, e->findings[i].check) == 0;
        CHECK(e->findings[i].check, found > 0);
        CHECK(e->findings[i].check, finding_of(e, e->findings[i].check) == &e->findings[i]);
        CHECK(e->findings[i].check, e->findings[i].question[0] && e->findings[i].bound[0]);
    }
    mc_examination_free(e);
}

static void failing_memory_is_an_error(void **state)
{
    mc_crm_build_options options = { .atlas = "emotions", .threads = 1 };

    (void)state;
    for (uint64_t n = 1; n < 4000; n += 37) {
        mc_examination *e   = NULL;
        mc_error        err = { 0 };
        mc_status       status;

        mc_alloc_fail_at(n, 0);
        status = mc_model_examine(TINY, &options, &e, n % 2 ? NULL : &err);
        mc_alloc_fail_at(0, 0);
        CHECK("no memory", status == MC_OK || (status == MC_ERR_MEMORY && !e));
        mc_examination_free(e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_model_passes),
        cmocka_unit_test(each_check_speaks),
        cmocka_unit_test(every_check_has_a_case),
        cmocka_unit_test(failing_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
