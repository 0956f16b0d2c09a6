/* capture.h - what is kept of a forward pass: layers, pooling, and concept response matrices.
 *
 *     mc_crm *crm;
 *
 *     mc_crm_open("tiny.crm.safetensors", &crm, &err);
 *     const mc_crm_info *info = mc_crm_get_info(crm);
 *     const float *last = mc_crm_values(crm, info->block_count, MC_CRM_STATE); // rows x hidden
 *     mc_crm_close(crm);
 *
 * A concept response matrix (CRM) has one row a probe and one column a hidden unit, for every
 * layer that was kept. State 0 is the embedding output, state k the residual stream after block
 * k of L, before the final norm; `final` is after it. */
#ifndef MODELCYPHER_CAPTURE_H
#define MODELCYPHER_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <modelcypher/error.h>
#include <modelcypher/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- layers ---- */

/* 0 .. L are layers as numbers; this one is the state after the final norm, behind them all. */
enum { MC_LAYER_FINAL = 0x7fffffff };

typedef struct mc_layers {
    int   *items; /* ascending, each once */
    size_t count;
} mc_layers;

/* What a person types, for a model of `block_count` blocks L: numbers 0 .. L, -k for L+1-k,
 * inclusive ranges "a..b" of those, "final", "all" (0 .. L and final), separated by commas.
 * MC_ERR_LAYER: anything else, with the valid range. Freed with mc_layers_clear. */
MC_API mc_status mc_layers_parse(const char *text, int block_count, mc_layers *layers,
                                 mc_error *err) MC_MUST_CHECK;
MC_API void      mc_layers_clear(mc_layers *layers); /* an all-zero one is fine */

#define MC_LAYER_TEXT 12
/* "12", "final". Returns `text`. */
MC_API const char *mc_layer_print(int layer, char text[MC_LAYER_TEXT]);

/* ---- pooling ---- */

typedef enum mc_pooling {
    MC_POOLING_LAST, /* the last token of a text */
    MC_POOLING_MEAN, /* over positions >= 1; a text of one token keeps its one */
    MC_POOLING_ALL   /* every token is a row */
} mc_pooling;

MC_API const char *mc_pooling_name(mc_pooling pooling); /* "last", "mean", "all" */
MC_API bool        mc_pooling_find(const char *name, mc_pooling *pooling);

/* ---- what a CRM holds ---- */

typedef enum mc_crm_part {
    MC_CRM_STATE,        /* [rows, hidden]: means over each probe's texts */
    MC_CRM_SPLIT,        /* [2, rows, hidden]: over the first and the second half of them */
    MC_CRM_CONTROL,      /* the probes' control texts */
    MC_CRM_CONTROL_SPLIT /* ... in halves */
} mc_crm_part;
enum { MC_CRM_PART_COUNT = 4 };

/* Tokens of all texts back to back, and which belong together. */
typedef struct mc_crm_texts {
    const int32_t *token_ids; /* NULL: not known */
    size_t         token_count;
    const int64_t *text_offsets; /* text_count + 1, into token_ids */
    size_t         text_count;
    const int64_t *probe_offsets; /* probe_count + 1, into the texts */
} mc_crm_texts;

/* Whether every probe has two texts or more: without that there are no halves to keep. */
MC_API bool mc_crm_can_split(const mc_crm_texts *texts, size_t probe_count);

/* ---- writing ---- */

/* Everything but the numbers, known before the first block runs. Copied as far as needed. */
typedef struct mc_crm_plan {
    const char *path; /* *.json: the JSON form; anything else: safetensors */
    const char *model;
    const char *created_at; /* "2025-01-31T12:00:00Z" */
    const char *provenance; /* a JSON object, as text */
    int         block_count;
    size_t      hidden;
    mc_layers   layers; /* ascending, each once; MC_LAYER_FINAL last */
    mc_pooling  pooling;

    const char *const *probe_ids; /* full ids */
    size_t             probe_count;
    mc_crm_texts       texts;
    bool               split;   /* keep halves; not with MC_POOLING_ALL */
    bool               control; /* control texts run in the same build */
    mc_crm_texts       control_texts;
    size_t             threads; /* that format the JSON form; 0: one a core */
} mc_crm_plan;

typedef struct mc_crm_writer mc_crm_writer;

/* Create the file under a temporary name in the same folder, so that what cannot be written is
 * known before anything is computed: MC_ERR_NOT_FOUND or MC_ERR_IO for the folder,
 * MC_ERR_DISK_FULL when the space cannot be had. Leftovers of a build of the same file that was
 * killed are removed. The JSON form has rows for probes only (MC_ERR_UNSUPPORTED). */
