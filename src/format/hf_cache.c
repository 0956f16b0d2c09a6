/* hf_cache.c - a name "org/name" to its folder in the local Hugging Face cache:
 *
 *     <cache>/models--org--name/refs/main               a revision
 *     <cache>/models--org--name/snapshots/<revision>/   links to ../../blobs/<hash>
 *
 * <cache> is HF_HUB_CACHE, else HF_HOME/hub, else XDG_CACHE_HOME/huggingface/hub, else
 * ~/.cache/huggingface/hub. Nothing is ever fetched. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "format/store.h"

enum { REVISION_LIMIT = 200 };

static char *find_cache(void)
{
    static const struct {
        const char *variable, *tail;
    } places[]     = { { "HF_HUB_CACHE", "" },
                       { "HUGGINGFACE_HUB_CACHE", "" },
                       { "HF_HOME", "/hub" },
                       { "XDG_CACHE_HOME", "/huggingface/hub" },
                       { "HOME", "/.cache/huggingface/hub" } };
    mc_buffer path = { 0 };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *value = getenv(places[i].variable);
        if (!value || !value[0]) continue;
        mc_buffer_printf(&path, "%s%s", value, places[i].tail);
        return mc_buffer_take(&path);
    }
    return mc_strdup(".cache/huggingface/hub");
}

static bool is_component(const char *text, size_t size)
{
    if (size == 0 || text[0] == '.') return false; /* "..", and nothing hidden */
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i])) return false;
    return true;
}

/* "name" or "org/name", as the hub allows them. */
static bool is_repository(const char *name)
{
    const char *slash = strchr(name, '/');

    if (!slash) return is_component(name, strlen(name));
    return is_component(name, (size_t)(slash - name)) &&
           is_component(slash + 1, strlen(slash + 1));
}

/* The only snapshot of a folder without refs/main; empty when there is none or a choice. */
static void only_snapshot(const char *folder, char revision[REVISION_LIMIT])
{
    char          *path  = mc_path_join(folder, "snapshots");
    DIR           *list  = path ? opendir(path) : NULL;
    struct dirent *entry = NULL;
    int            count = 0;

    revision[0] = '\0';
    while (list && (entry = readdir(list))) {
        if (!is_component(entry->d_name, strlen(entry->d_name))) continue;
        if (strlen(entry->d_name) >= REVISION_LIMIT) continue;
        strcpy(revision, entry->d_name);
        count++;
    }
    if (list) closedir(list);
    mc_free(path);
    if (count != 1) revision[0] = '\0';
}

static mc_status read_revision(const char *folder, char revision[REVISION_LIMIT], mc_error *err)
{
    char     *path = mc_path_join(folder, "refs/main");
    char     *text = NULL;
    size_t    size;
    mc_status status;

    if (!path) return mc_fail_memory(err, strlen(folder));
    if (!mc_path_exists(path)) {
        mc_free(path);
        only_snapshot(folder, revision);
        return MC_OK;
    }
    status = mc_file_read(path, REVISION_LIMIT - 1, &text, &size, err);
    if (status == MC_OK) {
        while (size > 0 && isspace((unsigned char)text[size - 1]))
            text[--size] = '\0';
        strcpy(revision, text);
        if (!is_component(revision, size) || strlen(revision) != size) {
            mc_fail(err, MC_ERR_UNSAFE_PATH, "fetch the model again",
                    "does not hold the name of a revision");
            status = mc_fail_about(err, MC_ERR_UNSAFE_PATH, "%s", path);
        }
    }
    mc_free(text);
    mc_free(path);
    return status;
}

static mc_status fail_absent(const char *name, const char *cache, mc_error *err)
{
    mc_fail(err, MC_ERR_NOT_FOUND,
            "check the path; a model of the Hugging Face hub must have been fetched before "
            "(hf download ORG/NAME)",
            "no such file or folder, and not in the Hugging Face cache '%s'", cache);
    return mc_fail_about(err, MC_ERR_NOT_FOUND, "%s", name);
}

static mc_status find_in(const char *cache, const char *name, char **path, mc_error *err)
{
    char        revision[REVISION_LIMIT];
    mc_buffer   text  = { 0 };
    const char *slash = strchr(name, '/');
    char       *folder;
    mc_status   status;

    mc_buffer_printf(&text, "%s/models--", cache);
    if (slash) mc_buffer_printf(&text, "%.*s--", (int)(slash - name), name);
    mc_buffer_add_text(&text, slash ? slash + 1 : name);
    folder = mc_buffer_take(&text);
    if (!folder) return mc_fail_memory(err, strlen(name));
    status = mc_path_is_folder(folder) ? read_revision(folder, revision, err)
                                       : fail_absent(name, cache, err);
    if (status == MC_OK && revision[0]) {
        mc_buffer_printf(&text, "%s/snapshots/%s", folder, revision);
        *path = mc_buffer_take(&text);
        if (!*path) status = mc_fail_memory(err, strlen(folder));
    } else if (status == MC_OK) {
        mc_fail(err, MC_ERR_NOT_FOUND, "fetch the model again, or name the snapshot's folder",
                "has no refs/main and not exactly one snapshot");
        status = mc_fail_about(err, MC_ERR_NOT_FOUND, "%s", folder);
    }
    mc_free(folder);
    return status;
}

/* What is there but out of reach (permissions, a loop of links) is not absent. */
static mc_status check_reach(const char *name, mc_error *err)
{
    struct stat info;
    mc_status   status;

    if (stat(name, &info) == 0 || errno == ENOENT || errno == ENOTDIR) return MC_OK;
    status = mc_fail_errno(err, "check the path and its permissions", "cannot reach it");
    return mc_fail_about(err, status, "%s", name);
}

mc_status mc_hf_cache_find(const char *name, char **path, mc_error *err)
{
    char     *cache = NULL;
    char     *found = NULL;
    mc_status status;

    MC_TRY(check_reach(name, err));
    cache = find_cache();
    if (!cache) return mc_fail_memory(err, strlen(name));
    if (!is_repository(name)) {
        mc_fail(err, MC_ERR_NOT_FOUND, "check the path", "no such file or folder");
        status = mc_fail_about(err, MC_ERR_NOT_FOUND, "%s", name);
    } else {
        status = find_in(cache, name, &found, err);
        if (status == MC_OK && !mc_path_is_folder(found))
            status = fail_absent(name, cache, err);
    }
    if (status == MC_OK)
        *path = found;
    else
        mc_free(found);
    mc_free(cache);
    return status;
}

char *mc_hf_cache_name(const char *path)
{
    const char *begin = strstr(path, "/models--");
    const char *end   = begin ? strstr(begin, "/snapshots/") : NULL;

    if (!end) return NULL;
    begin += strlen("/models--");
    for (const char *at = begin; at + 2 <= end; at++) {
        if (*at == '/') return NULL;
        if (strncmp(at, "--", 2) == 0) return mc_strndup(at + 2, (size_t)(end - at - 2));
    }
    return mc_strndup(begin, (size_t)(end - begin));
}
