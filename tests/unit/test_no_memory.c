/* test_no_memory.c - every command with an allocation that fails: alone, or with all that
 * follow.
 *
 * A command then ends with "not enough memory" and leaves nothing behind, or it did without
 * what it could not have and prints what it prints otherwise. By default some dozens of a
 * command's allocations are tried, others in every build of the test; with MC_EVERY_ALLOCATION
 * in the environment each of them (scripts/sweep-memory.sh). */
#define _GNU_SOURCE /* memfd_create */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/cli.h"
#include "support/check.h"
#include "support/scratch.h"

enum { TRIED = 40, ARGUMENTS = 16, NOT_ENOUGH = 1 };

#define GGUF MC_TEST_FOLDER "/golden/models/tiny-llama.gguf"
#define FOLDER MC_TEST_FOLDER "/golden/models/tiny-llama"

static char home[MC_TEST_SCRATCH];

typedef struct command {
    const char *name;
    const char *arguments[ARGUMENTS];
    const char *output; /* a file that must be there exactly when it succeeds */
    bool        varies; /* prints times or what is free */
} command;

static const command commands[] = {
    { "crm-build",
      { "geometry", "crm-build", GGUF, "--texts", "texts.txt", "--output", "new.safetensors",
        "--threads", "2" },
      "new.safetensors",
      true },
    { "crm-build of a folder, as JSON",
      { "geometry", "crm-build", FOLDER, "--texts", "texts.txt", "--output", "new.json",
        "--pool", "mean", "--layers", "0,-1" },
      "new.json",
      true },
    { "crm-build with a cache",
      { "geometry", "crm-build", FOLDER, "--texts", "texts.txt", "--output", "new.safetensors",
        "--cache-activations" },
      "new.safetensors",
      true },
    { "fingerprint",
      { "geometry", "fingerprint", FOLDER, "--texts", "texts.txt", "--no-cache" },
      NULL,
      false },
    { "fingerprint with a cache",
      { "geometry", "fingerprint", GGUF, "--texts", "texts.txt" },
      NULL,
      true },
    { "validate", { "geometry", "validate", GGUF, "--texts", "texts.txt" }, NULL, true },
    { "crm-show", { "geometry", "crm-show", "a.safetensors", "--probes" }, NULL, false },
    { "crm-compare",
      { "geometry", "crm-compare", "--crm-a", "a.safetensors", "--crm-b", "b.json",
        "--permutations", "9", "--bootstrap", "9" },
      NULL,
      true },
    { "intrinsic-dimension",
      { "geometry", "intrinsic-dimension", "a.safetensors", "--layers", "-1" },
      NULL,
      false },
    { "atlas show", { "geometry", "atlas", "show", "MORE" }, NULL, false },
    { "atlas list", { "geometry", "atlas", "list" }, NULL, false },
    { "primes list", { "geometry", "primes", "list" }, NULL, false },
    { "model probe", { "model", "probe", GGUF, "--texts", "texts.txt" }, NULL, true },
    { "model explain", { "model", "explain", FOLDER }, NULL, false },
    { "model list", { "model", "list" }, NULL, false },
    { "tokenize", { "tokenize", FOLDER, "a text of some words" }, NULL, false },
    { "tokenize a file", { "tokenize", GGUF, "--file", "texts.txt", "--ids" }, NULL, false },
    { "cache ls", { "cache", "ls", "--files" }, NULL, true },
    { "cache verify", { "cache", "verify" }, NULL, false },
    { "cache gc", { "cache", "gc" }, NULL, true },
    { "storage status", { "storage", "status" }, NULL, true },
    { "system status", { "system", "status" }, NULL, true },
    { "system config", { "system", "config" }, NULL, false },
    { "help", { "help", "schema", "geometry", "crm-build" }, NULL, false },
    { "completions", { "help", "completions", "bash" }, NULL, false },
};

/* ---- one run, with both streams in memory ---- */

typedef struct streams {
    int descriptor[2], kept[2];
} streams;

static streams take_streams(void)
{
    streams s;

    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        s.descriptor[i] = memfd_create("stream", MFD_CLOEXEC);
        s.kept[i]       = dup(i + 1);
        assert_true(s.descriptor[i] >= 0 && dup2(s.descriptor[i], i + 1) == i + 1);
    }
    return s;
}