MC_API mc_status mc_crm_writer_open(const mc_crm_plan *plan, mc_crm_writer **writer,
                                    mc_error *err) MC_MUST_CHECK;

/* Write one layer of the plan: one pointer a part, contiguous rows; parts that the plan leaves
 * out are not looked at. Layers come once each, the JSON form needs them in ascending order.
 * With MC_POOLING_ALL a row is a token, else a probe, and the rows are written behind the call:
 * what fails may be the writing of an earlier layer. */
MC_API mc_status mc_crm_writer_put(mc_crm_writer *writer, int layer,
                                   const float *const parts[MC_CRM_PART_COUNT],
                                   mc_error          *err) MC_MUST_CHECK;

/* All layers are there: sync, rename into place. *size (may be NULL): bytes of the file. */
MC_API mc_status mc_crm_writer_finish(mc_crm_writer *writer, uint64_t *size,
                                      mc_error *err) MC_MUST_CHECK;

/* Frees the writer. A file that was not finished is removed; what was there before stays. NULL
 * is fine. */
MC_API void mc_crm_writer_close(mc_crm_writer *writer);

/* ---- reading ---- */

typedef struct mc_crm mc_crm;

/* Belongs to the CRM and dies with it. A text that is not known is "". */
typedef struct mc_crm_info {
    const char *path;
    const char *form;       /* "safetensors", "json", "json (older form)" */
    const char *model;      /* identifier */
    const char *created_at; /* as the file says it */
    const char *provenance; /* JSON text */
    uint64_t    file_size;
    int         block_count; /* L; -1: the file does not say */
    size_t      hidden;
    mc_pooling  pooling;
    mc_layers   layers;

    const char *const *probe_ids; /* numbered "row:1", ... where the file has none */
    size_t             probe_count;
    size_t             rows; /* probes, or tokens with MC_POOLING_ALL */
    bool               has_split, has_control, has_control_split; /* in every layer */
    size_t             control_rows;
    mc_crm_texts       texts, control_texts;

    const char *const *notes; /* what is missing or was assumed, one sentence each */
    size_t             note_count;
} mc_crm_info;

/* A CRM of ours in either form, of the older JSON form, or any safetensors file with
 * `state.<k>` tensors (F32, or F16, BF16, F64, which are widened or rounded to it).
 * MC_ERR_CRM: the file is whole but no CRM; MC_ERR_CORRUPT, MC_ERR_TRUNCATED: it is not. */
MC_API mc_status mc_crm_open(const char *path, mc_crm **crm, mc_error *err) MC_MUST_CHECK;
/* MC_ERR_IO when the file has changed, or could not be read, since it was opened: values are in
 * it and not in memory. Asked after the last of them has been used, before a result is
 * believed. */
MC_API mc_status          mc_crm_check(const mc_crm *crm, mc_error *err) MC_MUST_CHECK;
MC_API void               mc_crm_close(mc_crm *crm); /* NULL is fine */
MC_API const mc_crm_info *mc_crm_get_info(const mc_crm *crm);

/* Row-major values of a part of a layer; NULL: the file does not hold it. */
MC_API const float *mc_crm_values(const mc_crm *crm, int layer, mc_crm_part part);

/* ---- what is inside, for people ---- */

typedef struct mc_crm_layer_summary {
    int    layer;
    double norm_mean, norm_least, norm_median, norm_most; /* of finite rows; NAN: none */
    double control_norm_mean;                             /* NAN: no control */
    size_t not_finite; /* values that are NaN or infinite, in the states */
    size_t equal_rows; /* rows that equal the first one, besides it */
} mc_crm_layer_summary;

typedef struct mc_crm_source_summary {
    const char *source; /* of the full ids; borrowed from the summary */
    size_t      probes;
} mc_crm_source_summary;

typedef struct mc_crm_summary {
    mc_crm_layer_summary  *layers; /* as in the info */
    size_t                 layer_count;
    mc_crm_source_summary *sources; /* in the order of their first probe */
    size_t                 source_count;
} mc_crm_summary;

MC_API mc_status mc_crm_summarise(const mc_crm *crm, mc_crm_summary *summary,
                                  mc_error *err) MC_MUST_CHECK;
MC_API void      mc_crm_summary_clear(mc_crm_summary *summary);

#ifdef __cplusplus
}
#endif
#endif
