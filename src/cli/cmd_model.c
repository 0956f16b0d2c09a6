/* cmd_model.c - mc model list, explain: which architectures there are, and what is computed. */
#include <modelcypher/model.h>

#include <string.h>

#include "cli/command.h"

typedef struct model_args {
    const char *model;
} model_args;

#define FIELD(name) offsetof(model_args, name)

static const mc_positional model_operand[] = {
    { "MODEL", "a folder, a .gguf file, or a name in the Hugging Face cache", FIELD(model),
      .required = true },
    { .name = NULL },
};

/* ---- list ---- */

static const mc_field architecture_fields[] = {
    { "name", MC_VALUE_TEXT, "model_type of config.json", .label = "architecture" },
    { "gguf", MC_VALUE_TEXT, "general.architecture of GGUF files", .label = "in GGUF",
      .flags = MC_FIELD_NULLABLE },
    MC_TEXT_FIELD("title", "what it covers"),
    { 0 },
};
static const mc_field list_fields[] = {
    { "architectures", MC_VALUE_ARRAY, "what can be run", .element = MC_VALUE_OBJECT,
      .fields = architecture_fields, .label = "" },
    { "weightTypes", MC_VALUE_ARRAY, "in which weights may be stored",
      .element = MC_VALUE_TEXT },
    { 0 },
};
static const mc_schema list_schema = { "mc.model.list.v1", list_fields };

static mc_status run_list(mc_session *session, const void *raw, mc_error *err)
{
    mc_value   *list = mc_value_add_array(mc_report_root(session->report), "architectures");
    const char *name, *gguf, *title;

    (void)raw;
    (void)err;
    for (size_t i = 0; (name = mc_model_architecture(i, &gguf, &title)); i++) {
        mc_value *row = mc_value_add_object(list, NULL);
        mc_value_add_text(row, "name", name);
        mc_value_add_text_or_null(row, "gguf", gguf);
        mc_value_add_text(row, "title", title);
    }
    list = mc_value_add_array(mc_report_root(session->report), "weightTypes");
    for (size_t i = 0; (name = mc_model_weight_type(i)); i++)
        mc_value_add_text(list, NULL, name);
    return MC_OK;
}

static const char *const list_examples[] = { "mc model list", NULL };

const mc_command mc_cmd_model_list = {
    .name     = "model list",
    .summary  = "list the architectures that can be measured, and the types of weights",
    .examples = list_examples,
    .schema   = &list_schema,
    .run      = run_list,
};

/* ---- explain ---- */

static const mc_field explain_fields[] = {
    MC_TEXT_FIELD("model", "its name"),
    MC_TEXT_FIELD("path", "what was opened"),
    MC_TEXT_FIELD("architecture", "as the configuration calls it"),
    { "program", MC_VALUE_ARRAY, "operations in order, blocks that are alike once",
      MC_UNIT_LINE, .element = MC_VALUE_TEXT, .label = "" },
    { 0 },
};
static const mc_schema explain_schema = { "mc.model.explain.v1", explain_fields };

static void add_lines(mc_value *list, const char *text)
{
    while (*text) {
        size_t size = strcspn(text, "\n");
        mc_value_add_span(list, NULL, text, size);
        text += size + (text[size] == '\n');
    }
}

static mc_status run_explain(mc_session *session, const void *raw, mc_error *err)
{
    const model_args *args  = raw;
    mc_value         *root  = mc_report_root(session->report);
    mc_model         *model = NULL;
    char             *text  = NULL;
    mc_status         status;

    MC_TRY(mc_model_open(args->model, &model, err));
    status = mc_model_explain(model, &text, err);
    if (status == MC_OK) {
        const mc_model_info *info = mc_model_get_info(model);
        mc_value_add_text(root, "model", info->name);
        mc_value_add_text(root, "path", info->path);
        mc_value_add_text(root, "architecture", info->architecture);
        add_lines(mc_value_add_array(root, "program"), text);
    }
    mc_model_free_text(text);
    mc_model_close(model);
    return status;
}

static const char *const explain_examples[] = { "mc model explain models/tiny-llama", NULL };

const mc_command mc_cmd_model_explain = {
    .name    = "model explain",
    .summary = "print what is computed for a model: each operation, each tensor",
    .details = "The forward pass of every architecture is a short list of operations, the same "
               "for the blocks that are alike. This is that list, with the tensors it reads.",
    .operands  = model_operand,
    .examples  = explain_examples,
    .schema    = &explain_schema,
    .args_size = sizeof(model_args),
    .run       = run_explain,
};
