/* runs.c - the entries of <home>/runs/: "<host>-<space>-<process>.json", replaced
 * as a whole. */
#include "cache/runs.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <modelcypher/system.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/new_file.h"
#include "cache/home.h"

enum { ENTRY_MAX = 16384, STALE_SECONDS = 86400 };

static struct {
    mc_run run;
    char  *path; /* NULL: nothing is told */
    double told; /* mc_clock() */
} own;

/* ---- who is who ---- */

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

static void read_boot(char *out, size_t size)
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (!file) return;
    if (!fgets(out, (int)size, file)) out[0] = '\0';
    fclose(file);
    out[strcspn(out, "\n")] = '\0';
}

static void identify(mc_run *run)
{
    char    link[64] = ""; /* "pid:[4026531836]" */
    ssize_t size     = readlink("/proc/self/ns/pid", link, sizeof link - 1);

    if (size > 0) copy_text(run->space, sizeof run->space, link + strcspn(link, "0123456789"));
    run->space[strspn(run->space, "0123456789")] = '\0';
    read_boot(run->boot, sizeof run->boot);
    if (gethostname(run->host, sizeof run->host - 1) != 0 || !run->host[0])
        copy_text(run->host, sizeof run->host, "localhost");
    for (char *c = run->host; *c; c++)
        if (*c == '/') *c = '_';
}

/* Field 22 of /proc/<process>/stat, behind the command's name, which may hold anything. */
static uint64_t born(int64_t process)
{
    char     path[64], text[1024];
    FILE    *file;
    size_t   size = 0;
    char    *at;
    uint64_t ticks = 0;

    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", process);
    file = fopen(path, "re");
    if (!file) return 0;
    size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    at         = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at && sscanf(at, " %" SCNu64, &ticks) != 1) ticks = 0;
    return ticks;
}

/* ---- one entry ---- */

static void write_fields(const mc_run *run, mc_buffer *out)
{
    mc_json_writer json = mc_json_writer_init(out, 0);

    mc_json_begin_object(&json);
    mc_json_add_text(&json, "host", run->host);
    mc_json_add_text(&json, "boot", run->boot);
    mc_json_add_text(&json, "space", run->space);
    mc_json_add_int(&json, "process", run->process);
    mc_json_add_uint(&json, "born", run->born);
    mc_json_add_text(&json, "command", run->command);
    mc_json_add_text(&json, "model", run->model);
    mc_json_add_text(&json, "stage", run->stage);
    mc_json_add_double(&json, "fraction", run->fraction);
    mc_json_add_double(&json, "tokensPerSecond", run->tokens_a_second);
    mc_json_add_int(&json, "started", run->started);
    mc_json_add_int(&json, "updated", run->updated);
    mc_json_add_uint(&json, "memory", run->memory);
    mc_json_end_object(&json);
    mc_buffer_add_char(out, '\n');
}

static bool read_text(mc_json_value root, const char *key, char *out, size_t size)
{
    const char *text;
    size_t      length;

    if (!mc_json_string(mc_json_get(root, key), &text, &length)) return false;
    copy_text(out, size, text);
    return true;
}

static bool read_fields(mc_json_value root, mc_run *run)
{
    return read_text(root, "host", run->host, sizeof run->host) &&
           read_text(root, "boot", run->boot, sizeof run->boot) &&
           read_text(root, "space", run->space, sizeof run->space) &&
           read_text(root, "command", run->command, sizeof run->command) &&
           read_text(root, "model", run->model, sizeof run->model) &&
           read_text(root, "stage", run->stage, sizeof run->stage) &&
           mc_json_int64(mc_json_get(root, "process"), &run->process) &&
           mc_json_uint64(mc_json_get(root, "born"), &run->born) &&
           mc_json_double(mc_json_get(root, "fraction"), &run->fraction) &&
           mc_json_double(mc_json_get(root, "tokensPerSecond"), &run->tokens_a_second) &&
           mc_json_int64(mc_json_get(root, "started"), &run->started) &&
           mc_json_int64(mc_json_get(root, "updated"), &run->updated) &&
           mc_json_uint64(mc_json_get(root, "memory"), &run->memory);
}

/* Not synced: after a crash of the machine it says nothing true. */
static bool replace(const char *path, const mc_buffer *text)
{
    mc_new_file file;

    if (text->failed || mc_new_file_open(path, &file, NULL) != MC_OK) return false;
    if (mc_new_file_write(&file, 0, text->data, text->size, NULL) == MC_OK)
        return mc_new_file_finish_unsynced(&file, NULL) == MC_OK;
    mc_new_file_discard(&file);
    return false;
}

