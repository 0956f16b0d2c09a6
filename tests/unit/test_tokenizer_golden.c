/* test_tokenizer_golden.c - ids equal to those of Hugging Face tokenizers, every one.
 *
 * The corpus: 6,381 lines of many scripts through real files, as tokenizer.json and as GGUF.
 * The cases: small tokenizers, one for each part that a file may have; and each kind of model
 * and of file on the whole corpus. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "base/json.h"
#include "base/log.h"
#include "support/check.h"
#include "support/xz.h"
#include "tokenizer/tokenizer.h"

#define GOLDEN "golden/tokenizer/"

/* Compare with ids in text form: numbers with a space between, a line end after. */
static const char *compare_line(const char *row, size_t number, const int32_t *ids,
                                size_t count, const char *want)
{
    char *end;

    for (size_t i = 0; i < count; i++) {
        long id = strtol(want, &end, 10);
        if (end == want || id != ids[i])
            fail_msg("%s: line %zu: token %zu is %d, should be %.12s", row, number, i, ids[i],
                     end == want ? "nothing" : want);
        want = *end == ' ' ? end + 1 : end;
    }
    if (*want != '\n')
        fail_msg("%s: line %zu: %zu tokens, should be more: %.12s", row, number, count, want);
    return want + 1;
}

/* Every line of the corpus with this tokenizer against <golden>.ids. */
static void compare_corpus(const mc_tokenizer *tokenizer, const char *golden)
{
    char        name[96];
    size_t      size, ids_size, lines = 0;
    char       *corpus = mc_test_read_xz(GOLDEN "corpus.txt.xz", &size), *expected;
    const char *want;
    mc_error    err = { 0 };

    snprintf(name, sizeof name, GOLDEN "%s.ids.xz", golden);
    expected = mc_test_read_xz(name, &ids_size);
    want     = expected;
    for (const char *line = corpus; line < corpus + size; lines++) {
        const char *end = memchr(line, '\n', (size_t)(corpus + size - line));
        int32_t    *ids;
        size_t      count;

        CHECK_OK(golden, mc_tokenizer_encode(tokenizer, line, (size_t)(end - line), true, &ids,
                                             &count, &err));
        want = compare_line(golden, lines + 1, ids, count, want);
        mc_tokenizer_free_ids(ids);
        line = end + 1;
    }
    assert_true(lines >= 5000);
    assert_int_equal(want - expected, ids_size);
    free(corpus);
    free(expected);
}

static mc_tokenizer *open_file(const char *name)
{
    char          path[96];
    size_t        size;
    mc_tokenizer *tokenizer = NULL;
    mc_error      err       = { 0 };
    char         *text;

    snprintf(path, sizeof path, "data/tokenizers/%s/tokenizer.json.xz", name);
    text = mc_test_read_xz(path, &size);
    CHECK_OK(name, mc_tokenizer_open_json(text, size, NULL, 0, &tokenizer, &err));
    free(text);
    return tokenizer;
}

static void ids_of_real_files(void **state)
{
    static const char *const names[] = { "llama2", "llama3_1", "qwen3" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        mc_tokenizer *tokenizer = open_file(names[i]);
        compare_corpus(tokenizer, names[i]);
        mc_tokenizer_close(tokenizer);
    }
}

/* A GGUF file without tensors, decompressed into the build folder. */
static mc_tokenizer *open_gguf(const char *name)
{
    char          path[1024], packed[96];
    size_t        size;
    mc_tokenizer *tokenizer = NULL;
    mc_error      err       = { 0 };
    char         *bytes;
    FILE         *file;

    snprintf(packed, sizeof packed, "data/tokenizers/%s.gguf.xz", name);
    snprintf(path, sizeof path, "%s/%s.gguf", MC_BUILD_FOLDER, name);
    bytes = mc_test_read_xz(packed, &size);
    file  = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(bytes);
    CHECK_OK(name, mc_tokenizer_open(path, &tokenizer, &err));
    remove(path);
    return tokenizer;
}

/* The GGUF form of a folder gives the folder's ids. */
static void ids_of_gguf_vocabularies(void **state)
{
    static const struct {
        const char *name, *golden, *pre;
    } rows[] = { { "smollm2", "smollm2_gguf", "smollm" }, { "llama2", "llama2", "" } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mc_tokenizer *tokenizer = open_gguf(rows[i].name);
        assert_string_equal(mc_tokenizer_get_info(tokenizer)->pre, rows[i].pre);
        compare_corpus(tokenizer, rows[i].golden);
        mc_tokenizer_close(tokenizer);
    }
}

