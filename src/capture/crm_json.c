/* crm_json.c - a CRM as JSON, written in one pass: head, then layer after layer. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "capture/crm.h"

/* Text goes to disk in pieces of this size. */
#define PIECE ((size_t)4 << 20)
/* A float takes 11 bytes on average; a file with less than this a float has next to nothing in
 * it. */
enum { FLOAT_BYTES_LEAST = 6 };
#define FLOAT_BYTES 10.9 /* with its comma */
/* Keys, brackets and the norm around a probe's numbers, beside its id, which is there twice. */
enum { PROBE_BYTES = 90, PART_BYTES = 60, TOKEN_BYTES = 6, OFFSET_BYTES = 6 };

static mc_status flush(mc_crm_writer *writer, mc_error *err)
{
    MC_TRY(mc_buffer_status(&writer->text, err));
    MC_TRY(mc_new_file_write(&writer->output, writer->size, writer->text.data,
                             writer->text.size, err));
    writer->size += writer->text.size;
    writer->text.size = 0;
    return MC_OK;
}

static void put_key_text(mc_json_writer *json, const char *key, const char *text)
{
    mc_json_key(json, key);
    mc_json_put_text(json, text);
}

static void put_key_count(mc_json_writer *json, const char *key, size_t count)
{
    mc_json_key(json, key);
    mc_json_put_uint(json, count);
}

/* Text that is JSON already. */
static void put_json(mc_json_writer *json, const char *key, const char *text)
{
    mc_json_key(json, key);
    mc_buffer_add_text(json->out, text);
    json->after_key   = false;
    json->has_sibling = true;
}

static size_t count_source(const mc_crm_plan *plan, const char *prefix)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->probe_count; i++)
        count += strncmp(plan->probe_ids[i], prefix, strlen(prefix)) == 0;
    return count;
}

static void put_anchors(mc_json_writer *json, const mc_crm_plan *plan)
{
    mc_json_key(json, "anchorMetadata");
    mc_json_begin_object(json);
    put_key_count(json, "totalCount", plan->probe_count);
    put_key_count(json, "semanticPrimeCount", count_source(plan, "semantic_prime:"));
    put_key_count(json, "computationalGateCount", count_source(plan, "computational_gate:"));
    mc_json_key(json, "anchorIDs");
    mc_json_begin_array(json);
    for (size_t i = 0; i < plan->probe_count; i++)
        mc_json_put_text(json, plan->probe_ids[i]);
    mc_json_end_array(json);
    mc_json_end_object(json);
}

static void put_offsets(mc_json_writer *json, const char *key, const int64_t *offsets,
                        size_t count)
{
    mc_json_key(json, key);
    mc_json_begin_array(json);
    for (size_t i = 0; i < count; i++)
        mc_json_put_int(json, offsets[i]);
    mc_json_end_array(json);
}

static void put_texts(mc_json_writer *json, const char *key, const mc_crm_texts *texts,
                      size_t probe_count)
{
    mc_json_key(json, key);
    mc_json_begin_object(json);
    mc_json_key(json, "tokenIDs");
    mc_json_begin_array(json);
    for (size_t i = 0; i < texts->token_count; i++)
        mc_json_put_int(json, texts->token_ids[i]);
    mc_json_end_array(json);
    put_offsets(json, "textOffsets", texts->text_offsets, texts->text_count + 1);
    put_offsets(json, "probeOffsets", texts->probe_offsets, probe_count + 1);
    mc_json_end_object(json);
}

static uint64_t count_floats(const mc_crm_plan *plan)
{
    uint64_t floats = 0;

    for (int p = 0; p < MC_CRM_PART_COUNT; p++)
        if (mc_crm_plan_has(plan, (mc_crm_part)p))
            floats += mc_crm_part_halves((mc_crm_part)p) *
                      mc_crm_plan_rows(plan, (mc_crm_part)p) * plan->hidden *
                      plan->layers.count;
    return floats;
}

static mc_status size_of(const mc_crm_plan *plan, uint64_t *size, mc_error *err)
{
    uint64_t ids   = 0;
    uint64_t texts = plan->texts.text_count + plan->control_texts.text_count;
    uint64_t parts = 1;

    (void)err;
    for (int p = MC_CRM_SPLIT; p < MC_CRM_PART_COUNT; p++)
        parts += mc_crm_plan_has(plan, (mc_crm_part)p);
    for (size_t i = 0; i < plan->probe_count; i++)
        ids += strlen(plan->probe_ids[i]);
    *size = (uint64_t)(FLOAT_BYTES * (double)count_floats(plan)) +
            plan->layers.count *
                (2 * ids + plan->probe_count * (PROBE_BYTES + (parts - 1) * PART_BYTES)) +
            ids + strlen(plan->provenance) + (texts + plan->probe_count) * OFFSET_BYTES +
            (plan->texts.token_count + plan->control_texts.token_count) * TOKEN_BYTES;
    return MC_OK;
}

