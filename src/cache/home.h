/* home.h - the folder in which results are kept between runs: MODELCYPHER_HOME, else
 * ~/.modelcypher.
 *
 *     caches/fingerprints/   summaries of models: small, kept until they are removed
 *     caches/activations/    pooled states and checkpoints of running builds: large, kept for a
 *                            while; MC_ACTIVATION_CACHE_DIR names another place
 *     caches/hashes/         content hashes of files that have not changed since
 *
 * Folders appear when something is first written. Whoever keeps results there goes on without
 * them when that fails. */
#ifndef MC_CACHE_HOME_H
#define MC_CACHE_HOME_H

#include <stdbool.h>

#include "base/error.h"

typedef enum mc_cache_kind {
    MC_CACHE_FINGERPRINT,
    MC_CACHE_ACTIVATIONS,
    MC_CACHE_CHECKPOINT,
    MC_CACHE_HASHES,
    MC_CACHE_KIND_COUNT
} mc_cache_kind;

/* "fingerprint", "activations", "checkpoint", "hashes": also what the files' names end in. */
const char *mc_cache_kind_name(mc_cache_kind kind);
/* Entries are on the disk before they appear. The large ones are not: a loss of power may
 * damage them, which is seen when they are read. */
bool mc_cache_is_synced(mc_cache_kind kind);

/* "<home>/<below>" (the home itself for ""), allocated; nothing is created. MC_ERR_NOT_FOUND:
 * neither MODELCYPHER_HOME nor HOME is set. */
mc_status mc_home_path(const char *below, char **path, mc_error *err);
/* The folder of a kind, allocated; nothing is created. */
mc_status mc_cache_folder(mc_cache_kind kind, char **path, mc_error *err);

/* Create a folder and those above it; one that is there is fine. */
mc_status mc_folder_create(const char *path, mc_error *err);

#endif