/* ---- the cases ---- */

static void compare_case(const char *name, const mc_tokenizer *tokenizer, size_t number,
                         mc_json_value text, mc_json_value want)
{
    mc_json_iter expected = mc_json_iterate(want);
    const char  *bytes;
    size_t       size, count, i;
    int32_t     *ids;
    int64_t      id;
    mc_error     err = { 0 };

    assert_true(mc_json_string(text, &bytes, &size));
    CHECK_OK(name, mc_tokenizer_encode(tokenizer, bytes, size, true, &ids, &count, &err));
    for (i = 0; mc_json_next(&expected); i++) {
        assert_true(mc_json_int64(expected.value, &id));
        if (i >= count || ids[i] != id)
            fail_msg("%s: text %zu '%.*s': token %zu is %d, should be %d", name, number,
                     (int)size, bytes, i, i < count ? (int)ids[i] : -1, (int)id);
    }
    if (i != count)
        fail_msg("%s: text %zu '%.*s': %zu tokens, should be %zu", name, number, (int)size,
                 bytes, count, i);
    mc_tokenizer_free_ids(ids);
}

static size_t compare_texts(const char *name, const mc_tokenizer *tokenizer,
                            mc_json_value value)
{
    mc_json_iter texts  = mc_json_iterate(mc_json_get(value, "texts"));
    mc_json_iter ids    = mc_json_iterate(mc_json_get(value, "ids"));
    size_t       number = 0;

    for (; mc_json_next(&texts) && mc_json_next(&ids); number++)
        compare_case(name, tokenizer, number, texts.value, ids.value);
    return number;
}

