/* test_runs.c - what is running: entries of live processes, and of nobody else; the GPUs and
 * the disk beside them in `mc system status`. */
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "base/machine.h"
#include "cache/runs.h"
#include "support/check.h"
#include "support/scratch.h"

static char home[MC_TEST_SCRATCH];

static int set_up(void **state)
{
    (void)state;
    mc_test_scratch_make(home);
    setenv("MODELCYPHER_HOME", home, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mc_run_end();
    return mc_test_scratch_remove(home);
}

static size_t list(mc_run *first)
{
    mc_run  *runs  = NULL;
    size_t   count = 0;
    mc_error err   = { 0 };

    CHECK_OK("list", mc_runs_list(&runs, &count, &err));
    if (count > 0) *first = runs[0];
    mc_free(runs);
    return count;
}

/* The one entry's text, to write variants of it. */
static char *entry(char path[320])
{
    mc_run   run;
    char    *text;
    size_t   size;
    mc_error err = { 0 };

    assert_int_equal(list(&run), 1);
    snprintf(path, 320, "%s/runs/%s-%s-%d.json", home, run.host, run.space, (int)getpid());
    CHECK_OK("entry", mc_file_read(path, 4096, &text, &size, &err));
    return text;
}

/* Write "<home>/runs/<name>.json": `text` with one part of it replaced. */
static void plant(const char *name, const char *text, const char *part, const char *by)
{
    const char *at = strstr(text, part);
    char        path[320];
    FILE       *file;

    assert_non_null(at);
    snprintf(path, sizeof path, "%s/runs/%s.json", home, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%.*s%s%s", (int)(at - text), text, by, at + strlen(part));
    assert_int_equal(fclose(file), 0);
}

static int exists(const char *name)
{
    char path[320];

    snprintf(path, sizeof path, "%s/runs/%s.json", home, name);
    return mc_path_exists(path);
}

static void a_run_is_seen_while_it_lasts(void **state)
{
    mc_run run = { 0 };

    (void)state;
    assert_int_equal(list(&run), 0); /* no folder yet */
    mc_run_begin("geometry crm-build", "models/\"odd\" name");
    assert_int_equal(list(&run), 1);
    assert_int_equal(run.process, getpid());
    assert_string_equal(run.command, "geometry crm-build");
    assert_string_equal(run.model, "models/\"odd\" name");
    assert_string_equal(run.stage, "");
    assert_true(run.memory > 100000 && run.born > 0);
    usleep(600000); /* what comes sooner is not told */
    mc_run_update("block 3 of 4", 0.75, 1234);
    assert_int_equal(list(&run), 1);
    assert_string_equal(run.stage, "block 3 of 4");
    CHECK_NEAR("fraction", run.fraction, 0.75, 0);
    CHECK_NEAR("tokens/s", run.tokens_a_second, 1234, 0);
    mc_run_end();
    assert_int_equal(list(&run), 0);
}

static void a_killed_process_is_dead(void **state)
{
    mc_run run = { 0 };
    int    ends[2];
    pid_t  child;
    char   byte;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        mc_run_begin("geometry crm-build", "m");
        if (write(ends[1], "x", 1) == 1) pause();
        _exit(1);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(list(&run), 1);
    assert_int_equal(run.process, child);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(list(&run), 0);
    close(ends[0]);
    close(ends[1]);
}

static void only_the_living_are_believed(void **state)
{
    char   path[320], born[64];
    mc_run run = { 0 };
    char  *text;

    (void)state;
    mc_run_begin("geometry crm-build", "m");
    text = entry(path);
    assert_int_equal(list(&run), 1);
    snprintf(born, sizeof born, "\"born\":%llu", (unsigned long long)run.born);
    plant("reused", text, born, "\"born\":1"); /* the same process id, another process */
    plant("rebooted", text, "\"boot\":\"", "\"boot\":\"f");
    plant("torn", text, "\"model\"", "");
    plant("elsewhere", text, "\"host\":\"", "\"host\":\"other-");
    plant("container", text, "\"space\":\"", "\"space\":\"9");
    mc_free(text);
    assert_int_equal(list(&run), 3); /* ours, and two of machines that we cannot ask */
    assert_false(exists("reused") || exists("rebooted") || exists("torn"));
    assert_true(exists("elsewhere") && exists("container"));
}

static void a_day_of_silence_is_the_end(void **state)
{
    char   path[320], updated[64], then[64];
    mc_run run = { 0 };
    char  *text;

    (void)state;
    mc_run_begin("geometry crm-build", "m");
    text = entry(path);
    assert_int_equal(list(&run), 1);
    snprintf(updated, sizeof updated, "\"updated\":%lld", (long long)run.updated);
    snprintf(then, sizeof then, "\"updated\":%lld", (long long)run.updated - 2 * 86400);
    mc_run_end();
    strstr(text, "\"host\":\"")[8] ^= 1; /* on another machine */
    plant("fresh", text, updated, updated);
    plant("silent", text, updated, then);
    mc_free(text);
    assert_int_equal(list(&run), 1);
    assert_true(exists("fresh") && !exists("silent"));
}

static void no_home_is_no_obstacle(void **state)
{
    mc_run run = { 0 };
    char   path[96];
    FILE  *file;

    (void)state;
    snprintf(path, sizeof path, "%s/runs", home);
    file = fopen(path, "w"); /* a file where the folder should be */
    assert_non_null(file);
    fclose(file);
    mc_run_begin("geometry crm-build", "m");
    mc_run_update("block 1", 0.5, 0);
    assert_int_equal(list(&run), 0);
    mc_run_end();
}

static void write_file(const char *root, const char *folder, const char *name, const char *text)
{
    char  command[256], path[256];
    FILE *file;

    snprintf(command, sizeof command, "mkdir -p '%s/%s'", root, folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command of a test */
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static const mc_gpu *find_gpu(const mc_gpu *gpus, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(gpus[i].name, name) == 0) return &gpus[i];
    return NULL;
}

static void gpus_are_read_from_their_drivers(void **state)
{
    static const char nvidia[] = "proc/driver/nvidia/gpus/0000:01:00.0";
    static const char amd[]    = "sys/class/drm/card1/device";
    mc_gpu            gpus[4];
    const mc_gpu     *found;

    (void)state;
    assert_int_equal(mc_gpus_read(home, gpus, 4), 0);
    write_file(home, nvidia, "information",
               "Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 205\n");
    write_file(home, "sys/class/drm/card0/device", "vendor", "0x10de\n"); /* the same one */
    write_file(home, amd, "vendor", "0x1002\n");
    write_file(home, amd, "device", "0x740f\n");
    write_file(home, amd, "mem_info_vram_total", "68702699520\n");
    write_file(home, amd, "mem_info_vram_used", "10850304\n");
    write_file(home, "sys/class/drm/card1-DP-1/device", "vendor", "0x1002\n"); /* a plug */
    write_file(home, "sys/class/drm/card2/device", "vendor", "0x1234\n");      /* virtual */
    write_file(home, "sys/class/drm/renderD128/device", "vendor", "0x1002\n"); /* the same */
    assert_int_equal(mc_gpus_read(home, gpus, 4), 2);
    found = find_gpu(gpus, 2, "NVIDIA A100-SXM4-40GB");
    assert_true(found && found->memory_total == 0);
    found = find_gpu(gpus, 2, "AMD GPU 740f");
    assert_true(found && found->memory_total == 68702699520 && found->memory_used == 10850304);
    assert_int_equal(mc_gpus_read(home, gpus, 1), 2); /* counted, not written past the end */
}

static void the_disk_of_a_folder_to_come(void **state)
{
    char    path[128];
    mc_disk here, below;

    (void)state;
    snprintf(path, sizeof path, "%s/not/there/yet", home);
    here  = mc_disk_read(home);
    below = mc_disk_read(path);
    assert_true(here.total > 0 && here.available <= here.total);
    assert_int_equal(below.total, here.total);
    assert_true(mc_disk_read("relative").total > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_seen_while_it_lasts), TEST(a_killed_process_is_dead),
        TEST(only_the_living_are_believed), TEST(a_day_of_silence_is_the_end),
        TEST(no_home_is_no_obstacle),       TEST(gpus_are_read_from_their_drivers),
        TEST(the_disk_of_a_folder_to_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
