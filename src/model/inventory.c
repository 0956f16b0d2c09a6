/* inventory.c - what lies in a model's files, and what of it the forward pass reads. */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/json.h"
#include "model/model.h"

/* Larger files beside the weights hold no template. */
#define TEMPLATE_MOST ((size_t)64 << 20)

/* ---- kinds of weights ---- */

static void count_weight(mc_model_inventory *sum, const mc_weight *weight)
{
    uint64_t    values = (uint64_t)weight->rows * weight->cols;
    const char *name;
    size_t      kind = 0;

    if (!mc_weight_present(weight)) return;
    name = mc_weight_type_name(weight);
    while (kind < sum->kind_count && strcmp(sum->kinds[kind].name, name) != 0)
        kind++;
    if (kind == MC_WEIGHT_KINDS_MOST) kind--; /* more than that are one */
    if (kind == sum->kind_count) sum->kinds[sum->kind_count++].name = name;
    sum->kinds[kind].weights++;
    sum->kinds[kind].parameters += values;
    sum->kinds[kind].bytes += mc_weight_stored_size(weight);
    sum->parameters += values;
    sum->bytes += mc_weight_stored_size(weight);
}

static void count_program(mc_model_inventory *sum, const mc_program *program)
{
    for (size_t i = 0; i < program->count; i++)
        for (size_t j = 0; j < MC_STACK_MAX; j++) {
            count_weight(sum, &program->ops[i].weights[j]);
            count_weight(sum, &program->ops[i].biases[j]);
        }
}

void mc_lowered_count(const mc_lowered *lowered, mc_model_inventory *sum)
{
    count_program(sum, &lowered->embed);
    for (size_t i = 0; i < lowered->block_count; i++)
        count_program(sum, &lowered->blocks[i]);
    count_program(sum, &lowered->final);
}

/* ---- tensors that nothing reads ---- */

static void mark(const mc_store *store, bool *used, const mc_weight *weight)
{
    const mc_tensor *first = mc_store_tensor(store, 0);

    if (!mc_weight_present(weight)) return;
    used[weight->tensor - first] = true;
    for (size_t i = 0; i < MC_WEIGHT_PARTS; i++)
        if (weight->parts[i]) used[weight->parts[i] - first] = true;
}

static void mark_program(const mc_store *store, bool *used, const mc_program *program)
{
    for (size_t i = 0; i < program->count; i++)
        for (size_t j = 0; j < MC_STACK_MAX; j++) {
            mark(store, used, &program->ops[i].weights[j]);
            mark(store, used, &program->ops[i].biases[j]);
        }
}

/* The matrix behind the last state, by the names that the formats give it. */
static bool is_head(const char *name)
{
    static const char *const heads[] = { "lm_head.", "embed_out.", "output.",
                                         "cls.predictions." };

    for (size_t i = 0; i < MC_ARRAY_LEN(heads); i++) {
        const char *at = strstr(name, heads[i]);
        if (at && (at == name || at[-1] == '.') && !strstr(name, ".layers.") &&
            strncmp(name, "blk.", 4) != 0)
            return true;
    }
    return false;
}

static mc_status count_unused(const mc_store *store, const mc_lowered *lowered,
                              mc_model_inventory *sum, mc_error *err)
{
    size_t count = mc_store_tensor_count(store);
    bool  *used  = mc_calloc(count, sizeof *used);

    if (!used) return mc_fail_memory(err, count);
    mark_program(store, used, &lowered->embed);
    for (size_t i = 0; i < lowered->block_count; i++)
        mark_program(store, used, &lowered->blocks[i]);
    mark_program(store, used, &lowered->final);
    for (size_t i = 0; i < count; i++) {
        const mc_tensor *tensor = mc_store_tensor(store, i);
        if (used[i]) continue;
        if (is_head(tensor->name)) {
            sum->has_head = true;
            continue;
        }
        if (sum->unused++ == 0) sum->unused_name = tensor->name;
        sum->unused_bytes += tensor->bytes.size;
    }
    mc_free(used);
    return MC_OK;
}

/* ---- files ---- */

static void count_files(const mc_store *store, mc_model_inventory *sum)
{
    sum->tensors = mc_store_tensor_count(store);
    sum->files   = mc_store_file_count(store);
    for (size_t i = 0; i < sum->files; i++)
        sum->file_bytes += mc_store_file(store, i)->bytes.size;
}

/* One file beside the weights that may hold a chat template: itself, or under its key. */
typedef struct template_place {
    const char *file;
    bool        is_json;
} template_place;

static size_t template_size(const char *path, bool is_json)
{
    mc_error    ignored = { 0 };
    mc_json    *json    = NULL;
    char       *text    = NULL;
    const char *found;
    size_t      size = 0;

    if (!is_json) {
        if (mc_file_read(path, TEMPLATE_MOST, &text, &size, &ignored) != MC_OK) size = 0;
        mc_free(text);
        return size;
    }
    if (mc_json_load(path, TEMPLATE_MOST, &json, &ignored) != MC_OK) return 0;
    mc_json_value value = mc_json_get(mc_json_root(json), "chat_template");
    if (!mc_json_string(value, &found, &size))
        size = mc_json_count(value); /* several, by name */
    mc_json_free(json);
    return size;
}

static mc_status find_template(const mc_store *store, mc_model_inventory *sum, mc_error *err)
{
    static const template_place places[] = { { "chat_template.jinja", false },
                                             { "chat_template.json", true },
                                             { "tokenizer_config.json", true } };
    static const char           key[]    = "tokenizer.chat_template";
    mc_span                     text;

    if (mc_store_gguf_string(store, key, &text)) {
        sum->chat_template      = key;
        sum->chat_template_size = text.size;
    }
    for (size_t i = 0; i < MC_ARRAY_LEN(places) && !sum->chat_template; i++) {
        char *path = NULL;
        MC_TRY(mc_store_beside(store, places[i].file, &path, err));
        if (!path) continue;
        sum->chat_template_size = template_size(path, places[i].is_json);
        if (sum->chat_template_size) sum->chat_template = places[i].file;
        mc_free(path);
    }
    return MC_OK;
}

mc_status mc_model_take_inventory(const mc_model *model, mc_model_inventory *inventory,
                                  mc_error *err)
{
    const mc_lowered  *lowered = mc_model_lowered(model);
    mc_model_inventory result  = { 0 };

    count_files(mc_model_store(model), &result);
    MC_TRY(find_template(mc_model_store(model), &result, err));
    mc_lowered_count(lowered, &result);
    MC_TRY(count_unused(mc_model_store(model), lowered, &result, err));
    result.total_parameters = result.parameters;
    if (result.has_head) result.total_parameters += lowered->vocabulary * lowered->hidden;
    *inventory = result;
    return MC_OK;
}
