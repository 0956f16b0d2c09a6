/* test_tokenizer.c - the interface: what it promises, what it refuses and with which words,
 * texts of any length, many threads. Ids are compared in test_tokenizer_golden.c. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/log.h"
#include "support/check.h"
#include "support/refuse.h"
#include "support/scratch.h"
#include "support/walk.h"
#include "support/xz.h"
#include "tokenizer/regex.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"

/* Characters, three merges, a BOS that the post-processor adds. */
static const char tiny[] =
    "{\"version\":\"1.0\",\"added_tokens\":[{\"id\":0,\"content\":\"<s>\",\"single_word\":"
    "false,"
    "\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true},"
    "{\"id\":9,\"content\":\"<x>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
    "\"normalized\":false,\"special\":false}],\"normalizer\":null,"
    "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":"
    "true},"
    "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
    "\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],"
    "\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[0],\"tokens\":[\"<s>\"]}}},"
    "\"model\":{\"type\":\"BPE\",\"vocab\":{\"<s>\":0,\"a\":1,\"b\":2,\"ab\":3,\"\u0120\":4,"
    "\"\u0120a\":5,\"\u0120ab\":6,\"\u0100\":7,\"c\":8},\"merges\":[\"a b\",\"\u0120 a\","
    "\"\u0120 ab\"]}}";

static mc_tokenizer *open_text(const char *text)
{
    mc_tokenizer *tokenizer = NULL;
    mc_error      err       = { 0 };

    CHECK_OK("open", mc_tokenizer_open_json(text, strlen(text), NULL, 0, &tokenizer, &err));
    return tokenizer;
}

static void ids_are(const mc_tokenizer *tokenizer, const char *text, size_t size, bool special,
                    const int32_t *want, size_t count)
{
    int32_t *ids = NULL;
    size_t   got = 99;
    mc_error err = { 0 };

    CHECK_OK(text, mc_tokenizer_encode(tokenizer, text, size, special, &ids, &got, &err));
    assert_non_null(ids);
    assert_int_equal(got, count);
    if (count) assert_memory_equal(ids, want, count * sizeof *want);
    mc_tokenizer_free_ids(ids);
}

static void encodes_with_and_without_special_tokens(void **state)
{
    mc_tokenizer *tokenizer = open_text(tiny);

    (void)state;
    ids_are(tokenizer, "ab ab", 5, true, (int32_t[]){ 0, 3, 6 }, 3);
    ids_are(tokenizer, "ab ab", 5, false, (int32_t[]){ 3, 6 }, 2);
    ids_are(tokenizer, "", 0, true, (int32_t[]){ 0 }, 1);
    ids_are(tokenizer, "", 0, false, NULL, 0);
    ids_are(tokenizer, NULL, 0, false, NULL, 0);
    /* A NUL byte is text; the spelling of a special token is that token. */
    ids_are(tokenizer, "a\0b", 3, false, (int32_t[]){ 1, 7, 2 }, 3);
    ids_are(tokenizer, "a<s>b<x>", 8, true, (int32_t[]){ 0, 1, 0, 2, 9 }, 5);
    mc_tokenizer_close(tokenizer);
}

static void tells_what_it_is(void **state)
{
    mc_tokenizer            *tokenizer = open_text(tiny);
    const mc_tokenizer_info *info      = mc_tokenizer_get_info(tokenizer);

    (void)state;
    assert_string_equal(info->source, "tokenizer.json");
    assert_string_equal(info->kind, "bpe");
    assert_string_equal(info->pre, "");
    assert_int_equal(info->vocabulary, 10);
    assert_int_equal(info->added, 2);
    assert_int_equal(info->bos, 0);
    assert_int_equal(info->eos, -1);
    assert_true(info->adds_bos && !info->adds_eos);
    assert_string_equal(
        info->decision,
        "adds <s> (0) before every text (the post-processor of tokenizer.json)");
    assert_int_equal(strlen(info->hash), 32);
    mc_tokenizer_close(tokenizer);
    mc_tokenizer_close(NULL);
    mc_tokenizer_free_ids(NULL);
}

static void configuration_names_eos(void **state)
{
    static const char config[] =
        "{\"eos_token\":{\"content\":\"<x>\"},\"bos_token\":\"<s>\",\"add_bos_token\":false}";
    mc_tokenizer *tokenizer = NULL;
    mc_error      err       = { 0 };

    (void)state;
    CHECK_OK("open", mc_tokenizer_open_json(tiny, strlen(tiny), config, strlen(config),
                                            &tokenizer, &err));
    assert_int_equal(mc_tokenizer_get_info(tokenizer)->eos, 9);
    assert_true(mc_tokenizer_get_info(tokenizer)->adds_bos);
    assert_non_null(strstr(mc_tokenizer_get_info(tokenizer)->decision,
                           "add_bos_token = false, which is not followed"));
    mc_tokenizer_close(tokenizer);
}

