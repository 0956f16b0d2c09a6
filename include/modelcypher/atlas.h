/* atlas.h - the probes: short texts whose hidden states are measured.
 *
 *     mc_atlas *atlas;
 *
 *     mc_atlas_open_builtin("semantic_primes,moral", &atlas, &err);
 *     for (size_t i = 0; i < mc_atlas_count(atlas); i++)
 *         puts(mc_atlas_probe(atlas, i)->full_id);
 *     mc_atlas_close(atlas);
 *
 * An atlas is read and checked whole at opening and never changes: any number of threads may
 * look at one at once. Everything in it belongs to it and dies with it. */
#ifndef MODELCYPHER_ATLAS_H
#define MODELCYPHER_ATLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <modelcypher/error.h>
#include <modelcypher/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_atlas mc_atlas;

typedef struct mc_probe_text {
    const char *bytes; /* UTF-8, NUL-terminated; may hold NUL bytes when a file says so */
    size_t      size;
} mc_probe_text;

/* One concept. A text that does not apply is "", never NULL. */
typedef struct mc_probe {
    const char *full_id; /* "<source>:<id>", unique in the atlas */
    const char *source;  /* "semantic_prime", ..., "text" for plain texts */
    const char *id;
    const char *domain, *category;
    const char *category_name; /* for display; the category itself where none is given */
    const char *name, *description;
    double      weight;

    const mc_probe_text *texts;
    size_t               text_count; /* at least 1 */

    const char        *expression; /* of a sequence: "definition", "code", "ratio", ... */
    const char        *axis;       /* ordered scale; `level` is the place on it */
    int                level;      /* 1 .. 5; 0: on no scale */
    const char        *intensity;  /* of an emotion: "primary", "mild", "intense", "dyad" */
    const char        *opposite;   /* id of a probe of the same source */
    bool               has_affect; /* the next three are given */
    double             valence, arousal, dominance; /* -1 .. 1, 0 .. 1, 0 .. 1 */
    const char *const *components;                  /* ids of the parts */
    size_t             component_count;
    const char *const *exponents; /* words that carry a semantic prime */
    size_t             exponent_count;
    const char        *matches; /* of a control probe: the full id it stands beside */
} mc_probe;

/* Where the probes come from: what a result file repeats. */
typedef struct mc_atlas_info {
    const char *name; /* "builtin", or the file's own "name"; "texts" for plain texts */
    const char
        *selection;      /* the sets that were asked for, in the atlas's order; "" of a file */
    const char *path;    /* "" of the built-in atlas */
    const char *version; /* of the inventory; "" of plain texts */
    const char *sha256;  /* 64 hex digits: of the file's bytes; of the built-in atlas, those of
                            all its files joined in the order of their names */
    size_t text_count;   /* of all probes together */
    bool   has_control;  /* every probe has a control probe */
} mc_atlas_info;

/* Named sets of the built-in atlas, ending with a NULL name. Those with a source come in the
 * order of the atlas; "all" and "control" follow. */
typedef struct mc_atlas_set {
    const char *name;    /* as typed: "semantic_primes" */
    const char *source;  /* "semantic_prime"; "" of "all" */
    const char *summary; /* one line */
    size_t      count;   /* probes */
} mc_atlas_set;
MC_API const mc_atlas_set *mc_atlas_sets(void);

/* The built-in atlas, or part of it: set names separated by commas; NULL or "" is "all". Each
 * probe is there once, in the atlas's own order whatever the order of the names.
 * MC_ERR_ATLAS: unknown name (with the nearest one). */
MC_API mc_status mc_atlas_open_builtin(const char *selection, mc_atlas **atlas,
                                       mc_error *err) MC_MUST_CHECK;

/* A JSON file of schema mc.atlas.v1 (data/atlas/README.md). Its control probes, if it has any,
 * are set aside for mc_atlas_control(), unless it has nothing else. `path` may be a pipe, or
 * "-" for standard input; so it may in mc_atlas_open_texts(). MC_ERR_ATLAS: which probe and
 * field is wrong, and why. */
MC_API mc_status mc_atlas_open_file(const char *path, mc_atlas **atlas,
                                    mc_error *err) MC_MUST_CHECK;

/* One text a line, as probes text:1, text:2, ... A line ends at LF and nowhere else (a CR is
 * part of the text); a last line without one counts. An empty line is refused, because leaving
 * it out would shift every number after it. MC_ERR_ENCODING: a line is not UTF-8. */
MC_API mc_status mc_atlas_open_texts(const char *path, mc_atlas **atlas,
                                     mc_error *err) MC_MUST_CHECK;
/* The same for text in memory (copied). */
MC_API mc_status mc_atlas_read_texts(const char *text, size_t size, mc_atlas **atlas,
                                     mc_error *err) MC_MUST_CHECK;

MC_API void mc_atlas_close(mc_atlas *atlas); /* NULL is fine */

MC_API const mc_atlas_info *mc_atlas_get_info(const mc_atlas *atlas);
MC_API size_t               mc_atlas_count(const mc_atlas *atlas);
MC_API const mc_probe *mc_atlas_probe(const mc_atlas *atlas, size_t index); /* NULL past it */

/* The control probe that stands beside a probe; NULL: there is none. */
MC_API const mc_probe *mc_atlas_control(const mc_atlas *atlas, size_t index);

/* By full id; NULL: no such probe. */
MC_API const mc_probe *mc_atlas_find(const mc_atlas *atlas, const char *full_id);

/* For what a person types: a full id, or an id alone where one source has it.
 * MC_ERR_ATLAS: unknown (with the nearest id), or several sources have it (named). */
MC_API mc_status mc_atlas_search(const mc_atlas *atlas, const char *id, const mc_probe **probe,
                                 mc_error *err) MC_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