/* What was written, for the caller to free. */
static char *give_back(streams *s, int i)
{
    struct stat info;
    char       *text;

    fflush(NULL);
    dup2(s->kept[i], i + 1);
    close(s->kept[i]);
    assert_int_equal(fstat(s->descriptor[i], &info), 0);
    text = calloc((size_t)info.st_size + 1, 1);
    assert_true(text && pread(s->descriptor[i], text, (size_t)info.st_size, 0) == info.st_size);
    close(s->descriptor[i]);
    return text;
}

typedef struct result {
    int      code;
    char    *out, *complaint;
    uint64_t allocations;
    off_t    size; /* of the file it wrote */
} result;

static void clear_result(result *r)
{
    free(r->out);
    free(r->complaint);
}

static result run(const command *c, uint64_t fail_at, int for_good)
{
    char   *argv[ARGUMENTS + 4] = { "mc" };
    int     argc                = 1;
    result  r                   = { 0 };
    streams s                   = take_streams();

    for (int i = 0; c->arguments[i]; i++)
        argv[argc++] = (char *)(uintptr_t)c->arguments[i];
    mc_alloc_fail_at(fail_at, for_good);
    r.code        = mc_cli_run(argc, argv);
    r.allocations = mc_alloc_count();
    mc_alloc_fail_at(0, 0);
    r.complaint = give_back(&s, 1);
    r.out       = give_back(&s, 0);
    return r;
}

/* ---- what must hold ---- */

static size_t complaints; /* all of them are shown before the test fails */

/* The size of what a command writes, which is removed; 0 when it is not there. */
static off_t take_output(const command *c)
{
    struct stat info;

    if (!c->output || stat(c->output, &info) != 0) return 0;
    unlink(c->output);
    return info.st_size;
}

static void complain(const command *c, uint64_t number, int for_good, const result *r)
{
    print_error("%s, allocation %llu%s: code %d, printed '%s' and said '%s'\n", c->name,
                (unsigned long long)number, for_good ? " and on" : "", r->code, r->out,
                r->complaint);
    complaints++;
}

/* A file may be there although the command failed: when its report could not be made. It is
 * whole then. */
static void check_one(const command *c, const result *whole, uint64_t number, int for_good)
{
    size_t before = mc_test_scratch_count(".");
    result r      = run(c, number, for_good);
    off_t  size   = take_output(c);

    if (r.code == NOT_ENOUGH) {
        if (r.out[0] || (size && size != whole->size) || !strstr(r.complaint, "memory"))
            complain(c, number, for_good, &r);
    } else if (r.code != 0 || size != whole->size ||
               (!c->varies && strcmp(r.out, whole->out) != 0)) {
        complain(c, number, for_good, &r);
    }
    CHECK(c->name, mc_test_scratch_count(".") == before);
    clear_result(&r);
}

static void sweep(const command *c)
{
    result   whole = run(c, 0, 0);
    uint64_t step  = getenv("MC_EVERY_ALLOCATION") ? 1 : whole.allocations / TRIED + 1;

    if (whole.code != 0) fail_msg("%s: %s", c->name, whole.complaint);
    whole.size = take_output(c);
    CHECK(c->name, whole.allocations > 5);
    for (int for_good = 0; for_good < 2; for_good++)
        for (uint64_t number = 1; number <= whole.allocations; number += step)
            check_one(c, &whole, number, for_good);
    print_message("%s: every %llu. of %llu allocations\n", c->name, (unsigned long long)step,
                  (unsigned long long)whole.allocations);
    clear_result(&whole);
}

static void every_command_survives(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        sweep(&commands[i]);
    assert_int_equal(complaints, 0);
}

static int make_home(void **state)
{
    static const command build = { "prepare",
                                   { "geometry", "crm-build", GGUF, "--texts", "texts.txt",
                                     "--output", "a.safetensors" },
                                   NULL,
                                   true };
    static const command again = { "prepare",
                                   { "geometry", "crm-build", GGUF, "--texts", "texts.txt",
                                     "--output", "b.json" },
                                   NULL,
                                   true };
    FILE                *file;
    result               r;

    (void)state;
    mc_test_scratch_make(home);
    assert_int_equal(chdir(home), 0);
    setenv("HOME", home, 1);
    file = fopen("texts.txt", "w");
    assert_true(file &&
                fputs("one text\nand two of them\nthree texts, then\nfour or more\n"
                      "five at last\nsix\n",
                      file) >= 0 &&
                fclose(file) == 0);
    r = run(&build, 0, 0);
    clear_result(&r);
    r = run(&again, 0, 0);
    clear_result(&r);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    return mc_test_scratch_remove(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_command_survives) };

    return cmocka_run_group_tests(tests, make_home, remove_home);
}
