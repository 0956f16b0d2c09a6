/* cmd_model_probe.c - mc model probe: what a model is, from its headers alone. */
#include <modelcypher/model.h>
#include <modelcypher/tokenizer.h>

#include "cli/command.h"

typedef struct probe_args {
    const char *model;
} probe_args;

#define FIELD(name) offsetof(probe_args, name)

static const mc_positional operands[] = {
    { "MODEL", "a folder, a .gguf file, or a name in the Hugging Face cache", FIELD(model),
      .required = true },
    { .name = NULL },
};

#define COUNT(name, help)                           \
    {                                               \
        name, MC_VALUE_INTEGER, help, MC_UNIT_COUNT \
    }
#define COUNT_OR_NULL(name, help)                                               \
    {                                                                           \
        name, MC_VALUE_INTEGER, help, MC_UNIT_COUNT, .flags = MC_FIELD_NULLABLE \
    }
#define TEXT(name, help)          \
    {                             \
        name, MC_VALUE_TEXT, help \
    }
static const mc_field tokenizer_fields[] = {
    TEXT("source", "what it was read from"),
    TEXT("kind", "of model: bpe, unigram, wordpiece"),
    { "pre", MC_VALUE_TEXT, "pre-tokenizer named by a GGUF file", .flags = MC_FIELD_OPTIONAL },
    COUNT("vocabulary", "ids"),
    { "bos", MC_VALUE_INTEGER, "id that begins a text", MC_UNIT_ID,
      .flags = MC_FIELD_NULLABLE },
    { "eos", MC_VALUE_INTEGER, "id that ends a text", MC_UNIT_ID, .flags = MC_FIELD_NULLABLE },
    { "addsBos", MC_VALUE_BOOL, "texts are captured with it" },
    { "addsEos", MC_VALUE_BOOL, "texts are captured with it" },
    TEXT("decision", "which special tokens are added, by whose word"),
    { 0 },
};
static const mc_field fields[] = {
    { "model", MC_VALUE_TEXT, "its name" },
    TEXT("path", "what was opened"),
    TEXT("format", "of its files"),
    TEXT("architecture", "as its configuration calls it"),
    TEXT("title", "what that covers"),
    COUNT("blocks", "L: there are states 0 to L and `final`"),
    COUNT("hiddenSize", "columns of a state"),
    COUNT("finalSize", "columns of `final`"),
    COUNT("heads", "of attention"),
    COUNT("kvHeads", "of keys and values"),
    COUNT("headDim", "columns of a head"),
    COUNT("ffnSize", "columns inside the feed-forward part"),
    COUNT("vocabulary", "rows of the embedding"),
    COUNT_OR_NULL("context", "tokens it was made for"),
    COUNT_OR_NULL("hardContext", "longer texts cannot be run"),
    COUNT("parameters", "weights that the forward pass uses, each value once"),
    { "bytes", MC_VALUE_INTEGER, "that these take in the files", MC_UNIT_BYTES,
      .label = "size" },
    TEXT("weightType", "that holds most of them"),
    { "tokenizer", MC_VALUE_OBJECT, "text to ids", .fields = tokenizer_fields,
      .flags = MC_FIELD_NULLABLE },
    { 0 },
};
static const mc_schema schema = { "mc.model.probe.v1", fields };

static void add_count_or_null(mc_value *in, const char *key, size_t count)
{
    if (count > 0)
        mc_value_add_count(in, key, count);
    else
        mc_value_add_null(in, key);
}

static void add_model(mc_value *root, const mc_model_info *info)
{
    mc_value_add_text(root, "model", info->name);
    mc_value_add_text(root, "path", info->path);
    mc_value_add_text(root, "format", info->format);
    mc_value_add_text(root, "architecture", info->architecture);
    mc_value_add_text(root, "title", info->title);
    mc_value_add_count(root, "blocks", info->layer_count);
    mc_value_add_count(root, "hiddenSize", info->hidden_size);
    mc_value_add_count(root, "finalSize", info->final_size);
    mc_value_add_count(root, "heads", info->heads);
    mc_value_add_count(root, "kvHeads", info->kv_heads);
    mc_value_add_count(root, "headDim", info->head_dim);
    mc_value_add_count(root, "ffnSize", info->ffn_size);
    mc_value_add_count(root, "vocabulary", info->vocabulary);
    add_count_or_null(root, "context", info->context);
    add_count_or_null(root, "hardContext", info->hard_context);
    mc_value_add_count(root, "parameters", info->parameters);
    mc_value_add_count(root, "bytes", info->bytes);
    mc_value_add_text(root, "weightType", info->weight_type);
}

static void add_id(mc_value *in, const char *key, int32_t id)
{
    if (id >= 0)
        mc_value_add_integer(in, key, id);
    else
        mc_value_add_null(in, key);
}

static void add_tokenizer(mc_value *root, const mc_tokenizer_info *info)
{
    mc_value *object = mc_value_add_object(root, "tokenizer");

    mc_value_add_text(object, "source", info->source);
    mc_value_add_text(object, "kind", info->kind);
    if (info->pre[0]) mc_value_add_text(object, "pre", info->pre);
    mc_value_add_count(object, "vocabulary", info->vocabulary);
    add_id(object, "bos", info->bos);
    add_id(object, "eos", info->eos);
    mc_value_add_bool(object, "addsBos", info->adds_bos);
    mc_value_add_bool(object, "addsEos", info->adds_eos);
    mc_value_add_text(object, "decision", info->decision);
}

/* A model without a usable tokenizer is still a model: what is wrong is a note. */
static void probe_tokenizer(mc_session *session, const char *path, size_t rows)
{
    mc_value     *root      = mc_report_root(session->report);
    mc_tokenizer *tokenizer = NULL;
    mc_error      why       = { 0 };

    if (mc_tokenizer_open(path, &tokenizer, &why) != MC_OK) {
        mc_value_add_null(root, "tokenizer");
        mc_report_note(session->report, "no tokenizer: %s", why.reason);
        return;
    }
    add_tokenizer(root, mc_tokenizer_get_info(tokenizer));
    if (mc_tokenizer_get_info(tokenizer)->vocabulary > rows)
        mc_report_note(session->report,
                       "the tokenizer has %zu ids, the embedding only %zu rows: a text with a "
                       "later id cannot be run",
                       mc_tokenizer_get_info(tokenizer)->vocabulary, rows);
    mc_tokenizer_close(tokenizer);
}

static mc_status run_probe(mc_session *session, const void *raw, mc_error *err)
{
    const probe_args *args  = raw;
    mc_model         *model = NULL;

    MC_TRY(mc_model_open(args->model, &model, err));
    add_model(mc_report_root(session->report), mc_model_get_info(model));
    probe_tokenizer(session, args->model, mc_model_get_info(model)->vocabulary);
    mc_model_close(model);
    return MC_OK;
}

static const char *const examples[] = { "mc model probe models/tiny-llama", NULL };

const mc_command mc_cmd_model_probe = {
    .name      = "model probe",
    .summary   = "show what a model is, from its headers alone: shapes, size, tokenizer",
    .operands  = operands,
    .examples  = examples,
    .schema    = &schema,
    .args_size = sizeof(probe_args),
    .run       = run_probe,
};
