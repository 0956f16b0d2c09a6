/* crm_writer.c - writing a CRM layer by layer: what both forms have in common.
 *
 * The plan is checked whole, and the file created, before anything is computed. */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "capture/crm.h"

/* ---- the plan ---- */

bool mc_crm_can_split(const mc_crm_texts *texts, size_t probe_count)
{
    for (size_t i = 0; i < probe_count; i++)
        if (texts->probe_offsets[i + 1] - texts->probe_offsets[i] < 2) return false;
    return probe_count > 0;
}

size_t mc_crm_plan_rows(const mc_crm_plan *plan, mc_crm_part part)
{
    bool control = part == MC_CRM_CONTROL || part == MC_CRM_CONTROL_SPLIT;

    if (plan->pooling != MC_POOLING_ALL) return plan->probe_count;
    return control ? plan->control_texts.token_count : plan->texts.token_count;
}

bool mc_crm_plan_has(const mc_crm_plan *plan, mc_crm_part part)
{
    switch (part) {
    case MC_CRM_STATE: return true;
    case MC_CRM_SPLIT: return plan->split;
    case MC_CRM_CONTROL: return plan->control;
    case MC_CRM_CONTROL_SPLIT: return plan->control && plan->split;
    }
    return false;
}

static bool ascends(const int64_t *offsets, size_t count, size_t end)
{
    if (!offsets || offsets[0] != 0) return false;
    for (size_t i = 0; i < count; i++)
        if (offsets[i + 1] < offsets[i]) return false;
    return offsets[count] >= 0 && (uint64_t)offsets[count] == end;
}

bool mc_crm_texts_hold(const mc_crm_texts *texts, size_t probe_count)
{
    return ascends(texts->text_offsets, texts->text_count, texts->token_count) &&
           ascends(texts->probe_offsets, probe_count, texts->text_count);
}

static mc_status check_texts(const mc_crm_plan *plan, const mc_crm_texts *texts,
                             const char *which, mc_error *err)
{
    if (!texts->token_ids || !mc_crm_texts_hold(texts, plan->probe_count))
        return mc_fail(err, MC_ERR_ARGUMENT,
                       "offsets ascend from 0 to the number of tokens, or of texts",
                       "the %s do not fit together", which);
    if (plan->split && !mc_crm_can_split(texts, plan->probe_count))
        return mc_fail(err, MC_ERR_ARGUMENT, "keep no halves (mc_crm_can_split)",
                       "halves are wanted, but among the %s a probe has only one", which);
    return MC_OK;
}

static mc_status check_layers(const mc_crm_plan *plan, mc_error *err)
{
    int last = -1;

    for (size_t i = 0; i < plan->layers.count; i++) {
        int layer = plan->layers.items[i];

        if (layer <= last || (layer > plan->block_count && layer != MC_LAYER_FINAL))
            return mc_fail(err, MC_ERR_ARGUMENT, "layers ascend, each once (mc_layers_parse)",
                           "layer %d is out of order or out of range", layer);
        last = layer;
    }
    if (plan->layers.count == 0)
        return mc_fail(err, MC_ERR_ARGUMENT, "ask for a layer", "no layer is to be kept");
    return MC_OK;
}

/* The texts of the plan must be UTF-8, and the provenance an object: tried by the parser that
 * will read them. */
static mc_status check_json(const mc_crm_plan *plan, mc_error *err)
{
    mc_buffer      text   = { 0 };
    mc_json_writer writer = mc_json_writer_init(&text, 0);
    mc_json       *json   = NULL;
    mc_status      status;

    mc_json_begin_array(&writer);
    mc_json_put_text(&writer, plan->model);
    mc_json_put_text(&writer, plan->created_at);
    for (size_t i = 0; i < plan->probe_count; i++)
        mc_json_put_text(&writer, plan->probe_ids[i]);
    mc_json_end_array(&writer);
    status = mc_buffer_status(&text, err);
    if (status == MC_OK) status = mc_json_parse(text.data, text.size, &json, err);
    mc_json_free(json);
    mc_buffer_clear(&text);
    if (status == MC_ERR_CORRUPT)
        return mc_fail(err, MC_ERR_ARGUMENT, "write them in UTF-8",
                       "a probe's id or the model's name is not UTF-8");
    if (status != MC_OK) return status;
    json   = NULL;
    status = mc_json_parse(plan->provenance, strlen(plan->provenance), &json, err);
    if (status == MC_ERR_CORRUPT ||
        (status == MC_OK && mc_json_type_of(mc_json_root(json)) != MC_JSON_OBJECT))
        status = mc_fail(err, MC_ERR_ARGUMENT, "give a JSON object as text",
                         "the provenance is no JSON object");
    mc_json_free(json);
    return status;
}

