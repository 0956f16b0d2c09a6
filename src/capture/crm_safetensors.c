/* crm_safetensors.c - a CRM as safetensors, written: the header is complete before the first
 * number is known, and every matrix goes straight to its place. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "capture/crm.h"

enum { ALIGNMENT = 64 };
/* The format's own limit. */
#define HEADER_MAX 100000000

/* A tensor of the header; `place` counts from the start of the data. */
static void add_tensor(mc_json_writer *json, const char *name, const char *dtype, size_t rank,
                       const uint64_t *shape, size_t element, uint64_t *place)
{
    uint64_t size = element;

    mc_json_key(json, name);
    mc_json_begin_object(json);
    mc_json_add_text(json, "dtype", dtype);
    mc_json_key(json, "shape");
    mc_json_begin_array(json);
    for (size_t i = 0; i < rank; i++) {
        mc_json_put_uint(json, shape[i]);
        size *= shape[i];
    }
    mc_json_end_array(json);
    mc_json_key(json, "data_offsets");
    mc_json_begin_array(json);
    mc_json_put_uint(json, *place);
    *place += size;
    mc_json_put_uint(json, *place);
    mc_json_end_array(json);
    mc_json_end_object(json);
}

/* places[i] (places may be NULL): where the first matrix of layer i begins. */
static void add_matrices(mc_json_writer *json, const mc_crm_plan *plan, uint64_t *places,
                         uint64_t *place)
{
    for (size_t i = 0; i < plan->layers.count; i++) {
        if (places) places[i] = *place;
        for (int p = 0; p < MC_CRM_PART_COUNT; p++) {
            mc_crm_part part     = (mc_crm_part)p;
            size_t      halves   = mc_crm_part_halves(part);
            uint64_t    shape[3] = { 2, mc_crm_plan_rows(plan, part), plan->hidden };
            char        name[MC_CRM_NAME_SIZE];

            if (!mc_crm_plan_has(plan, part)) continue;
            mc_crm_tensor_name(part, plan->layers.items[i], name);
            add_tensor(json, name, "F32", halves + 1, halves == 2 ? shape : shape + 1,
                       sizeof(float), place);
        }
    }
}

/* Offsets before ids: they stay at multiples of 8 wherever the hidden size is even. */
static void add_texts(mc_json_writer *json, const mc_crm_plan *plan, uint64_t *place)
{
    const mc_crm_texts      *texts[2]    = { &plan->texts, &plan->control_texts };
    static const char *const names[2][3] = {
        { "text_offsets", "probe_offsets", "token_ids" },
        { "control.text_offsets", "control.probe_offsets", "control.token_ids" },
    };

    for (int i = 0; i < (plan->control ? 2 : 1); i++) {
        uint64_t counts[2] = { texts[i]->text_count + 1, plan->probe_count + 1 };

        add_tensor(json, names[i][0], "I64", 1, &counts[0], sizeof(int64_t), place);
        add_tensor(json, names[i][1], "I64", 1, &counts[1], sizeof(int64_t), place);
    }
    for (int i = 0; i < (plan->control ? 2 : 1); i++) {
        uint64_t count = texts[i]->token_count;

        add_tensor(json, names[i][2], "I32", 1, &count, sizeof(int32_t), place);
    }
}

/* Values of the metadata are strings, JSON inside some of them. */
static mc_status add_metadata(mc_json_writer *json, const mc_crm_plan *plan, mc_error *err)
{
    mc_buffer      ids  = { 0 };
    mc_json_writer list = mc_json_writer_init(&ids, 0);
    char           blocks[16];
    mc_status      status;

    mc_json_begin_array(&list);
    for (size_t i = 0; i < plan->probe_count; i++)
        mc_json_put_text(&list, plan->probe_ids[i]);
    mc_json_end_array(&list);
    status = mc_buffer_status(&ids, err);
    if (status != MC_OK) return status;
    snprintf(blocks, sizeof blocks, "%d", plan->block_count);
    const struct {
        const char *key, *text;
    } rows[] = { { "mc.schema", MC_CRM_SCHEMA },
                 { "mc.model", plan->model },
                 { "mc.created", plan->created_at },
                 { "mc.blocks", blocks },
                 { "mc.pooling", mc_pooling_name(plan->pooling) },
                 { "probes", ids.data },
                 { "provenance", plan->provenance } };
    mc_json_key(json, "__metadata__");
    mc_json_begin_object(json);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        mc_json_add_text(json, rows[i].key, rows[i].text);
    mc_json_end_object(json);
    mc_buffer_clear(&ids);
    return MC_OK;
}