static void pieces_are_text(void **state)
{
    mc_tokenizer *tokenizer = open_text(tiny);
    const char   *text;
    size_t        size;
    char          bytes[8] = "";

    (void)state;
    assert_true(mc_tokenizer_spelling(tokenizer, 6, &text, &size));
    assert_int_equal(size, 4);
    assert_memory_equal(text, "\u0120ab", 4);
    assert_int_equal(mc_tokenizer_piece(tokenizer, 6, bytes, sizeof bytes), 3);
    assert_memory_equal(bytes, " ab", 3);
    assert_int_equal(mc_tokenizer_piece(tokenizer, 7, bytes, sizeof bytes), 1);
    assert_int_equal(bytes[0], 0);
    /* Too little room: what fits, and how much there is. */
    assert_int_equal(mc_tokenizer_piece(tokenizer, 6, bytes, 1), 3);
    assert_int_equal(bytes[0], ' ');
    assert_int_equal(mc_tokenizer_piece(tokenizer, 9, bytes, sizeof bytes), 3);
    assert_memory_equal(bytes, "<x>", 3);
    assert_int_equal(mc_tokenizer_piece(tokenizer, 10, bytes, sizeof bytes), 0);
    assert_false(mc_tokenizer_spelling(tokenizer, -1, &text, &size));
    assert_int_equal(mc_tokenizer_find(tokenizer, "<x>", 3), 9);
    assert_int_equal(mc_tokenizer_find(tokenizer, "ab", 2), 3);
    assert_int_equal(mc_tokenizer_find(tokenizer, "ba", 2), -1);
    assert_true(mc_tokenizer_is_special(tokenizer, 0));
    assert_false(mc_tokenizer_is_special(tokenizer, 9) ||
                 mc_tokenizer_is_special(tokenizer, 3));
    mc_tokenizer_close(tokenizer);
}

/* ---- what is not UTF-8 ---- */

static void invalid_utf8_is_located(void **state)
{
    static const struct {
        const char *text;
        size_t      size, offset;
    } rows[] = {
        { "ab\xff", 3, 2 },
        { "\x80", 1, 0 },
        { "a\xc3", 2, 1 },
        { "\xc0\xaf", 2, 0 },
        { "abcdefgh\xe0\x9f\xbf", 11, 8 },
        { "\xed\xa0\x80", 3, 0 },
        { "\xf4\x90\x80\x80", 4, 0 },
        { "\xf0\x8f\xbf\xbf", 4, 0 },
        { "\xe4\xb8\xad\xe4\xb8", 5, 3 },
        { "\xf5\x80\x80\x80", 4, 0 },
        { "0123456789abcdef\xe4\x41\x41", 19, 16 },
    };
    mc_tokenizer *tokenizer = open_text(tiny);

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(rows); i++) {
        int32_t *ids   = NULL;
        size_t   count = 7;
        char     want[32];
        mc_error err = { 0 };

        snprintf(want, sizeof want, "offset %zu ", rows[i].offset);
        assert_int_equal(mc_tokenizer_encode(tokenizer, rows[i].text, rows[i].size, true, &ids,
                                             &count, &err),
                         MC_ERR_ENCODING);
        assert_true(!ids && count == 7 && err.hint[0]);
        assert_non_null(strstr(err.reason, want));
    }
    mc_tokenizer_close(tokenizer);
}

/* ---- texts of any length ---- */

static mc_tokenizer *open_real(const char *name)
{
    mc_tokenizer *tokenizer = NULL;
    char          path[96], *json;
    size_t        size;
    mc_error      err = { 0 };

    snprintf(path, sizeof path, "data/tokenizers/%s/tokenizer.json.xz", name);
    json = mc_test_read_xz(path, &size);
    CHECK_OK(path, mc_tokenizer_open_json(json, size, NULL, 0, &tokenizer, &err));
    free(json);
    return tokenizer;
}

static void fill(char *text, size_t size, const char *pattern)
{
    size_t length = strlen(pattern);

    for (size_t i = 0; i < size; i++)
        text[i] = pattern[i % length];
}

static void encode_repeated(const mc_tokenizer *tokenizer, const char *pattern, char *text,
                            size_t size)
{
    int32_t *ids   = NULL;
    size_t   count = 0;
    mc_error err   = { 0 };

    fill(text, size, pattern);
    CHECK_OK(pattern, mc_tokenizer_encode(tokenizer, text, size, true, &ids, &count, &err));
    CHECK(pattern, count > 0);
    mc_tokenizer_free_ids(ids);
}

