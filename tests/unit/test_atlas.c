/* test_atlas.c - opening atlases: selections, files, plain texts, what is refused and how. */
#include <stdlib.h>
#include <unistd.h>

#include <modelcypher/atlas.h>
#include <modelcypher/log.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/embedded.h"
#include "base/hash.h"
#include "support/check.h"
#include "support/refuse.h"
#include "support/walk.h"

static mc_atlas *builtin(const char *selection)
{
    mc_atlas *atlas = NULL;
    mc_error  err   = { 0 };

    CHECK_OK(selection ? selection : "NULL", mc_atlas_open_builtin(selection, &atlas, &err));
    return atlas;
}

/* ---- the built-in atlas ---- */

static const struct {
    const char *typed, *canonical, *first, *last;
    size_t      count;
} selections[] = {
    { NULL, "all", "sequence_invariant:fib_recurrence", "compositional:many_people", 343 },
    { "", "all", "sequence_invariant:fib_recurrence", "compositional:many_people", 343 },
    { "all", "all", "sequence_invariant:fib_recurrence", "compositional:many_people", 343 },
    { "moral", "moral", "moral_concept:cruelty", "moral_concept:liberation", 30 },
    { "moral, semantic_primes", "semantic_primes,moral", "semantic_prime:I",
      "moral_concept:liberation", 95 },
    { "social,social", "social", "social_concept:slave", "social_concept:elder", 25 },
    { "all,temporal", "all", "sequence_invariant:fib_recurrence", "compositional:many_people",
      343 },
    { "control", "control", "control:sequence_invariant:fib_recurrence",
      "control:compositional:many_people", 343 },
    { "control,all", "all,control", "sequence_invariant:fib_recurrence",
      "control:compositional:many_people", 686 },
};

static void selections_keep_the_order_of_the_atlas(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(selections); i++) {
        const char *row   = selections[i].typed ? selections[i].typed : "NULL";
        mc_atlas   *atlas = builtin(selections[i].typed);
        size_t      count = mc_atlas_count(atlas);

        CHECK(row, count == selections[i].count);
        CHECK(row, !strcmp(mc_atlas_get_info(atlas)->selection, selections[i].canonical));
        CHECK(row, !strcmp(mc_atlas_probe(atlas, 0)->full_id, selections[i].first));
        CHECK(row, !strcmp(mc_atlas_probe(atlas, count - 1)->full_id, selections[i].last));
        CHECK(row, mc_atlas_probe(atlas, count) == NULL);
        mc_atlas_close(atlas);
    }
}

static const struct {
    const char *typed, *reason, *hint;
} unknown[] = {
    { "moralia", "no atlas is called 'moralia'", "did you mean 'moral'" },
    { "moral,emotion", "no atlas is called 'emotion'", "did you mean 'emotions'" },
    { "semantic_prime", "no atlas is called 'semantic_prime'",
      "did you mean 'semantic_primes'" },
    { "sequence_invariant", "no atlas is called", "did you mean 'sequence_invariants'" },
    { "xyzzyxyzzyxyzzy", "no atlas is called", "atlas list" },
    { "moral,,social", "empty", "single commas" },
    { ",", "empty", "single commas" },
    { "moral,", "empty", "single commas" },
};

static void unknown_names_are_refused_with_the_nearest(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(unknown); i++) {
        mc_atlas *atlas = NULL;
        mc_error  err   = { 0 };

        CHECK(unknown[i].typed,
              mc_atlas_open_builtin(unknown[i].typed, &atlas, &err) == MC_ERR_ATLAS);
        CHECK(unknown[i].typed, atlas == NULL && strstr(err.subject, unknown[i].typed));
        CHECK(unknown[i].typed, strstr(err.reason, unknown[i].reason));
        CHECK(unknown[i].typed, strstr(err.hint, unknown[i].hint));
    }
}

static void sets_say_how_many(void **state)
{
    size_t total = 0;

    (void)state;
    for (const mc_atlas_set *set = mc_atlas_sets(); set->name; set++) {
        mc_atlas *atlas = builtin(set->name);

        CHECK(set->name, mc_atlas_count(atlas) == set->count && set->summary[0]);
        for (size_t i = 0; set->source[0] && i < set->count; i++)
            CHECK(set->name, !strcmp(mc_atlas_probe(atlas, i)->source, set->source));
        if (set->source[0] && strcmp(set->source, "control") != 0) total += set->count;
        mc_atlas_close(atlas);
    }
    assert_int_equal(total, 343);
}

