/* test_faults.c - what happens to a build, a comparison or a tokenizer when the world changes
 * under it: a file cut short, written to or replaced at a known moment. */
#define _GNU_SOURCE /* mkdtemp */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <modelcypher/analysis.h>

#include "base/file_map.h"
#include "support/check.h"

static char folder[] = "/tmp/mc_test_faults_XXXXXX";
static char model[64], output[64];

static void copy(const char *from, const char *to)
{
    char    *bytes;
    size_t   size;
    mc_error err  = { 0 };
    FILE    *file = fopen(to, "wb");

    CHECK_OK("read", mc_file_read(from, SIZE_MAX, &bytes, &size, &err));
    assert_true(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    free(bytes);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mc_test_faults_XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(model, sizeof model, "%s/model.gguf", folder);
    snprintf(output, sizeof output, "%s/out.safetensors", folder);
    copy(MC_TEST_FOLDER "/golden/models/tiny-llama.gguf", model);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(model);
    unlink(output);
    return rmdir(folder); /* fails when anything else is left there */
}

static void cut_short(void)
{
    assert_int_equal(truncate(model, 4096), 0);
}

static void write_to(void)
{
    int fd = open(model, O_WRONLY);

    usleep(20000); /* the file system's clock ticks every few milliseconds */
    assert_true(fd >= 0 && pwrite(fd, "?", 1, 100) == 1);
    close(fd);
}

static void replace(void)
{
    char other[80];

    snprintf(other, sizeof other, "%s.new", model);
    copy(MC_TEST_FOLDER "/golden/models/tiny-llama/config.json", other);
    assert_int_equal(rename(other, model), 0);
}

static void remove_it(void)
{
    assert_int_equal(unlink(model), 0);
}

typedef struct accident {
    const char *name;
    void (*happen)(void);
    int       at; /* block */
    mc_status status;
    bool      happened;
} accident;

static void meet(void *context, const mc_build_progress *progress)
{
    accident *a = context;

    if (a->happened || progress->block != a->at) return;
    a->happen();
    a->happened = true;
}

/* One thread: the caller then works on every tile, and is told of it. */
static mc_status build(accident *a, mc_error *err)
{
    mc_crm_build_options options = { .model           = model,
                                     .output          = output,
                                     .atlas           = "moral",
                                     .texts_per_probe = 1,
                                     .threads         = 1,
                                     .progress        = meet,
                                     .context         = a };

    return mc_crm_build(&options, NULL, err);
}

static void model_changes_during_a_build(void **state)
{
    accident rows[] = {
        { "cut short at the embedding", cut_short, 0, MC_ERR_IO },
        { "cut short at a block", cut_short, 1, MC_ERR_IO },
        { "cut short at the last block", cut_short, 2, MC_ERR_IO },
        { "written to", write_to, 1, MC_ERR_IO },
        { "replaced", replace, 1, MC_OK },
        { "removed", remove_it, 1, MC_OK },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mc_error err = { 0 };

        copy(MC_TEST_FOLDER "/golden/models/tiny-llama.gguf", model);
        CHECK(rows[i].name, build(&rows[i], &err) == rows[i].status && rows[i].happened);
        CHECK(rows[i].name, mc_path_exists(output) == (rows[i].status == MC_OK));
        if (rows[i].status != MC_OK) {
            CHECK(rows[i].name, strcmp(err.subject, model) == 0);
            CHECK(rows[i].name, strstr(err.reason, "changed while it was being read"));
        }
        unlink(output);
    }
}

static void matrix_changes_while_it_is_open(void **state)
{
    accident           none = { "none", NULL, -1, MC_OK, true };
    mc_crm            *crm  = NULL;
    mc_error           err  = { 0 };
    float              last;
    const mc_crm_info *info;

    (void)state;
    CHECK_OK("build", build(&none, &err));
    CHECK_OK("open", mc_crm_open(output, &crm, &err));
    CHECK_OK("whole", mc_crm_check(crm, &err));
    assert_int_equal(truncate(output, 4096), 0);
    info = mc_crm_get_info(crm);
    last = mc_crm_values(crm, info->layers.items[info->layers.count - 1],
                         MC_CRM_STATE)[info->rows * info->hidden - 1];
    assert_true(last == 0.0f);
    assert_int_equal(mc_crm_check(crm, &err), MC_ERR_IO);
    assert_string_equal(err.subject, output);
    mc_crm_close(crm);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = { TEST(model_changes_during_a_build),
                                        TEST(matrix_changes_while_it_is_open) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
