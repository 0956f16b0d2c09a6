/* selftest.c - stored references against what is computed here, on every backend there is. */
#include <modelcypher/selftest.h>

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/selftest.h"
#include "base/alloc.h"
#include "base/file_map.h"

/* ---- where they lie ---- */

/* <folder of the program>/<rest>, if it is a folder; allocated. */
static char *beside_program(const char *rest)
{
    char    program[PATH_MAX], *slash, *path;
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

    if (length <= 0) return NULL;
    program[length] = '\0';
    slash           = strrchr(program, '/');
    if (!slash) return NULL;
    *slash = '\0';
    path   = mc_path_join(program, rest);
    if (path && mc_path_is_folder(path)) return path;
    mc_free(path);
    return NULL;
}

static mc_status find_folder(const char *given, char **folder, mc_error *err)
{
    const char *set = getenv("MC_SELFTEST");

    if (!given && set && *set) given = set;
    if (given)
        *folder = mc_strdup(given);
    else if (!(*folder = beside_program("selftest")))
        *folder = beside_program("../share/modelcypher/selftest");
    if (*folder && mc_path_is_folder(*folder)) return MC_OK;
    mc_fail(err, MC_ERR_NOT_FOUND,
            "install the program with its share/ folder, or name the folder in MC_SELFTEST",
            "the stored references are not there");
    return mc_fail_about(err, MC_ERR_NOT_FOUND, "%s",
                         *folder ? *folder : "../share/modelcypher/selftest");
}

/* ---- the list ---- */

static mc_status add_item(mc_selftest_report *report, mc_selftest_item **item, mc_error *err)
{
    void *grown = report->items;

    MC_TRY(mc_grow(&grown, &report->capacity, report->count, sizeof **item, err));
    report->items = grown;
    *item         = &report->items[report->count++];
    **item        = (mc_selftest_item){ .same_bits = true };
    return MC_OK;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mc_free(names[i]);
    mc_free(names);
}

/* The entries of a folder, sorted. */
static mc_status list(const char *path, char ***names, size_t *count, mc_error *err)
{
    DIR           *folder = opendir(path);
    struct dirent *entry;
    void          *grown    = NULL;
    size_t         capacity = 0;
    mc_status      status   = MC_OK;

    *count = 0;
    while (status == MC_OK && folder && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.') continue;
        status = mc_grow(&grown, &capacity, *count, sizeof **names, err);
        if (status == MC_OK && !(((char **)grown)[*count] = mc_strdup(entry->d_name)))
            status = mc_fail_memory(err, strlen(entry->d_name));
        *count += status == MC_OK;
    }
    if (folder) closedir(folder);
    *names = grown;
    if (status != MC_OK)
        free_names(grown, *count);
    else if (*count > 0)
        qsort(grown, *count, sizeof **names, by_name);
    return status;
}

/* ---- states of an architecture ---- */

static const mc_backend *backend_at(const mc_selftest_report *report, size_t index)
{
    return index == 0 ? &mc_backend_ref : mc_backend_cpu_tier(report->backends[index]);
}

static void find_backends(mc_selftest_report *report)
{
    const char *tier;

    report->backends[report->backend_count++] = "ref";
    for (size_t i = 0; (tier = mc_backend_cpu_tier_name(i)); i++)
        if (mc_backend_cpu_tier(tier) && report->backend_count < MC_SELFTEST_BACKENDS_MOST)
            report->backends[report->backend_count++] = tier;
}

static mc_status compare_states(const mc_selftest_report *report, const mc_model *model,
                                const mc_reference *reference, size_t threads,
                                mc_selftest_item *item, mc_error *err)
{
    mc_hash first = { 0 };

    item->passed = true;
    for (size_t i = 0; i < report->backend_count; i++) {
        mc_comparison_sum sum = { 0 };
        MC_TRY(
            mc_reference_compare(model, reference, backend_at(report, i), threads, &sum, err));
        item->errors[i] = sum.worst;
        item->values    = sum.values;
        if (!(sum.worst <= MC_SELFTEST_BOUND)) item->passed = false;
        if (i == 1) first = sum.bits;
        if (i > 1 && !mc_hash_equal(first, sum.bits)) item->same_bits = false;
    }
    item->passed = item->passed && item->same_bits;
    return MC_OK;
}

