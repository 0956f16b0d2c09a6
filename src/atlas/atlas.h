/* atlas.h (private to atlas) - how an atlas is put together.
 *
 * Texts of probes borrow from the parsed JSON documents (or from the one text file), arrays and
 * full ids live in the arena; all of it dies with the atlas. */
#ifndef MC_ATLAS_ATLAS_H
#define MC_ATLAS_ATLAS_H

#include <modelcypher/atlas.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"

#define MC_CONTROL_SOURCE "control"

typedef struct mc_probe_list {
    mc_probe *items;
    size_t    count, capacity;
} mc_probe_list;

struct mc_atlas {
    mc_atlas_info    info;
    char             sha256[MC_SHA256_TEXT];
    mc_json        **documents; /* what the probes' texts borrow from */
    size_t           document_count, document_capacity;
    char            *plain; /* ... or this */
    mc_arena        *arena;
    mc_probe_list    probes, controls;
    const mc_probe **by_id; /* probes and controls that are not among them, by full id */
    size_t           by_id_count;
    const mc_probe **by_match; /* controls, by what they match */
};

mc_status mc_atlas_create(mc_atlas **atlas, mc_error *err);

/* Parse one document of schema mc.atlas.v1 and add its probes, control probes apart. *name and
 * *version borrow from the atlas. `file` is for messages. */
mc_status mc_atlas_add_document(mc_atlas *atlas, const char *text, size_t size,
                                const char *file, const char **name, const char **version,
                                mc_error *err);

/* mc_atlas_open_file() of bytes that were read already; `path` is for messages and the info. */
mc_status mc_atlas_read_file(const char *text, size_t size, const char *path, mc_atlas **atlas,
                             mc_error *err);

/* All probes are there: index them, check what can only be seen in the whole (duplicates,
 * controls), complete the info. */
mc_status mc_atlas_settle(mc_atlas *atlas, mc_error *err);

mc_status mc_probe_list_add(mc_probe_list *list, const mc_probe *probe, mc_error *err);

/* The place of a source in the atlas's order; the number of sources for one not of ours. */
size_t mc_atlas_source_rank(const char *source);

/* "semantic_primes,moral" to one flag a row of mc_atlas_sets() that has a source, and the same
 * in the atlas's order as text (in the arena). */
mc_status mc_atlas_select(const char *selection, mc_arena *arena, bool *wanted,
                          const char **canonical, mc_error *err);
enum { MC_ATLAS_SOURCES = 9 }; /* the eight and the control */

#endif