static void every_probe_has_its_control(void **state)
{
    mc_atlas *atlas = builtin("all");

    (void)state;
    assert_true(mc_atlas_get_info(atlas)->has_control);
    for (size_t i = 0; i < mc_atlas_count(atlas); i++) {
        const mc_probe *probe = mc_atlas_probe(atlas, i), *control = mc_atlas_control(atlas, i);

        CHECK(probe->full_id, control && !strcmp(control->matches, probe->full_id));
        CHECK(probe->full_id, control->text_count == probe->text_count);
        CHECK(probe->full_id, mc_atlas_find(atlas, control->full_id) == control);
    }
    mc_atlas_close(atlas);
}

/* The hash is that of `cat data/atlas/[a-z]*.json`, whatever is selected. */
static void the_hash_covers_the_whole_inventory(void **state)
{
    mc_atlas *all = builtin("all"), *moral = builtin("moral");
    char      sha256[MC_SHA256_TEXT];
    char     *joined;
    size_t    size = 0, at = 0;

    (void)state;
    for (const mc_embedded *file = mc_atlas_data; file->name; file++)
        size += file->size;
    joined = malloc(size);
    assert_non_null(joined);
    for (const mc_embedded *file = mc_atlas_data; file->name; at += file++->size)
        memcpy(joined + at, file->text, file->size);
    for (const mc_embedded *file = mc_atlas_data; file->name && file[1].name; file++)
        assert_true(strcmp(file->name, file[1].name) < 0);
    mc_sha256(joined, size, sha256);
    free(joined);
    assert_string_equal(mc_atlas_get_info(all)->sha256, sha256);
    assert_string_equal(mc_atlas_get_info(moral)->sha256, sha256);
    assert_string_equal(mc_atlas_get_info(all)->version, mc_atlas_get_info(moral)->version);
    mc_atlas_close(all);
    mc_atlas_close(moral);
}

static void probes_are_found_by_what_a_person_types(void **state)
{
    mc_atlas       *atlas = builtin("all");
    const mc_probe *probe = NULL;
    mc_error        err   = { 0 };

    (void)state;
    CHECK_OK("full", mc_atlas_search(atlas, "emotion_concept:joy", &probe, &err));
    assert_string_equal(probe->full_id, "emotion_concept:joy");
    assert_true(probe->has_affect && probe->valence == 0.9 && probe->level == 0);
    assert_string_equal(probe->intensity, "primary");
    /* A name is not an id. */
    assert_int_equal(mc_atlas_search(atlas, "LOCK_GATE", &probe, &err), MC_ERR_ATLAS);
    CHECK_OK("bare", mc_atlas_search(atlas, "67", &probe, &err));
    assert_string_equal(probe->name, "LOCK_GATE");
    assert_int_equal(probe->component_count, 2);
    assert_string_equal(probe->components[1], "20");
    CHECK_OK("exponents", mc_atlas_search(atlas, "MUCH_MANY", &probe, &err));
    assert_int_equal(probe->exponent_count, 2);
    CHECK_OK("level", mc_atlas_search(atlas, "compassion", &probe, &err));
    assert_int_equal(probe->level, 5);
    assert_string_equal(probe->axis, "valence");
    CHECK_OK("control", mc_atlas_search(atlas, "control:emotion_concept:joy", &probe, &err));
    assert_string_equal(probe->matches, "emotion_concept:joy");
    assert_int_equal(mc_atlas_search(atlas, "compasion", &probe, &err), MC_ERR_ATLAS);
    assert_non_null(strstr(err.hint, "compassion"));
    assert_null(mc_atlas_find(atlas, "joy"));
    mc_atlas_close(atlas);
}

/* ---- files ---- */