/* CRC-32, as zlib has it. */
static uint32_t add_to_sum(uint32_t sum, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        sum ^= (uint8_t)text[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return sum;
}

/* The sum with the ids of one line, in the text form of an .ids file. */
static uint32_t add_line(uint32_t sum, const char *name, const mc_tokenizer *tokenizer,
                         const char *line, size_t size)
{
    char     text[16];
    int32_t *ids;
    size_t   count;
    mc_error err = { 0 };

    CHECK_OK(name, mc_tokenizer_encode(tokenizer, line, size, true, &ids, &count, &err));
    for (size_t i = 0; i < count; i++)
        sum = add_to_sum(sum, text,
                         (size_t)snprintf(text, sizeof text, "%s%d", i ? " " : "", ids[i]));
    mc_tokenizer_free_ids(ids);
    return add_to_sum(sum, "\n", 1);
}

/* The whole corpus, a hundred lines a sum. */
static void compare_sums(const char *name, const mc_tokenizer *tokenizer, mc_json_value value)
{
    mc_json_iter sums = mc_json_iterate(mc_json_get(value, "corpus"));
    size_t       size, number = 0;
    char        *corpus = mc_test_read_xz(GOLDEN "corpus.txt.xz", &size);
    const char  *line   = corpus;

    while (mc_json_next(&sums)) {
        uint32_t sum  = 0xffffffffu;
        int64_t  want = 0;

        for (int i = 0; i < 100 && line < corpus + size; i++, number++) {
            const char *end = memchr(line, '\n', (size_t)(corpus + size - line));
            sum             = add_line(sum, name, tokenizer, line, (size_t)(end - line));
            line            = end + 1;
        }
        assert_true(mc_json_int64(sums.value, &want));
        if ((uint32_t)want != ~sum)
            fail_msg("%s: ids of the hundred lines that end with line %zu", name, number);
    }
    assert_true(number >= 5000 && line == corpus + size);
    free(corpus);
}

static void run_part(mc_json_value value)
{
    const char   *name, *json;
    size_t        size;
    mc_tokenizer *tokenizer = NULL;
    mc_error      err       = { 0 };

    assert_true(mc_json_string(mc_json_get(value, "name"), &name, NULL));
    assert_true(mc_json_string(mc_json_get(value, "tokenizer"), &json, &size));
    CHECK_OK(name, mc_tokenizer_open_json(json, size, NULL, 0, &tokenizer, &err));
    assert_true(compare_texts(name, tokenizer, value) >= 50);
    if (strncmp(name, "model-", 6) == 0) compare_sums(name, tokenizer, value);
    mc_tokenizer_close(tokenizer);
}

static void run_file(mc_json_value value)
{
    char          path[1024];
    const char   *name;
    mc_tokenizer *tokenizer = NULL;
    mc_error      err       = { 0 };

    assert_true(mc_json_string(mc_json_get(value, "path"), &name, NULL));
    snprintf(path, sizeof path, MC_TEST_FOLDER "/data/tokenizers/small/%s", name);
    CHECK_OK(name, mc_tokenizer_open(path, &tokenizer, &err));
    assert_true(compare_texts(name, tokenizer, value) >= 250);
    compare_sums(name, tokenizer, value);
    mc_tokenizer_close(tokenizer);
}

/* Every element of the list under `key` in a golden file. */
static size_t run_golden(const char *file, const char *key, void (*run)(mc_json_value value))
{
    size_t       size, count = 0;
    char        *text = mc_test_read_xz(file, &size);
    mc_json     *json = NULL;
    mc_error     err  = { 0 };
    mc_json_iter list;

    CHECK_OK(file, mc_json_parse(text, size, &json, &err));
    list = mc_json_iterate(mc_json_get(mc_json_root(json), key));
    for (; mc_json_next(&list); count++)
        run(list.value);
    mc_json_free(json);
    free(text);
    return count;
}

static void ids_of_every_part(void **state)
{
    (void)state;
    assert_true(run_golden(GOLDEN "cases.json.xz", "cases", run_part) >= 100);
}

/* vocab.json with merges.txt, tokenizer.model, vocab.txt; GGUF of kinds gpt2, llama, t5, bert.
 */
static void ids_of_every_kind_of_file(void **state)
{
    (void)state;
    assert_true(run_golden(GOLDEN "files.json.xz", "files", run_file) >= 12);
}

/* The file with another tokenizer.ggml.pre: the key's value is replaced, the rest moves. */
static mc_tokenizer *open_as(const char *file, const char *pre)
{
    static const char key[] = "tokenizer.ggml.pre";
    char              path[1024];
    uint64_t          length = strlen(pre), old;
    size_t            place  = 0;
    size_t            size;
    char             *bytes;
    mc_tokenizer     *tokenizer = NULL;
    mc_error          err       = { 0 };
    FILE             *out;

    snprintf(path, sizeof path, MC_TEST_FOLDER "/data/tokenizers/small/%s", file);
    CHECK_OK(file, mc_file_read(path, 1 << 20, &bytes, &size, &err));
    while (memcmp(bytes + place, key, sizeof key - 1) != 0)
        assert_true(++place + sizeof key < size);
    place += sizeof key - 1 + sizeof(uint32_t); /* its type; then length and bytes */
    memcpy(&old, bytes + place, sizeof old);
    snprintf(path, sizeof path, "%s/%s.gguf", MC_BUILD_FOLDER, pre);
    out = fopen(path, "wb");
    assert_non_null(out);
    fwrite(bytes, 1, place, out);
    fwrite(&length, sizeof length, 1, out);
    fwrite(pre, 1, length, out);
    place += sizeof old + old;
    fwrite(bytes + place, 1, size - place, out);
    assert_int_equal(fclose(out), 0);
    mc_free(bytes);
    CHECK_OK(pre, mc_tokenizer_open(path, &tokenizer, &err));
    remove(path);
    return tokenizer;
}

static void run_pre(mc_json_value value)
{
    const char   *file, *pre;
    mc_tokenizer *tokenizer;

    assert_true(mc_json_string(mc_json_get(value, "file"), &file, NULL));
    assert_true(mc_json_string(mc_json_get(value, "pre"), &pre, NULL));
    tokenizer = open_as(file, pre);
    assert_true(compare_texts(pre, tokenizer, value) >= 50);
    compare_sums(pre, tokenizer, value);
    mc_tokenizer_close(tokenizer);
}

/* Names whose ids are the model's own tokenizer's where llama.cpp gives others, or nearly so.
 */
static void ids_of_named_pre_tokenizers(void **state)
{
    (void)state;
    assert_true(run_golden(GOLDEN "pre.json.xz", "rows", run_pre) >= 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_real_files),
        cmocka_unit_test(ids_of_gguf_vocabularies),
        cmocka_unit_test(ids_of_every_part),
        cmocka_unit_test(ids_of_every_kind_of_file),
        cmocka_unit_test(ids_of_named_pre_tokenizers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