/* The u64 and the header, padded; *data is the size of what follows. */
static mc_status make_header(const mc_crm_plan *plan, uint64_t *places, mc_buffer *header,
                             uint64_t *data, mc_error *err)
{
    mc_json_writer json = mc_json_writer_init(header, 0);
    uint8_t        length[8];
    uint64_t       size;

    *data = 0;
    mc_buffer_add(header, "\0\0\0\0\0\0\0\0", sizeof length);
    mc_json_begin_object(&json);
    MC_TRY(add_metadata(&json, plan, err));
    add_matrices(&json, plan, places, data);
    add_texts(&json, plan, data);
    mc_json_end_object(&json);
    while (header->size % ALIGNMENT != 0 && !header->failed)
        mc_buffer_add_char(header, ' ');
    MC_TRY(mc_buffer_status(header, err));
    size = header->size - sizeof length;
    if (size > HEADER_MAX)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "ask for fewer probes at once",
                       "the names of %zu probes do not fit into the header of a file",
                       plan->probe_count);
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(size >> (8 * i));
    memcpy(header->data, length, sizeof length);
    return MC_OK;
}

/* Offsets and ids, at the end of the file. */
static mc_status write_texts(mc_crm_writer *writer, mc_error *err)
{
    const mc_crm_plan  *plan     = &writer->plan;
    const mc_crm_texts *texts[2] = { &plan->texts, &plan->control_texts };
    int                 count    = plan->control ? 2 : 1;
    uint64_t            at       = writer->size;
    size_t              probes   = (plan->probe_count + 1) * sizeof(int64_t);

    for (int i = count - 1; i >= 0; i--) {
        size_t size = texts[i]->token_count * sizeof(int32_t);
        at -= size;
        MC_TRY(mc_new_file_write(&writer->output, at, texts[i]->token_ids, size, err));
    }
    for (int i = count - 1; i >= 0; i--) {
        size_t size = (texts[i]->text_count + 1) * sizeof(int64_t);
        at -= probes;
        MC_TRY(mc_new_file_write(&writer->output, at, texts[i]->probe_offsets, probes, err));
        at -= size;
        MC_TRY(mc_new_file_write(&writer->output, at, texts[i]->text_offsets, size, err));
    }
    return MC_OK;
}

static mc_status begin(mc_crm_writer *writer, mc_error *err)
{
    mc_buffer header = { 0 };
    uint64_t  data   = 0;
    mc_status status = make_header(&writer->plan, writer->places, &header, &data, err);

    if (status == MC_OK) {
        for (size_t i = 0; i < writer->plan.layers.count; i++)
            writer->places[i] += header.size;
        writer->size = header.size + data;
        status       = mc_new_file_reserve(&writer->output, writer->size, err);
    }
    if (status == MC_OK)
        status = mc_new_file_write(&writer->output, 0, header.data, header.size, err);
    if (status == MC_OK) status = write_texts(writer, err);
    if (writer->plan.pooling == MC_POOLING_ALL) mc_new_file_go_direct(&writer->output);
    mc_buffer_clear(&header);
    return status;
}

/* Rows of a part, at their place in each of its halves. */
static mc_status put_part(mc_crm_writer *writer, uint64_t at, mc_crm_part part,
                          const float *values, mc_crm_rows rows, mc_error *err)
{
    const uint64_t row    = writer->plan.hidden * sizeof(float);
    const uint64_t matrix = mc_crm_plan_rows(&writer->plan, part) * row;

    for (size_t half = 0; half < mc_crm_part_halves(part); half++)
        MC_TRY(mc_new_file_write(&writer->output, at + half * matrix + rows.first * row,
                                 values + half * rows.count * writer->plan.hidden,
                                 rows.count * row, err));
    return MC_OK;
}

static mc_status put(mc_crm_writer *writer, size_t index,
                     const float *const parts[MC_CRM_PART_COUNT], const mc_crm_rows rows[2],
                     mc_error *err)
{
    uint64_t at = writer->places[index];

    for (int p = 0; p < MC_CRM_PART_COUNT; p++) {
        mc_crm_part part = (mc_crm_part)p;

        if (!mc_crm_plan_has(&writer->plan, part)) continue;
        MC_TRY(put_part(writer, at, part, parts[p], rows[part >= MC_CRM_CONTROL], err));
        at += mc_crm_part_halves(part) * mc_crm_plan_rows(&writer->plan, part) *
              writer->plan.hidden * sizeof(float);
    }
    return MC_OK;
}

static mc_status end(mc_crm_writer *writer, mc_error *err)
{
    (void)writer;
    (void)err;
    return MC_OK;
}

static mc_status size_of(const mc_crm_plan *plan, uint64_t *size, mc_error *err)
{
    mc_buffer header = { 0 };
    uint64_t  data   = 0;
    mc_status status = make_header(plan, NULL, &header, &data, err);

    if (status == MC_OK) *size = header.size + data;
    mc_buffer_clear(&header);
    return status;
}

const mc_crm_form mc_crm_form_safetensors = {
    .name = "safetensors", .size = size_of, .begin = begin, .put = put, .end = end
};
