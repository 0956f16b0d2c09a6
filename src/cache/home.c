/* home.c - the home folder and the folders in it. */
#include "cache/home.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/file_map.h"

static const struct {
    const char *name, *below, *variable;
    bool        unsynced;
} kinds[MC_CACHE_KIND_COUNT] = {
    [MC_CACHE_FINGERPRINT] = { "fingerprint", "caches/fingerprints", NULL },
    [MC_CACHE_ACTIVATIONS] = { "activations", "caches/activations", "MC_ACTIVATION_CACHE_DIR",
                               true },
    [MC_CACHE_CHECKPOINT]  = { "checkpoint", "caches/activations", "MC_ACTIVATION_CACHE_DIR",
                               true },
    [MC_CACHE_HASHES]      = { "hashes", "caches/hashes", NULL },
};

const char *mc_cache_kind_name(mc_cache_kind kind)
{
    return kinds[kind].name;
}

bool mc_cache_is_synced(mc_cache_kind kind)
{
    return !kinds[kind].unsynced;
}

static const char *variable(const char *name)
{
    const char *value = name ? getenv(name) : NULL;

    return value && value[0] ? value : NULL;
}

mc_status mc_home_path(const char *below, char **path, mc_error *err)
{
    const char *home = variable("MODELCYPHER_HOME"), *user = variable("HOME");
    mc_buffer   text = { 0 };
    char       *result;

    if (!home && !user)
        return mc_fail(err, MC_ERR_NOT_FOUND, "set MODELCYPHER_HOME to a folder",
                       "there is no home folder: neither MODELCYPHER_HOME nor HOME is set");
    if (home)
        mc_buffer_add_text(&text, home);
    else
        mc_buffer_printf(&text, "%s/.modelcypher", user);
    if (below[0]) mc_buffer_printf(&text, "/%s", below);
    result = mc_buffer_take(&text);
    if (!result) return mc_fail_memory(err, strlen(below));
    *path = result;
    return MC_OK;
}

mc_status mc_cache_folder(mc_cache_kind kind, char **path, mc_error *err)
{
    const char *elsewhere = variable(kinds[kind].variable);
    char       *copy;

    if (!elsewhere) return mc_home_path(kinds[kind].below, path, err);
    copy = mc_strdup(elsewhere);
    if (!copy) return mc_fail_memory(err, strlen(elsewhere) + 1);
    *path = copy;
    return MC_OK;
}

static mc_status create_one(const char *path, mc_error *err)
{
    mc_status status;

    if (mkdir(path, 0777) == 0 || (errno == EEXIST && mc_path_is_folder(path))) return MC_OK;
    if (errno == EEXIST) errno = ENOTDIR;
    status = mc_fail_errno(err, "make its parent writable, or set MODELCYPHER_HOME to a folder",
                           "cannot create the folder");
    return mc_fail_about(err, status, "%s", path);
}

mc_status mc_folder_create(const char *path, mc_error *err)
{
    char     *copy   = mc_strdup(path);
    mc_status status = MC_OK;

    if (!copy) return mc_fail_memory(err, strlen(path) + 1);
    for (char *at = copy; status == MC_OK && *at && (at = strchr(at + 1, '/'));) {
        *at = '\0';
        /* What is there may forbid writing: a read-only "/" is no obstacle. */
        if (!mc_path_is_folder(copy)) status = create_one(copy, err);
        *at = '/';
    }
    if (status == MC_OK) status = create_one(path, err);
    mc_free(copy);
    return status;
}
