/* crm.h (private to capture) - concept response matrices as files.
 *
 * As safetensors:
 *
 *     | u64 n | header, n bytes, padded with blanks so that data begins at a multiple of 64 |
 *     | for each layer: state, split, control, control.split (F32) |
 *     | text_offsets, probe_offsets (I64), the same of the control | token_ids (I32), ... |
 *
 * The tensors lie without gaps, as the format demands; a matrix begins at a multiple of 64
 * where the hidden size is a multiple of 16, at a multiple of 4 always. Names: `state.<k>` and
 * `final`; `split.<k>`, `control.<k>`, `control.split.<k>`, where <k> is a number or "final";
 * the control's texts are `control.token_ids`, `control.text_offsets`, `control.probe_offsets`.
 * Metadata: mc.schema, mc.model, mc.created, mc.blocks, mc.pooling, probes, provenance.
 *
 * As JSON (shown with line ends, written without):
 *
 *     { "schema": "mc.crm.v1", "modelIdentifier", "createdAt", "layerCount": L, "hiddenDim",
 *       "anchorMetadata": { "totalCount", "semanticPrimeCount", "computationalGateCount",
 *                           "anchorIDs": [...] },
 *       "pooling", "provenance": {...},
 *       "texts": { "tokenIDs", "textOffsets", "probeOffsets" }, "controlTexts": {...},
 *       "activations": { "<k>": { "<anchorID>": {
 *           "anchorID", "layer": k (L + 1 for "final"), "activation": [...], "norm",
 *           "split": [[...], [...]],
 *           "control": { "activation": [...], "norm", "split": [[...], [...]] } } } },
 *       "notes": [...] }
 *
 * A value that is not finite is null there (and stays what it is in safetensors). */
#ifndef MC_CAPTURE_CRM_H
#define MC_CAPTURE_CRM_H

#include <modelcypher/capture.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/file_map.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/new_file.h"
#include "base/span.h"

#define MC_CRM_SCHEMA "mc.crm.v1"
#define MC_CRM_NAME_SIZE 40

/* "state.3", "final", "control.split.final". */
void mc_crm_tensor_name(mc_crm_part part, int layer, char name[MC_CRM_NAME_SIZE]);
/* The reverse; false: not a name of a matrix. */
bool mc_crm_tensor_parse(const char *name, mc_crm_part *part, int *layer);

/* Rows of a part's matrix (of one half, for the splits), and whether the plan has it. */
/* The form that the path asks for takes layers only in order and with all their rows. */
bool                 mc_crm_plan_in_order(const mc_crm_plan *plan);
size_t               mc_crm_plan_rows(const mc_crm_plan *plan, mc_crm_part part);
bool                 mc_crm_plan_has(const mc_crm_plan *plan, mc_crm_part part);
static inline size_t mc_crm_part_halves(mc_crm_part part)
{
    return part == MC_CRM_SPLIT || part == MC_CRM_CONTROL_SPLIT ? 2 : 1;
}

/* ---- writing: one row a form ---- */

/* Which rows of a matrix, in a file whose rows come in several calls. */
typedef struct mc_crm_rows {
    size_t first, count;
} mc_crm_rows;

typedef struct mc_crm_form {
    const char *name;
    /* Bytes that a file of the plan takes: exactly, or about where numbers are text. */
    mc_status (*size)(const mc_crm_plan *plan, uint64_t *size, mc_error *err);
    mc_status (*begin)(mc_crm_writer *writer, mc_error *err);
    mc_status (*put)(mc_crm_writer *writer, size_t index,
                     const float *const parts[MC_CRM_PART_COUNT], const mc_crm_rows rows[2],
                     mc_error *err);
    mc_status (*end)(mc_crm_writer *writer, mc_error *err);
    bool in_order; /* layers must come in ascending order, with all their rows */
} mc_crm_form;

extern const mc_crm_form mc_crm_form_safetensors, mc_crm_form_json;

/* What the plan's file will take, in the form that its path names. The plan is not checked. */
mc_status mc_crm_plan_size(const mc_crm_plan *plan, uint64_t *size, mc_error *err);

struct mc_crm_writer {
    const mc_crm_form *form;
    mc_crm_plan        plan; /* layers and probe ids are copies, in the arena; the
                                arrays of the texts are the caller's, for begin() only */
    mc_arena   *arena;
    mc_new_file output;
    size_t     *written; /* rows of each layer's state */
    size_t      written_count;
    bool        failed, finished;
    uint64_t    size; /* of the file: known at first, or so far */

    uint64_t *places; /* safetensors: where the first matrix of each layer begins */

    mc_buffer      text; /* JSON: what is not on disk yet */
    mc_json_writer json;
    size_t         not_finite;
};

/* Some rows of a layer (rows[0] of the state and its halves, rows[1] of the control): parts are
 * matrices of so many rows. Every row once. */
mc_status mc_crm_writer_put_rows(mc_crm_writer *writer, int layer,
                                 const float *const parts[MC_CRM_PART_COUNT],
                                 const mc_crm_rows rows[2], mc_error *err);

/* ---- reading ---- */

struct mc_crm {
    mc_crm_info  info;
    mc_arena    *arena; /* texts, tables, values that are not used in place */
    mc_file_map *file;  /* what the values borrow from; NULL: somebody else's memory */
    const char **notes;
    size_t       note_capacity;
    bool         pooling_told;                 /* the file says what a row is of */
    const float *(*values)[MC_CRM_PART_COUNT]; /* one row a layer of the info */
};

/* Read from bytes that outlive the CRM: the file itself, or a test's. */
mc_status mc_crm_read(mc_span bytes, const char *path, mc_crm **crm, mc_error *err);
mc_status mc_crm_read_safetensors(mc_crm *crm, mc_span bytes, const char *path, mc_error *err);
mc_status mc_crm_read_json(mc_crm *crm, mc_span bytes, mc_error *err);

/* Add a sentence to the notes. */
mc_status mc_crm_note(mc_crm *crm, mc_error *err, const char *format, ...) MC_PRINTF(3, 4);
/* A copy in the arena. */
mc_status mc_crm_keep(mc_crm *crm, const char *text, size_t size, const char **out,
                      mc_error *err);
/* The ids of an array of strings; NULL in *ids when it is no such array. */
mc_status mc_crm_keep_ids(mc_crm *crm, mc_json_value list, const char *const **ids,
                          size_t *count, mc_error *err);
/* "row:1", "row:2", ... */
mc_status mc_crm_number_ids(mc_crm *crm, size_t count, mc_error *err);
/* No id twice. */
mc_status mc_crm_check_ids(const mc_crm *crm, mc_error *err);
/* Sort the layers, refuse one that is there twice, make room for the values. */
mc_status mc_crm_settle_layers(mc_crm *crm, mc_error *err);
/* The index of a layer; -1: none of the file's. */
ptrdiff_t mc_crm_layer_index(const mc_crm *crm, int layer);
/* All is read: what every layer has, and notes about what is missing. */
mc_status mc_crm_settle(mc_crm *crm, mc_error *err);
/* Offsets ascend from 0, the last of texts to the tokens, the last of probes to the texts. */
bool mc_crm_texts_hold(const mc_crm_texts *texts, size_t probe_count);

#endif