static mc_status check_space(mc_crm_writer *writer, mc_error *err)
{
    return mc_new_file_check_space(&writer->output,
                                   count_floats(&writer->plan) * FLOAT_BYTES_LEAST, err);
}

static mc_status begin(mc_crm_writer *writer, mc_error *err)
{
    const mc_crm_plan *plan = &writer->plan;
    mc_json_writer    *json = &writer->json;

    if (plan->pooling == MC_POOLING_ALL)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "let the name of the file end in .safetensors",
                       "the JSON form holds one row a probe, not every token");
    MC_TRY(check_space(writer, err));
    *json = mc_json_writer_init(&writer->text, 0);
    mc_json_begin_object(json);
    put_key_text(json, "schema", MC_CRM_SCHEMA);
    put_key_text(json, "modelIdentifier", plan->model);
    put_key_text(json, "createdAt", plan->created_at);
    put_key_count(json, "layerCount", (size_t)plan->block_count);
    put_key_count(json, "hiddenDim", plan->hidden);
    put_anchors(json, plan);
    put_key_text(json, "pooling", mc_pooling_name(plan->pooling));
    put_json(json, "provenance", plan->provenance);
    put_texts(json, "texts", &plan->texts, plan->probe_count);
    if (plan->control) put_texts(json, "controlTexts", &plan->control_texts, plan->probe_count);
    mc_json_key(json, "activations");
    mc_json_begin_object(json);
    return flush(writer, err);
}

static void put_row(mc_crm_writer *writer, const float *row)
{
    mc_json_writer *json = &writer->json;
    double          sum  = 0;

    for (size_t j = 0; j < writer->plan.hidden; j++) {
        sum += (double)row[j] * (double)row[j];
        writer->not_finite += isfinite(row[j]) ? 0 : 1;
    }
    mc_json_key(json, "activation");
    mc_json_put_floats(json, row, writer->plan.hidden);
    mc_json_key(json, "norm");
    mc_json_put_float(json, (float)sqrt(sum));
}

static void put_halves(mc_crm_writer *writer, const float *first)
{
    size_t hidden = writer->plan.hidden;

    mc_json_key(&writer->json, "split");
    mc_json_begin_array(&writer->json);
    mc_json_put_floats(&writer->json, first, hidden);
    mc_json_put_floats(&writer->json, first + writer->plan.probe_count * hidden, hidden);
    mc_json_end_array(&writer->json);
}

static void put_probe(mc_crm_writer *writer, size_t row, int layer,
                      const float *const parts[MC_CRM_PART_COUNT])
{
    const mc_crm_plan *plan = &writer->plan;
    mc_json_writer    *json = &writer->json;
    size_t             at   = row * plan->hidden;

    mc_json_key(json, plan->probe_ids[row]);
    mc_json_begin_object(json);
    put_key_text(json, "anchorID", plan->probe_ids[row]);
    put_key_count(json, "layer",
                  (size_t)(layer == MC_LAYER_FINAL ? plan->block_count + 1 : layer));
    put_row(writer, parts[MC_CRM_STATE] + at);
    if (plan->split) put_halves(writer, parts[MC_CRM_SPLIT] + at);
    if (plan->control) {
        mc_json_key(json, "control");
        mc_json_begin_object(json);
        put_row(writer, parts[MC_CRM_CONTROL] + at);
        if (plan->split) put_halves(writer, parts[MC_CRM_CONTROL_SPLIT] + at);
        mc_json_end_object(json);
    }
    mc_json_end_object(json);
}

static mc_status put(mc_crm_writer *writer, size_t index,
                     const float *const parts[MC_CRM_PART_COUNT], const mc_crm_rows rows[2],
                     mc_error *err)
{
    int  layer = writer->plan.layers.items[index];
    char name[MC_LAYER_TEXT];

    (void)rows; /* all of them */
    mc_json_key(&writer->json, mc_layer_print(layer, name));
    mc_json_begin_object(&writer->json);
    for (size_t row = 0; row < writer->plan.probe_count; row++) {
        put_probe(writer, row, layer, parts);
        if (writer->text.size >= PIECE) MC_TRY(flush(writer, err));
    }
    mc_json_end_object(&writer->json);
    return flush(writer, err);
}

static mc_status end(mc_crm_writer *writer, mc_error *err)
{
    mc_json_writer *json = &writer->json;

    mc_json_end_object(json);
    mc_json_key(json, "notes");
    mc_json_begin_array(json);
    if (writer->not_finite > 0) {
        char note[80];

        snprintf(note, sizeof note, "%zu values are not finite and written as null",
                 writer->not_finite);
        mc_json_put_text(json, note);
    }
    mc_json_end_array(json);
    mc_json_end_object(json);
    mc_buffer_add_char(&writer->text, '\n');
    return flush(writer, err);
}

const mc_crm_form mc_crm_form_json = {
    .name = "json", .size = size_of, .begin = begin, .put = put, .end = end, .in_order = true
};
