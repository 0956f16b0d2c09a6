/* test_base.c - errors, arenas, JSON, hashes, suggestions, the worker pool. */
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/nearest.h"
#include "base/pool.h"
#include "base/span.h"
#include "support/check.h"

static void error_keeps_the_first_subject(void **state)
{
    mc_error err = { 0 };

    (void)state;
    mc_fail(&err, MC_ERR_CORRUPT, "hint", "value %d", 7);
    mc_fail_about(&err, MC_ERR_CORRUPT, "inner");
    mc_fail_about(&err, MC_ERR_CORRUPT, "outer");
    assert_string_equal(err.subject, "inner");
    assert_string_equal(err.reason, "value 7");
    assert_string_equal(mc_status_code(MC_ERR_CORRUPT), "MC-1103");
}

static void reader_refuses_to_pass_the_end(void **state)
{
    uint8_t   bytes[6] = { 1, 0, 0, 0, 9, 9 };
    mc_reader reader   = { .bytes = { bytes, sizeof bytes } };
    uint32_t  number   = 0;
    mc_span   span;
    mc_error  err = { 0 };

    (void)state;
    CHECK_OK("u32", mc_read_u32(&reader, &number, &err));
    assert_int_equal(number, 1);
    assert_int_equal(mc_read_u32(&reader, &number, &err), MC_ERR_TRUNCATED);
    assert_int_equal(mc_read_span(&reader, UINT64_MAX, &span, &err), MC_ERR_TRUNCATED);
}

static void arena_gives_back_to_the_mark(void **state)
{
    mc_arena     *arena = NULL;
    mc_arena_mark mark;
    mc_error      err = { 0 };
    char         *first;

    (void)state;
    CHECK_OK("create", mc_arena_create(&arena, &err));
    mark  = mc_arena_save(arena);
    first = mc_arena_take(arena, 100, 1);
    assert_true((uintptr_t)first % 64 == 0);
    assert_non_null(mc_arena_take(arena, 3, 1 << 20));
    assert_null(mc_arena_take(arena, SIZE_MAX / 2, 3));
    mc_arena_reset(arena, mark);
    assert_non_null(mc_arena_take(arena, 100, 1));
    mc_arena_free(arena);
}

static void json_reads_what_it_wrote(void **state)
{
    static const float numbers[] = { 0.1f, -3.0f, 1e-40f, INFINITY };
    mc_buffer          out       = { 0 };
    mc_json_writer     writer    = mc_json_writer_init(&out, 0);
    mc_json           *json      = NULL;
    mc_error           err       = { 0 };
    const char        *text      = NULL;
    size_t             size      = 0;
    int64_t            number    = 0;

    (void)state;
    mc_json_begin_object(&writer);
    mc_json_key(&writer, "te\"xt");
    mc_json_put_span(&writer, "a\n\0b", 4);
    mc_json_key(&writer, "n");
    mc_json_put_int(&writer, -5);
    mc_json_key(&writer, "floats");
    mc_json_put_floats(&writer, numbers, 4);
    mc_json_end_object(&writer);
    assert_string_equal(
        out.data, "{\"te\\\"xt\":\"a\\n\\u0000b\",\"n\":-5,\"floats\":[0.1,-3,1e-40,null]}");
    CHECK_OK("parse", mc_json_parse(out.data, out.size, &json, &err));
    assert_true(mc_json_string(mc_json_get(mc_json_root(json), "te\"xt"), &text, &size));
    assert_int_equal(size, 4);
    assert_true(mc_json_int64(mc_json_get(mc_json_root(json), "n"), &number));
    assert_int_equal(number, -5);
    assert_int_equal(mc_json_count(mc_json_get(mc_json_root(json), "floats")), 4);
    assert_int_equal(mc_json_type_of(mc_json_get(mc_json_root(json), "none")), MC_JSON_NONE);
    mc_json_free(json);
    mc_buffer_clear(&out);
}

/* As Python's json module writes them; a number in a text stays as it is. */
static void json_has_long_whole_numbers(void **state)
{
    static const char text[] =
        "{\"a\": 1000000000000000019884624838656, \"b\": [-123456789012345678901, 7], "
        "\"c\": \"\\\"12345678901234567890123\", \"d\": 0.1234567890123456789012}";
    mc_error      err;
    mc_json      *json = NULL;
    mc_json_value root, list;
    double        number = 0.0;
    const char   *word   = NULL;
    size_t        size   = 0;

    (void)state;
    CHECK_OK("parse", mc_json_parse(text, sizeof text - 1, &json, &err));
    root = mc_json_root(json);
    list = mc_json_get(root, "b");
    assert_true(mc_json_double(mc_json_get(root, "a"), &number) && number == 1e30);
    assert_int_equal(mc_json_count(list), 2);
    assert_true(mc_json_string(mc_json_get(root, "c"), &word, &size));
    assert_int_equal(size, 24);
    assert_true(mc_json_double(mc_json_get(root, "d"), &number));
    assert_true(number == 0.1234567890123456789012);
    mc_json_free(json);
    assert_int_equal(mc_json_parse("[123456789012345678901x]", 24, &json, &err),
                     MC_ERR_CORRUPT);
}

static void json_refuses_damage(void **state)
{
    mc_json *json = NULL;
    mc_error err  = { 0 };

    (void)state;
    assert_int_equal(mc_json_parse("{\"a\":", 5, &json, &err), MC_ERR_CORRUPT);
    assert_true(err.reason[0] != '\0');
}

static void hashes_are_the_published_ones(void **state)
{
    char text[MC_SHA256_TEXT];

    (void)state;
    mc_sha256("abc", 3, text); /* FIPS 180-4, appendix B.1 */
    assert_string_equal(text,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    mc_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, text);
    assert_string_equal(text,
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void nearest_finds_the_typo(void **state)
{
    mc_nearest nearest = { .typed = "lama" };

    (void)state;
    mc_nearest_offer(&nearest, "qwen2");
    mc_nearest_offer(&nearest, "llama");
    assert_string_equal(nearest.best, "llama");
    assert_int_equal(mc_edit_distance("abcd", "acbd"), 1);
}

static atomic_int hits[1000];

static void count_job(void *context, size_t job, size_t worker)
{
    (void)context;
    (void)worker;
    atomic_fetch_add(&hits[job], 1);
}

static void pool_runs_every_job_once(void **state)
{
    mc_pool *pool = NULL;
    mc_error err  = { 0 };

    (void)state;
    CHECK_OK("create", mc_pool_create(3, &pool, &err));
    for (int round = 1; round <= 50; round++) {
        mc_pool_run(pool, 1000, count_job, NULL);
        for (int i = 0; i < 1000; i++)
            assert_int_equal(atomic_load(&hits[i]), round);
    }
    mc_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_keeps_the_first_subject),
        cmocka_unit_test(reader_refuses_to_pass_the_end),
        cmocka_unit_test(arena_gives_back_to_the_mark),
        cmocka_unit_test(json_reads_what_it_wrote),
        cmocka_unit_test(json_has_long_whole_numbers),
        cmocka_unit_test(json_refuses_damage),
        cmocka_unit_test(hashes_are_the_published_ones),
        cmocka_unit_test(nearest_finds_the_typo),
        cmocka_unit_test(pool_runs_every_job_once),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