/* A hundred thousand characters that repeat must not take quadratic time or a deep stack. */
static void long_texts_take_no_time(void **state)
{
    static const char *const names[]    = { "llama2", "llama3_1", "qwen3" };
    static const char *const patterns[] = { " ",
                                            "a",
                                            "\n",
                                            " \n",
                                            "1",
                                            "!?",
                                            "<|",
                                            "ab ",
                                            "\t ",
                                            "\xe4\xb8\xad",
                                            "\xcc\x96\xcc\x81",
                                            "a\xcc\x81",
                                            "\xf0\x9f\x98\x80",
                                            "\xe2\x96\x81",
                                            "'s",
                                            "\xc2\xa0" };
    const size_t             size       = 120000;
    char                    *text       = malloc(size);

    (void)state;
    assert_non_null(text);
    for (size_t n = 0; n < MC_ARRAY_LEN(names); n++) {
        mc_tokenizer *tokenizer = open_real(names[n]);
        clock_t       begin     = clock(); /* of the processor: others may use it too */

        for (size_t i = 0; i < MC_ARRAY_LEN(patterns); i++)
            encode_repeated(tokenizer, patterns[i], text, size);
        /* A second even under sanitizers; quadratic would be minutes. */
        assert_true(clock() - begin < 60 * CLOCKS_PER_SEC);
        mc_tokenizer_close(tokenizer);
    }
    free(text);
}

/* ---- threads ---- */

typedef struct thread_work {
    const mc_tokenizer *tokenizer;
    int                 failures;
} thread_work;

static void *encode_often(void *context)
{
    static const int32_t want[] = { 0, 3, 6, 5, 8 };
    thread_work         *work   = context;

    for (int i = 0; i < 500; i++) {
        int32_t *ids   = NULL;
        size_t   count = 0;

        if (mc_tokenizer_encode(work->tokenizer, "ab ab ac", 8, true, &ids, &count, NULL) !=
                MC_OK ||
            count != MC_ARRAY_LEN(want) || memcmp(ids, want, sizeof want) != 0)
            work->failures++;
        mc_tokenizer_free_ids(ids);
    }
    return NULL;
}