static void write_file(char path[64], const char *text, size_t size)
{
    int fd;

    snprintf(path, 64, "/tmp/mc_test_atlas_XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, size) == (ssize_t)size);
    close(fd);
}

#define HEAD "{\"schema\":\"mc.atlas.v1\",\"version\":\"2.1\",\"name\":\"mine\",\"probes\":["
#define PROBE(source, id) \
    "{\"source\":\"" source "\",\"id\":\"" id "\",\"domain\":\"moral\",\"category\":\"c\""

static void a_file_of_ones_own(void **state)
{
    static const char text[] = HEAD PROBE("mine", "b") ",\"texts\":[\"one\",\"two\"]}," PROBE(
        "control",
        "x") ",\"matches\":\"mine:b\","
             "\"texts\":[\"p\",\"q\"]}," PROBE("mine", "a") ",\"texts\":[\"th\\u0000ree\"]}]}";
    char                 path[64], sha256[MC_SHA256_TEXT];
    mc_atlas            *atlas = NULL;
    mc_error             err   = { 0 };
    const mc_atlas_info *info;

    (void)state;
    write_file(path, text, sizeof text - 1);
    CHECK_OK("own", mc_atlas_open_file(path, &atlas, &err));
    unlink(path);
    info = mc_atlas_get_info(atlas);
    mc_sha256(text, sizeof text - 1, sha256);
    assert_string_equal(info->sha256, sha256);
    assert_string_equal(info->version, "2.1");
    assert_string_equal(info->name, "mine");
    assert_string_equal(info->path, path);
    assert_int_equal(mc_atlas_count(atlas), 2);
    assert_int_equal(info->text_count, 3);
    assert_false(info->has_control);
    assert_string_equal(mc_atlas_probe(atlas, 0)->full_id, "mine:b");
    assert_string_equal(mc_atlas_control(atlas, 0)->full_id, "control:x");
    assert_null(mc_atlas_control(atlas, 1));
    assert_int_equal(mc_atlas_probe(atlas, 1)->texts[0].size, 6);
    assert_true(mc_atlas_probe(atlas, 1)->weight == 1.0);
    assert_string_equal(mc_atlas_probe(atlas, 1)->name, "a");
    assert_string_equal(mc_atlas_probe(atlas, 1)->axis, "");
    mc_atlas_close(atlas);
}

static void keep_message(void *context, mc_log_level level, const char *message)
{
    (void)level;
    snprintf(context, 256, "%s", message);
}

static void a_misspelled_field_is_told(void **state)
{
    static const char text[] = HEAD PROBE("mine", "b") ",\"valance\":1,\"texts\":[\"one\"]}]}";
    char                            path[64], message[256] = "";
    mc_atlas                       *atlas = NULL;
    mc_error                        err   = { 0 };

    (void)state;
    write_file(path, text, sizeof text - 1);
    mc_log_set(keep_message, message, MC_LOG_WARN);
    CHECK_OK("misspelled", mc_atlas_open_file(path, &atlas, &err));
    mc_log_set(NULL, NULL, MC_LOG_ERROR);
    unlink(path);
    mc_atlas_close(atlas);
    assert_non_null(strstr(message, "'mine:b': unknown field 'valance'"));
    assert_non_null(strstr(message, "'valence'"));
}

static void our_own_files_are_atlas_files(void **state)
{
    mc_atlas *atlas = NULL;
    mc_error  err   = { 0 };

    (void)state;
    CHECK_OK("emotions",
             mc_atlas_open_file(MC_TEST_FOLDER "/../data/atlas/emotions.json", &atlas, &err));
    assert_int_equal(mc_atlas_count(atlas), 32);
    mc_atlas_close(atlas);
    CHECK_OK("control",
             mc_atlas_open_file(MC_TEST_FOLDER "/../data/atlas/control.json", &atlas, &err));
    assert_int_equal(mc_atlas_count(atlas), 343);
    mc_atlas_close(atlas);
    assert_int_equal(mc_atlas_open_file("/nonexistent/atlas.json", &atlas, &err),
                     MC_ERR_NOT_FOUND);
}

static void refuse(const char *path, const char *name, void *context)
{
    mc_atlas *atlas = NULL;
    mc_error  err   = { 0 };

    (void)context;
    mc_test_refused(name, mc_atlas_open_file(path, &atlas, &err), &err);
    CHECK(name, atlas == NULL && strstr(err.subject, path) == err.subject);
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    assert_true(mc_test_walk("refuse/atlas", refuse, NULL) >= 40);
}

static void errors_name_the_probe_and_the_field(void **state)
{
    static const char text[] = HEAD PROBE("mine", "a") ",\"texts\":[\"one\"]}," PROBE(
        "mine", "b") ",\"level\":9,\"texts\":[\"two\"]}]}";
    char      path[64];
    mc_atlas *atlas = NULL;
    mc_error  err   = { 0 };

    (void)state;
    write_file(path, text, sizeof text - 1);
    assert_int_equal(mc_atlas_open_file(path, &atlas, &err), MC_ERR_ATLAS);
    unlink(path);
    assert_non_null(strstr(err.subject, path));
    assert_non_null(strstr(err.subject, "probe 2 (mine:b)"));
    assert_string_equal(err.reason, "field 'level' is 9, allowed are 1 to 5");
}

/* ---- plain texts ---- */

static const struct {
    const char *name, *text;
    size_t      size;
    mc_status   status;
    size_t      count;
    const char *last, *reason;
} plain[] = {
    { "one", "a", 1, MC_OK, 1, "a", NULL },
    { "last line without LF", "a\nbc", 4, MC_OK, 2, "bc", NULL },
    { "last line with LF", "a\nbc\n", 5, MC_OK, 2, "bc", NULL },
    { "CR is text", "a\r\nb\r\n", 6, MC_OK, 2, "b\r", NULL },
    { "other line ends are text",
      "a\xe2\x80\xa8"
      "b\x0b"
      "c",
      7, MC_OK, 1,
      "a\xe2\x80\xa8"
      "b\x0b"
      "c",
      NULL },
    { "blank is text", " \n", 2, MC_OK, 1, " ", NULL },
    { "nothing", "", 0, MC_ERR_ATLAS, 0, NULL, "no text" },
    { "empty line", "a\n\nb\n", 5, MC_ERR_ATLAS, 0, NULL, "line 2 is empty" },
    { "empty last line", "a\n\n", 3, MC_ERR_ATLAS, 0, NULL, "line 2 is empty" },
    { "stray byte", "a\nb\xff\n", 5, MC_ERR_ENCODING, 0, NULL, "line 2: byte 2 (0xff)" },
    { "surrogate", "\xed\xa0\x80", 3, MC_ERR_ENCODING, 0, NULL, "line 1: byte 1" },
    { "overlong", "\xc0\x80", 2, MC_ERR_ENCODING, 0, NULL, "line 1: byte 1" },
    { "cut short", "ab\xe2\x82", 4, MC_ERR_ENCODING, 0, NULL, "line 1: byte 3" },
    { "past U+10FFFF", "\xf4\x90\x80\x80", 4, MC_ERR_ENCODING, 0, NULL, "line 1: byte 1" },
};

static void plain_texts_one_a_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(plain); i++) {
        mc_atlas       *atlas = NULL;
        mc_error        err   = { 0 };
        const mc_probe *probe;

        CHECK(plain[i].name, mc_atlas_read_texts(plain[i].text, plain[i].size, &atlas, &err) ==
                                 plain[i].status);
        if (plain[i].status != MC_OK) {
            CHECK(plain[i].name, !atlas && strstr(err.reason, plain[i].reason) && err.hint[0]);
            continue;
        }
        CHECK(plain[i].name, mc_atlas_count(atlas) == plain[i].count);
        probe = mc_atlas_probe(atlas, plain[i].count - 1);
        CHECK(plain[i].name, probe->text_count == 1 && !strcmp(probe->source, "text"));
        CHECK(plain[i].name, !strcmp(probe->texts[0].bytes, plain[i].last) &&
                                 probe->texts[0].size == strlen(plain[i].last));
        mc_atlas_close(atlas);
    }
}