static mc_status check_plan(const mc_crm_plan *plan, mc_error *err)
{
    size_t size;

    if (!plan->path || !plan->model || !plan->created_at || !plan->provenance ||
        !plan->probe_ids || plan->probe_count == 0 || plan->hidden == 0 ||
        plan->block_count < 0)
        return mc_fail(err, MC_ERR_ARGUMENT, "fill in the plan",
                       "a path, a model, probes or the hidden size is missing in the plan");
    if (plan->split && plan->pooling == MC_POOLING_ALL)
        return mc_fail(err, MC_ERR_ARGUMENT, "keep no halves when every token is kept",
                       "tokens have no halves");
    MC_TRY(check_layers(plan, err));
    MC_TRY(check_texts(plan, &plan->texts, "texts", err));
    if (plan->control) MC_TRY(check_texts(plan, &plan->control_texts, "control texts", err));
    for (int part = 0; part < MC_CRM_PART_COUNT; part++)
        if (!mc_mul_size(mc_crm_plan_rows(plan, (mc_crm_part)part), 16, &size) ||
            !mc_mul_size(size, plan->hidden, &size) ||
            !mc_mul_size(size, plan->layers.count, &size) || size > INT64_MAX / 8)
            return mc_fail(err, MC_ERR_ARGUMENT, "ask for fewer layers or texts",
                           "the file would be too large");
    return check_json(plan, err);
}

/* ---- the writer ---- */

static const mc_crm_form *form_of(const char *path)
{
    size_t length = strlen(path);

    return length > 5 && strcmp(path + length - 5, ".json") == 0 ? &mc_crm_form_json
                                                                 : &mc_crm_form_safetensors;
}

bool mc_crm_plan_in_order(const mc_crm_plan *plan)
{
    return form_of(plan->path)->in_order;
}

mc_status mc_crm_plan_size(const mc_crm_plan *plan, uint64_t *size, mc_error *err)
{
    return form_of(plan->path)->size(plan, size, err);
}

/* What is needed after begin(): the layers and the probes' ids. */
static mc_status copy_plan(mc_crm_writer *writer, const mc_crm_plan *plan, mc_error *err)
{
    mc_crm_plan *copy = &writer->plan;
    char       **ids;

    *copy = *plan;
    MC_TRY(mc_arena_array(writer->arena, plan->layers.count, sizeof *copy->layers.items,
                          (void **)&copy->layers.items, err));
    memcpy(copy->layers.items, plan->layers.items,
           plan->layers.count * sizeof *plan->layers.items);
    MC_TRY(mc_arena_array(writer->arena, plan->layers.count, sizeof *writer->written,
                          (void **)&writer->written, err));
    memset(writer->written, 0, plan->layers.count * sizeof *writer->written);
    MC_TRY(mc_arena_array(writer->arena, plan->layers.count, sizeof *writer->places,
                          (void **)&writer->places, err));
    MC_TRY(mc_arena_array(writer->arena, plan->probe_count, sizeof *ids, (void **)&ids, err));
    for (size_t i = 0; i < plan->probe_count; i++) {
        size_t size = strlen(plan->probe_ids[i]) + 1;

        MC_TRY(mc_arena_array(writer->arena, size, 1, (void **)&ids[i], err));
        memcpy(ids[i], plan->probe_ids[i], size);
    }
    copy->probe_ids = (const char *const *)ids;
    return MC_OK;
}

/* The arrays are the caller's; the counts say how many rows there are. */
static void forget_texts(mc_crm_texts *texts)
{
    texts->token_ids    = NULL;
    texts->text_offsets = texts->probe_offsets = NULL;
}