static void tell(void)
{
    mc_buffer text = { 0 };

    own.told        = mc_clock();
    own.run.updated = time(NULL);
    own.run.memory  = mc_memory_active();
    write_fields(&own.run, &text);
    if (!replace(own.path, &text)) mc_log(MC_LOG_DEBUG, "cannot write '%s'", own.path);
    mc_buffer_clear(&text);
}

static char *entry_path(const mc_run *run)
{
    char      name[192];
    char     *path = NULL;
    mc_status status;

    snprintf(name, sizeof name, "runs/%s-%s-%" PRId64 ".json", run->host, run->space,
             run->process);
    status = mc_home_path(name, &path, NULL);
    return status == MC_OK ? path : NULL;
}

void mc_run_begin(const char *command, const char *model)
{
    char *folder = NULL;

    mc_run_end();
    own.run      = (mc_run){ .process = getpid(), .started = time(NULL) };
    own.run.born = born(own.run.process);
    identify(&own.run);
    copy_text(own.run.command, sizeof own.run.command, command);
    copy_text(own.run.model, sizeof own.run.model, model ? model : "");
    if (mc_home_path("runs", &folder, NULL) == MC_OK && mc_folder_create(folder, NULL) == MC_OK)
        own.path = entry_path(&own.run);
    mc_free(folder);
    if (own.path) tell();
}

void mc_run_update(const char *stage, double fraction, double tokens_a_second)
{
    const double least = 0.5; /* seconds between two words */

    if (!own.path) return;
    copy_text(own.run.stage, sizeof own.run.stage, stage);
    own.run.fraction        = fraction;
    own.run.tokens_a_second = tokens_a_second;
    if (mc_clock() - own.told >= least) tell();
}

void mc_run_end(void)
{
    if (!own.path) return;
    unlink(own.path);
    mc_free(own.path);
    own.path = NULL;
}

/* ---- all entries ---- */

static bool is_running(mc_run *run, const mc_run *here)
{
    bool here_too = strcmp(run->host, here->host) == 0;

    if (here_too && strcmp(run->boot, here->boot) != 0) return false;
    if (!here_too || strcmp(run->space, here->space) != 0)
        return time(NULL) - run->updated < STALE_SECONDS;
    if (born(run->process) != run->born) return false;
    run->memory = mc_process_memory(run->process);
    return true;
}

/* An entry that is not whole is nobody's: they are replaced whole. */
static bool read_entry(const char *path, const mc_run *here, mc_run *run)
{
    mc_json  *json    = NULL;
    bool      running = false;
    mc_status status  = mc_json_load(path, ENTRY_MAX, &json, NULL);

    *run = (mc_run){ 0 };
    if (status == MC_ERR_MEMORY) return false; /* nothing is known about it */
    if (status == MC_OK)
        running = read_fields(mc_json_root(json), run) && is_running(run, here);
    mc_json_free(json);
    if (!running) unlink(path);
    return running;
}

static int by_start(const void *a, const void *b)
{
    const mc_run *first = a, *second = b;

    if (first->started != second->started) return first->started < second->started ? -1 : 1;
    return (first->process > second->process) - (first->process < second->process);
}

static bool is_entry(const char *name)
{
    size_t size = strlen(name);

    return size > 5 && strcmp(name + size - 5, ".json") == 0;
}

static mc_status read_all(DIR *list, const char *folder, mc_run **runs, size_t *count,
                          mc_error *err)
{
    size_t capacity = 0;
    mc_run here     = { 0 };

    identify(&here);
    for (struct dirent *entry; (entry = readdir(list));) {
        char *path;
        if (!is_entry(entry->d_name)) continue;
        MC_TRY(mc_grow((void **)runs, &capacity, *count, sizeof **runs, err));
        path = mc_path_join(folder, entry->d_name);
        if (!path) return mc_fail_memory(err, strlen(folder));
        *count += read_entry(path, &here, &(*runs)[*count]);
        mc_free(path);
    }
    return MC_OK;
}

mc_status mc_runs_list(mc_run **runs, size_t *count, mc_error *err)
{
    char     *folder = NULL;
    mc_run   *found  = NULL;
    size_t    number = 0;
    mc_status status = mc_home_path("runs", &folder, NULL);
    DIR      *list   = status == MC_OK ? opendir(folder) : NULL;

    /* No home, or nothing has ever run. */
    status = list ? read_all(list, folder, &found, &number, err) : MC_OK;
    if (list) closedir(list);
    if (list) (void)mc_new_file_sweep(folder); /* of processes that were killed as they wrote */
    mc_free(folder);
    if (status != MC_OK) {
        mc_free(found);
        return status;
    }
    if (number > 1) qsort(found, number, sizeof *found, by_start);
    *runs  = found;
    *count = number;
    return MC_OK;
}