/* What cannot be opened or run is a reference that was missed, with its reason. */
static mc_status check_case(mc_selftest_report *report, const char *folder, const char *name,
                            size_t threads, mc_error *err)
{
    char             *path = mc_path_join(folder, name), *gguf = NULL;
    mc_model         *model     = NULL;
    mc_reference      reference = { 0 };
    mc_error          why       = { 0 };
    mc_selftest_item *item;
    mc_status         status = path ? add_item(report, &item, err) : mc_fail_memory(err, 0);

    if (status != MC_OK) {
        mc_free(path);
        return status;
    }
    snprintf(item->name, sizeof item->name, "%s", name);
    gguf   = mc_path_join(path, "model.gguf");
    status = mc_reference_open(path, &reference, &why);
    if (status == MC_OK)
        status = mc_model_open(gguf && mc_path_exists(gguf) ? gguf : path, &model, &why);
    if (status == MC_OK) {
        snprintf(item->subject, sizeof item->subject, "%s",
                 mc_model_get_info(model)->architecture);
        status = compare_states(report, model, &reference, threads, item, &why);
    }
    if (status != MC_OK) {
        item->passed = false;
        snprintf(item->reason, sizeof item->reason, "%s", why.reason);
    }
    mc_model_close(model);
    mc_reference_close(&reference);
    mc_free(gguf);
    mc_free(path);
    if (status != MC_ERR_INTERRUPTED && status != MC_ERR_MEMORY) return MC_OK;
    *err = why;
    return status;
}

static mc_status check_architectures(mc_selftest_report *report, size_t threads, mc_error *err)
{
    char     *folder = mc_path_join(report->folder, "arch"), **names = NULL;
    size_t    count  = 0;
    mc_status status = folder ? list(folder, &names, &count, err) : mc_fail_memory(err, 0);

    for (size_t i = 0; status == MC_OK && i < count; i++)
        status = check_case(report, folder, names[i], threads, err);
    free_names(names, count);
    mc_free(folder);
    return status;
}

/* ---- stored types ---- */

static mc_status check_type(mc_selftest_report *report, const char *folder, const char *name,
                            mc_error *err)
{
    char             *path = mc_path_join(folder, name);
    mc_selftest_item *item;
    mc_error          why    = { 0 };
    mc_status         status = path ? add_item(report, &item, err) : mc_fail_memory(err, 0);

    if (status == MC_OK) {
        item->is_type = true;
        snprintf(item->name, sizeof item->name, "%s", name);
        status       = mc_reference_compare_type(path, item->subject, sizeof item->subject,
                                                 &item->values, &item->errors[0], &why);
        item->passed = status == MC_OK && item->errors[0] <= 0.0;
        if (status != MC_OK) snprintf(item->reason, sizeof item->reason, "%s", why.reason);
        if (status == MC_ERR_MEMORY)
            *err = why;
        else
            status = MC_OK;
    }
    mc_free(path);
    return status;
}

static mc_status check_types(mc_selftest_report *report, mc_error *err)
{
    char     *folder = mc_path_join(report->folder, "dtype"), **names = NULL;
    size_t    count  = 0;
    mc_status status = folder ? list(folder, &names, &count, err) : mc_fail_memory(err, 0);

    for (size_t i = 0; status == MC_OK && i < count; i++)
        status = check_type(report, folder, names[i], err);
    free_names(names, count);
    mc_free(folder);
    return status;
}

/* ---- all of it ---- */

static void conclude(mc_selftest_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const mc_selftest_item *item = &report->items[i];
        report->failed += !item->passed;
        for (size_t b = 0; !item->is_type && b < report->backend_count; b++)
            if (!(item->errors[b] <= report->worst)) report->worst = item->errors[b];
    }
}

mc_status mc_selftest_run(const char *folder, size_t threads, mc_selftest_report **report,
                          mc_error *err)
{
    mc_selftest_report *result = mc_calloc(1, sizeof *result);
    mc_status           status;

    if (!result) return mc_fail_memory(err, sizeof *result);
    find_backends(result);
    status = find_folder(folder, &result->folder, err);
    if (status == MC_OK) status = check_architectures(result, threads, err);
    if (status == MC_OK) status = check_types(result, err);
    if (status == MC_OK && result->count == 0)
        status = mc_fail(err, MC_ERR_NOT_FOUND, "install the program's share/ folder again",
                         "there is no reference in '%s'", result->folder);
    if (status != MC_OK) {
        mc_selftest_report_free(result);
        return status;
    }
    conclude(result);
    *report = result;
    return MC_OK;
}

void mc_selftest_report_free(mc_selftest_report *report)
{
    if (!report) return;
    mc_free(report->items);
    mc_free(report->folder);
    mc_free(report);
}