static void threads_share_a_tokenizer(void **state)
{
    mc_tokenizer *tokenizer = open_text(tiny);
    thread_work   work[4];
    pthread_t     threads[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        work[i] = (thread_work){ tokenizer, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, encode_often, &work[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(work[i].failures, 0);
    }
    mc_tokenizer_close(tokenizer);
}

/* ---- refusals ---- */

static void refuse(const char *path, const char *name, void *context)
{
    mc_tokenizer *tokenizer = NULL;
    mc_error      err       = { 0 };
    mc_status     status    = mc_tokenizer_open(path, &tokenizer, &err);

    (void)context;
    mc_test_refused(name, status, &err);
    CHECK(name, tokenizer == NULL && strstr(err.subject, path) == err.subject);
}

static void broken_files(void **state)
{
    (void)state;
    assert_true(mc_test_walk("refuse/tokenizer", refuse, NULL) >= 60);
}

/* What is unknown is refused by its name, and with the nearest known one. */
static void unknown_names_are_named(void **state)
{
    static const struct {
        const char *file, *named, *nearest;
    } rows[] = {
        { "normalizer_unknown(tokenizer).json", "'NFXC'", "'NFC'" },
        { "pre_tokenizer_unknown(tokenizer).json", "'ByteLevels'", "'ByteLevel'" },
        { "model_unknown(tokenizer).json", "'BPX'", "'BPE'" },
        { "post_processor_unknown(tokenizer).json", "'TemplateProcess'", "" },
        { "pre_unknown(tokenizer).gguf", "'qwen-2'", "'qwen2'" },
        { "kind_unknown(tokenizer).gguf", "'gpt3'", "'gpt2'" },
        { "class_unknown(tokenizer)", "'XLMTokenizer'", "" },
    };

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(rows); i++) {
        char          path[1024];
        mc_tokenizer *tokenizer = NULL;
        mc_error      err       = { 0 };

        snprintf(path, sizeof path, MC_TEST_FOLDER "/refuse/tokenizer/%s", rows[i].file);
        CHECK(rows[i].file, mc_tokenizer_open(path, &tokenizer, &err) == MC_ERR_TOKENIZER);
        if (!strstr(err.reason, rows[i].named) || !strstr(err.reason, rows[i].nearest))
            fail_msg("%s: says '%s'", rows[i].file, err.reason);
    }
}

static void missing_tokenizer_is_refused(void **state)
{
    char          folder[MC_TEST_SCRATCH];
    mc_tokenizer *tokenizer = NULL;
    mc_error      err       = { 0 };

    (void)state;
    mc_test_scratch_make(folder);
    assert_int_equal(mc_tokenizer_open("/nowhere/tokenizer.json", &tokenizer, &err),
                     MC_ERR_NOT_FOUND);
    assert_int_not_equal(mc_tokenizer_open(folder, &tokenizer, &err), MC_OK);
    assert_true(err.reason[0] && err.hint[0]);
    assert_int_equal(mc_tokenizer_open(NULL, &tokenizer, &err), MC_ERR_ARGUMENT);
    assert_null(tokenizer);
    mc_test_scratch_remove(folder);
}

/* Every allocation of opening and encoding may fail; nothing leaks and the reason is memory. */
static void memory_may_run_out(void **state)
{
    (void)state;
    for (uint64_t number = 1; number < 5000; number++) {
        mc_tokenizer *tokenizer = NULL;
        mc_error      err       = { 0 };
        int32_t      *ids       = NULL;
        size_t        count;
        mc_status     status;

        mc_alloc_fail_at(number, 0);
        status = mc_tokenizer_open_json(tiny, strlen(tiny), NULL, 0, &tokenizer, &err);
        if (status == MC_OK)
            status =
                mc_tokenizer_encode(tokenizer, "ab <x>\xc3\xa9", 8, true, &ids, &count, &err);
        mc_alloc_fail_at(0, 0);
        mc_tokenizer_free_ids(ids);
        mc_tokenizer_close(tokenizer);
        if (status == MC_OK) return; /* beyond the last one */
        if (status != MC_ERR_MEMORY)
            fail_msg("allocation %d: %s: %s", (int)number, mc_status_title(status), err.reason);
    }
    fail_msg("there is no end of allocations");
}

/* ---- regular expressions ---- */

static void patterns_outside_the_dialect_are_refused(void **state)
{
    static const char *const rows[] = { "(",           ")",
                                        "a**",         "[",
                                        "[]",          "[a",
                                        "(?x)a b",     "\\1(a)",
                                        "\\k<n>",      "\\Ka",
                                        "(?~a)",       "\\pL",
                                        "\\p{Nope}",   "a{3,2}",
                                        "\\",          "*a",
                                        "(?<=a+)b",    "[[:nope:]]",
                                        "\\x{110000}", "\\X",
                                        "(?i:ss)",     "(?i)\\p{Lu}",
                                        "[b-a]",       "(*FAIL)",
                                        "[a-\\d]",     "(?i:\xc3\x9f)",
                                        "a{70000}",    "\\cA",
                                        "(?{x})",      "\xff" };

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(rows); i++) {
        mc_regex *regex = NULL;
        mc_error  err   = { 0 };

        CHECK(rows[i],
              mc_regex_compile(rows[i], strlen(rows[i]), &regex, &err) == MC_ERR_TOKENIZER);
        CHECK(rows[i], regex == NULL && err.reason[0] && err.hint[0]);
    }
}

/* White space as Unicode has it: PCRE2's own \s matches U+180E too. */
static void white_space_is_unicodes(void **state)
{
    mc_regex  *regex   = NULL;
    mc_matcher matcher = { NULL };
    mc_error   err     = { 0 };
    bool       found;
    size_t     start, end, count = 0;

    (void)state;
    CHECK_OK("\\s", mc_regex_compile("\\s", 2, &regex, &err));
    for (uint32_t code = 1; code < 0x11000; code++) {
        char   bytes[4];
        size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

        if (code >= 0xd800 && code < 0xe000) continue;
        bytes[0]        = (char)(size == 1   ? code
                                 : size == 2 ? 0xc0 | code >> 6
                                 : size == 3 ? 0xe0 | code >> 12
                                             : 0xf0);
        bytes[size - 1] = (char)(size == 1 ? code : 0x80 | (code & 0x3f));
        if (size >= 3) bytes[size - 2] = (char)(0x80 | (code >> 6 & 0x3f));
        if (size == 4) bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
        CHECK_OK("find",
                 mc_regex_find(regex, &matcher, bytes, size, 0, &found, &start, &end, &err));
        if (found != mc_is_space(code)) fail_msg("U+%04X: %d", (unsigned)code, found);
        count += found;
    }
    assert_int_equal(count, 25);
    mc_matcher_clear(&matcher);
    mc_regex_free(regex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_with_and_without_special_tokens),
        cmocka_unit_test(tells_what_it_is),
        cmocka_unit_test(configuration_names_eos),
        cmocka_unit_test(pieces_are_text),
        cmocka_unit_test(invalid_utf8_is_located),
        cmocka_unit_test(long_texts_take_no_time),
        cmocka_unit_test(threads_share_a_tokenizer),
        cmocka_unit_test(broken_files),
        cmocka_unit_test(unknown_names_are_named),
        cmocka_unit_test(missing_tokenizer_is_refused),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(patterns_outside_the_dialect_are_refused),
        cmocka_unit_test(white_space_is_unicodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
