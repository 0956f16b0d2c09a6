/* test_cgroup.c - the memory limits of control groups, from trees as the kernel shows them. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cgroup.h"
#include "base/machine.h"
#include "support/check.h"
#include "support/scratch.h"

#define NONE "9223372036854771712\n"
enum { FILES = 9 };

typedef struct tree {
    const char *name;
    struct {
        const char *path, *text;
    } files[FILES]; /* "groups" is /proc/self/cgroup */
    uint64_t limit, available;
} tree;

static const tree trees[] = {
    { "version 2, no limit",
      { { "groups", "0::/user\n" },
        { "user/memory.max", "max\n" },
        { "user/memory.current", "5000\n" } },
      0,
      0 },
    { "version 2, page cache is free",
      { { "groups", "0::/user\n" },
        { "user/memory.max", "100000\n" },
        { "user/memory.current", "60000\n" },
        { "user/memory.stat",
          "anon 20000\nfile 40000\ninactive_file 30000\nactive_file 5000\n" } },
      100000,
      75000 },
    { "version 2, the group above is tighter",
      { { "groups", "0::/slice/unit\n" },
        { "slice/memory.max", "50000\n" },
        { "slice/memory.current", "10000\n" },
        { "slice/unit/memory.max", "80000\n" },
        { "slice/unit/memory.current", "1000\n" } },
      50000,
      40000 },
    { "version 2, the least limit need not leave least",
      { { "groups", "0::/slice/unit\n" },
        { "slice/memory.max", "90000\n" },
        { "slice/memory.current", "85000\n" },
        { "slice/unit/memory.max", "40000\n" },
        { "slice/unit/memory.current", "1000\n" } },
      40000,
      5000 },
    { "version 2, a container that sees only its own group",
      { { "groups", "0::/../host/name\n" },
        { "memory.max", "70000\n" },
        { "memory.current", "10000\n" } },
      70000,
      60000 },
    { "version 1, no limit",
      { { "groups", "9:name=systemd:/\n4:memory:/user\n0::/\n" },
        { "memory/user/memory.limit_in_bytes", NONE },
        { "memory/memory.limit_in_bytes", NONE } },
      0,
      0 },
    { "version 1, with other controllers in the line",
      { { "groups", "5:cpu,cpuacct:/else\n4:hugetlb,memory:/job\n" },
        { "memory/job/memory.limit_in_bytes", "200000\n" },
        { "memory/job/memory.usage_in_bytes", "150000\n" },
        { "memory/job/memory.stat", "inactive_file 1\nactive_file 1\ntotal_inactive_file "
                                    "50000\ntotal_active_file 20000\n" },
        { "memory/memory.limit_in_bytes", NONE } },
      200000,
      120000 },
    { "version 1, the host's path is not there",
      { { "groups", "4:memory:/docker/1234\n" },
        { "memory/memory.limit_in_bytes", "300000\n" },
        { "memory/memory.usage_in_bytes", "300001\n" } },
      300000,
      0 },
    { "nothing is told", { { "groups", "" } }, 0, 0 },
    { "damaged", { { "groups", "0:\n:\n4:memory\n\n7:memory:\n" } }, 0, 0 },
};

static void put(const char *root, const char *path, const char *text)
{
    char  full[256];
    FILE *file;

    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(full, 0700);
        *at = '/';
    }
    file = fopen(full, "w");
    assert_true(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void limits_of_every_tree_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        char             root[MC_TEST_SCRATCH], groups[64];
        mc_cgroup_memory memory;

        mc_test_scratch_make(root);
        for (size_t f = 0; f < FILES && trees[i].files[f].path; f++)
            put(root, trees[i].files[f].path, trees[i].files[f].text);
        snprintf(groups, sizeof groups, "%s/groups", root);
        memory = mc_cgroup_memory_read(groups, root);
        CHECK(trees[i].name, memory.limit == trees[i].limit);
        CHECK(trees[i].name, memory.available == trees[i].available);
        mc_test_scratch_remove(root);
    }
}

static void this_machine_has_memory(void **state)
{
    mc_machine machine = mc_machine_read();

    (void)state;
    assert_true(machine.memory_total > 0 && machine.cores > 0 && machine.cores_usable > 0);
    assert_true(machine.memory_available <= machine.memory_total);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(limits_of_every_tree_are_found),
                                        cmocka_unit_test(this_machine_has_memory) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