static void plain_texts_are_numbered(void **state)
{
    mc_atlas *atlas = NULL;
    mc_error  err   = { 0 };
    char      path[64], sha256[MC_SHA256_TEXT];

    (void)state;
    write_file(path, "x\0y\nz\n", 6);
    CHECK_OK("texts", mc_atlas_open_texts(path, &atlas, &err));
    unlink(path);
    mc_sha256("x\0y\nz\n", 6, sha256);
    assert_string_equal(mc_atlas_get_info(atlas)->sha256, sha256);
    assert_int_equal(mc_atlas_probe(atlas, 0)->texts[0].size, 3);
    assert_string_equal(mc_atlas_probe(atlas, 1)->full_id, "text:2");
    assert_ptr_equal(mc_atlas_find(atlas, "text:2"), mc_atlas_probe(atlas, 1));
    assert_false(mc_atlas_get_info(atlas)->has_control);
    mc_atlas_close(atlas);
    assert_int_equal(mc_atlas_open_texts("/nonexistent.txt", &atlas, &err), MC_ERR_NOT_FOUND);
}

/* ---- no memory ---- */

static mc_status open_each(int which, mc_atlas **atlas, mc_error *err)
{
    switch (which) {
    case 0: return mc_atlas_open_builtin("moral,control", atlas, err);
    case 1: return mc_atlas_open_file(MC_TEST_FOLDER "/../data/atlas/social.json", atlas, err);
    default: return mc_atlas_read_texts("a\nb\nc", 5, atlas, err);
    }
}

static void no_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        for (uint64_t n = 1;; n++) {
            mc_atlas *atlas = NULL;
            mc_error  err   = { 0 };
            mc_status status;

            mc_alloc_fail_at(n, 0);
            status = open_each(which, &atlas, &err);
            mc_alloc_fail_at(0, 0);
            if (status == MC_OK) {
                assert_true(n > 3);
                mc_atlas_close(atlas);
                break;
            }
            assert_int_equal(status, MC_ERR_MEMORY);
            assert_true(!atlas && err.reason[0]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selections_keep_the_order_of_the_atlas),
        cmocka_unit_test(unknown_names_are_refused_with_the_nearest),
        cmocka_unit_test(sets_say_how_many),
        cmocka_unit_test(every_probe_has_its_control),
        cmocka_unit_test(the_hash_covers_the_whole_inventory),
        cmocka_unit_test(probes_are_found_by_what_a_person_types),
        cmocka_unit_test(a_file_of_ones_own),
        cmocka_unit_test(a_misspelled_field_is_told),
        cmocka_unit_test(our_own_files_are_atlas_files),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(errors_name_the_probe_and_the_field),
        cmocka_unit_test(plain_texts_one_a_line),
        cmocka_unit_test(plain_texts_are_numbered),
        cmocka_unit_test(no_memory_is_an_error_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