mc_status mc_crm_writer_open(const mc_crm_plan *plan, mc_crm_writer **writer, mc_error *err)
{
    mc_crm_writer *result;
    mc_status      status = check_plan(plan, err);

    if (status != MC_OK) return mc_fail_about(err, status, "%s", plan->path ? plan->path : "");
    result = mc_calloc(1, sizeof *result);
    if (!result) return mc_fail_memory(err, sizeof *result);
    result->form = form_of(plan->path);
    status       = mc_arena_create(&result->arena, err);
    if (status == MC_OK) status = copy_plan(result, plan, err);
    if (status == MC_OK) status = mc_new_file_open(plan->path, &result->output, err);
    if (status == MC_OK) status = result->form->begin(result, err);
    if (status != MC_OK) {
        mc_crm_writer_close(result);
        return mc_fail_about(err, status, "%s", plan->path);
    }
    forget_texts(&result->plan.texts);
    forget_texts(&result->plan.control_texts);
    result->plan.path = result->plan.model = result->plan.created_at = "";
    result->plan.provenance                                          = "";
    *writer                                                          = result;
    return MC_OK;
}

static mc_status find_layer(const mc_crm_writer *writer, int layer, size_t *index,
                            const char *name, mc_error *err)
{
    const mc_layers *layers = &writer->plan.layers;

    for (*index = 0; *index < layers->count && layers->items[*index] != layer;)
        ++*index;
    if (*index < layers->count) return MC_OK;
    return mc_fail(err, MC_ERR_ARGUMENT, "", "layer %s is not in the plan", name);
}

static mc_status check_layer(const mc_crm_writer *writer, size_t index, const char *name,
                             const float *const parts[], size_t rows, mc_error *err)
{
    const size_t all = mc_crm_plan_rows(&writer->plan, MC_CRM_STATE);

    if (rows > all - writer->written[index])
        return mc_fail(err, MC_ERR_ARGUMENT, "", "layer %s was written before", name);
    if (writer->form->in_order && (index != writer->written_count || rows != all))
        return mc_fail(err, MC_ERR_ARGUMENT, "", "layer %s comes too early for the JSON form",
                       name);
    for (int part = 0; part < MC_CRM_PART_COUNT; part++)
        if (mc_crm_plan_has(&writer->plan, (mc_crm_part)part) && !parts[part])
            return mc_fail(err, MC_ERR_ARGUMENT, "", "a part of layer %s is missing", name);
    if (writer->failed || writer->finished)
        return mc_fail(err, MC_ERR_ARGUMENT, "", "the file is finished, or failed before");
    return MC_OK;
}

mc_status mc_crm_writer_put_rows(mc_crm_writer *writer, int layer,
                                 const float *const parts[MC_CRM_PART_COUNT],
                                 const mc_crm_rows rows[2], mc_error *err)
{
    char      name[MC_LAYER_TEXT];
    size_t    index;
    mc_status status;

    mc_layer_print(layer, name);
    MC_TRY(find_layer(writer, layer, &index, name, err));
    MC_TRY(check_layer(writer, index, name, parts, rows[0].count, err));
    status = writer->form->put(writer, index, parts, rows, err);
    if (status != MC_OK) {
        writer->failed = true;
        return status;
    }
    mc_new_file_push(&writer->output); /* while the next layer is computed */
    writer->written[index] += rows[0].count;
    writer->written_count +=
        writer->written[index] == mc_crm_plan_rows(&writer->plan, MC_CRM_STATE);
    return MC_OK;
}

mc_status mc_crm_writer_put(mc_crm_writer *writer, int layer,
                            const float *const parts[MC_CRM_PART_COUNT], mc_error *err)
{
    const mc_crm_rows rows[2] = {
        { 0, mc_crm_plan_rows(&writer->plan, MC_CRM_STATE) },
        { 0, mc_crm_plan_rows(&writer->plan, MC_CRM_CONTROL) },
    };

    return mc_crm_writer_put_rows(writer, layer, parts, rows, err);
}

mc_status mc_crm_writer_finish(mc_crm_writer *writer, uint64_t *size, mc_error *err)
{
    mc_status status;

    if (writer->failed || writer->finished ||
        writer->written_count != writer->plan.layers.count)
        return mc_fail(err, MC_ERR_ARGUMENT, "", "%zu of %zu layers were written",
                       writer->written_count, writer->plan.layers.count);
    writer->failed = true;
    status         = writer->form->end(writer, err);
    if (status == MC_OK) status = mc_new_file_finish(&writer->output, err);
    if (status != MC_OK) return status;
    writer->finished = true;
    if (size) *size = writer->size;
    return MC_OK;
}

void mc_crm_writer_close(mc_crm_writer *writer)
{
    if (!writer) return;
    mc_new_file_discard(&writer->output);
    mc_buffer_clear(&writer->text);
    mc_arena_free(writer->arena);
    mc_free(writer);
}
