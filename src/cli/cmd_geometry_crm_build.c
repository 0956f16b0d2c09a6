/* cmd_geometry_crm_build.c - mc geometry crm-build: the main job. */
#include <modelcypher/analysis.h>

#include "cli/capture_options.h"

typedef struct build_args {
    const char        *model, *output;
    mc_capture_options capture;
    bool               control, split, sharing;
} build_args;

#define FIELD(name) offsetof(build_args, name)

static const mc_option build_options[] = {
    { MC_OPT_FILE, 'm', "model", "MODEL", "folder, .gguf file or Hugging Face cache name", NULL,
      FIELD(model) },
    { MC_OPT_NEW_FILE, 'o', "output", "FILE",
      "where to write; *.json for the JSON form (default: ./<model>.crm.safetensors)", NULL,
      FIELD(output), .alias = "output-path" },
    MC_CAPTURE_OPTIONS(build_args, capture),
    { MC_OPT_FLAG, 'c', "control", NULL, "also run the matched control texts", NULL,
      FIELD(control) },
    { MC_OPT_SWITCH, '\0', "split", NULL, "keep the two halves for the noise ceiling", "yes",
      FIELD(split) },
    { MC_OPT_SWITCH, '\0', "prefix-sharing", NULL, "compute common beginnings of texts once",
      "yes", FIELD(sharing) },
    { .name = NULL },
};

static const mc_positional build_operands[] = {
    { "MODEL", "folder, .gguf file or Hugging Face cache name", FIELD(model),
      .required = true },
    { .name = NULL },
};

static const mc_field seconds_fields[] = {
    { "open", MC_VALUE_NUMBER, "model, tokenizer and texts", MC_UNIT_SECONDS },
    { "read", MC_VALUE_NUMBER, "reading and widening weights, mean of the threads",
      MC_UNIT_SECONDS },
    { "compute", MC_VALUE_NUMBER, "the blocks, mean of the threads", MC_UNIT_SECONDS },
    { "write", MC_VALUE_NUMBER, "the file: beside the blocks, mean of the threads, and its end",
      MC_UNIT_SECONDS },
    { "total", MC_VALUE_NUMBER, "all of it, with waiting for each other", MC_UNIT_SECONDS },
    { 0 },
};

static const mc_field cache_fields[] = {
    MC_COUNT_FIELD("states", "texts times layers"),
    MC_COUNT_FIELD("served", "those that the activation cache had"),
    { "stored", MC_VALUE_INTEGER, "written to it", MC_UNIT_BYTES },
    { "resumedBehind", MC_VALUE_INTEGER,
      "the block of an earlier build behind which this one went on", MC_UNIT_ID,
      .flags = MC_FIELD_NULLABLE, .label = "went on behind block" },
    { 0 },
};

static const mc_field build_fields[] = {
    MC_TEXT_FIELD("model", "name of the model"),
    MC_TEXT_FIELD("architecture", "as its configuration calls it"),
    MC_COUNT_FIELD("blocks", "transformer blocks of the model"),
    { "blocksRun", MC_VALUE_INTEGER, "how many the layers asked for needed", MC_UNIT_COUNT,
      .label = "blocks run" },
    MC_COUNT_FIELD("layers", "states kept, final counted"),
    MC_COUNT_FIELD("hiddenSize", "columns of a state"),
    MC_COUNT_FIELD("probes", "rows of a state"),
    MC_COUNT_FIELD("texts", "texts run, control texts counted"),
    MC_COUNT_FIELD("tokensAsked", "tokens of all texts"),
    MC_COUNT_FIELD("tokensComputed", "with common beginnings counted once"),
    { "split", MC_VALUE_BOOL, "the halves for the noise ceiling are in the file",
      .label = "split halves" },
    { "control", MC_VALUE_BOOL, "the control texts are in the file", .label = "control texts" },
    MC_TEXT_FIELD("backend", "what computed, and with which instructions"),
    MC_COUNT_FIELD("threads", "workers"),
    { "seconds", MC_VALUE_OBJECT, "where the time went", .fields = seconds_fields },
    { "tokensPerSecond", MC_VALUE_NUMBER, "tokens asked, over the seconds of the passes",
      .label = "tokens/s" },
    { "flop", MC_VALUE_NUMBER, "floating-point operations of the computed tokens",
      .flags = MC_FIELD_MACHINE },
    { "gflopPerSecond", MC_VALUE_NUMBER, "10^9 of them a second, over the passes",
      .label = "GFLOP/s" },
    { "passes", MC_VALUE_INTEGER,
      "over the weights, a part of the probes in each; 0: nothing ran", MC_UNIT_COUNT,
      .flags = MC_FIELD_MACHINE },
    { "streamed", MC_VALUE_BOOL,
      "a large model: its weights were not kept in the system's cache",
      .flags = MC_FIELD_MACHINE },
    { "weightsRead", MC_VALUE_INTEGER, "of the files, all passes", MC_UNIT_BYTES,
      .flags = MC_FIELD_MACHINE },
    { "weightsHeld", MC_VALUE_INTEGER, "most of them in memory at once", MC_UNIT_BYTES,
      .flags = MC_FIELD_MACHINE },
    { "passMemory", MC_VALUE_INTEGER,
      "beside the weights, as forecast before the first pass; 0: none", MC_UNIT_BYTES,
      .label = "pass memory" },
    { "peakMemory", MC_VALUE_INTEGER, "of the process, mapped file pages included",
      MC_UNIT_BYTES },
    { "cache", MC_VALUE_OBJECT, "with --cache-activations: what was reused",
      .fields = cache_fields, .flags = MC_FIELD_OPTIONAL },
    MC_TEXT_FIELD("output", "the file"),
    { "outputSize", MC_VALUE_INTEGER, "its size", MC_UNIT_BYTES },
    { 0 },
};
static const mc_schema build_schema = { "mc.geometry.crm-build.v1", build_fields };

static void add_seconds(mc_value *root, const mc_crm_build_summary *s)
{
    mc_value *seconds = mc_value_add_object(root, "seconds");

    mc_value_add_number(seconds, "open", s->seconds_open);
    mc_value_add_number(seconds, "read", s->seconds_read);
    mc_value_add_number(seconds, "compute", s->seconds_compute);
    mc_value_add_number(seconds, "write", s->seconds_write);
    mc_value_add_number(seconds, "total", s->seconds);
}

static void add_cache(mc_value *root, const mc_crm_build_summary *s)
{
    mc_value *cache;

    if (!s->cached) return;
    cache = mc_value_add_object(root, "cache");
    mc_value_add_count(cache, "states", s->states);
    mc_value_add_count(cache, "served", s->states_served);
    mc_value_add_count(cache, "stored", s->activations_stored);
    mc_value_add_integer_or_null(cache, "resumedBehind", s->resumed_behind);
}

static void note_reuse(mc_report *report, const mc_crm_build_summary *s)
{
    double share = 100.0 * (double)s->states_served / (double)s->states;

    if (s->states_served == s->states)
        mc_report_note(report, "all states came from the activation cache: nothing ran");
    else if (s->states_served > 0)
        mc_report_note(report, "%.1f %% of the states came from the activation cache", share);
    if (s->resumed_behind >= 0)
        mc_report_note(report, "went on behind block %d of an earlier build",
                       s->resumed_behind);
}

static void note_memory(mc_report *report, const mc_crm_build_summary *s)
{
    if (s->passes > 1)
        mc_report_note(report,
                       "the states of all texts are more than the memory allowed: %zu passes, "
                       "each over all weights",
                       s->passes);
    if (s->streamed)
        mc_report_note(report,
                       "the model takes most of the memory at hand: its weights were streamed, "
                       "two blocks at a time, and not kept there");
}

static void add_summary(mc_report *report, const mc_crm_build_summary *s)
{
    mc_value *root = mc_report_root(report);

    mc_value_add_text(root, "model", s->model);
    mc_value_add_text(root, "architecture", s->architecture);
    mc_value_add_integer(root, "blocks", s->block_count);
    mc_value_add_integer(root, "blocksRun", s->blocks_run);
    mc_value_add_count(root, "layers", s->layer_count);
    mc_value_add_count(root, "hiddenSize", s->hidden_size);
    mc_value_add_count(root, "probes", s->probes);
    mc_value_add_count(root, "texts", s->texts);
    mc_value_add_count(root, "tokensAsked", s->tokens_asked);
    mc_value_add_count(root, "tokensComputed", s->tokens_computed);
    mc_value_add_bool(root, "split", s->has_split);
    mc_value_add_bool(root, "control", s->has_control);
    mc_value_add_text(root, "backend", s->backend);
    mc_value_add_count(root, "threads", s->threads);
    add_seconds(root, s);
    mc_value_add_number(root, "tokensPerSecond", s->tokens_per_second);
    mc_value_add_number(root, "flop", s->flop);
    mc_value_add_number(root, "gflopPerSecond", s->flop_per_second / 1e9);
    mc_value_add_count(root, "passes", s->passes);
    mc_value_add_bool(root, "streamed", s->streamed);
    mc_value_add_count(root, "weightsRead", s->weights);
    mc_value_add_count(root, "weightsHeld", s->window);
    mc_value_add_count(root, "passMemory", s->pass_memory);
    mc_value_add_count(root, "peakMemory", s->peak_memory);
    add_cache(root, s);
    mc_value_add_text(root, "output", s->output);
    mc_value_add_count(root, "outputSize", s->output_size);
    if (s->cached) note_reuse(report, s);
    if (!s->cached && s->blocks_run < s->block_count)
        mc_report_note(report, "the layers asked for needed %d of %d blocks", s->blocks_run,
                       s->block_count);
    note_memory(report, s);
    if (s->tokens_computed < s->tokens_run)
        mc_report_note(report, "common beginnings of texts saved %.1f %% of the tokens",
                       100.0 * (double)(s->tokens_run - s->tokens_computed) /
                           (double)s->tokens_run);
}

static mc_status build(mc_session *session, const build_args *args, const char *suffix,
                       mc_error *err)
{
    mc_crm_build_summary summary = { 0 };
    mc_crm_build_options options = { .model             = args->model,
                                     .output            = args->output,
                                     .suffix            = suffix,
                                     .control           = args->control,
                                     .no_split          = !args->split,
                                     .no_prefix_sharing = !args->sharing };

    MC_TRY(mc_capture_options_fill(&args->capture, session, &options, err));
    MC_TRY(mc_crm_build(&options, &summary, err));
    add_summary(session->report, &summary);
    mc_crm_build_summary_clear(&summary);
    return MC_OK;
}

static mc_status run_build(mc_session *session, const void *raw, mc_error *err)
{
    return build(session, raw, NULL, err);
}

static const char *const build_examples[] = {
    "mc geometry crm-build model.gguf",
    "mc geometry crm-build models/tiny-llama --layers -4..-1 --atlas semantic_primes,moral",
    ("mc geometry crm-build models/tiny-llama --texts prompts.txt --pool all --output "
     "tokens.safetensors"),
    "mc geometry crm-build models/tiny-llama --cache-activations --layers 1,2",
    NULL,
};
static const char *const build_aliases[] = { "geometry crm build", NULL };

const mc_command mc_cmd_geometry_crm_build = {
    .name    = "geometry crm-build",
    .summary = "run the probes through a model and write its concept response matrix",
    .details =
        "Every probe's texts go through the model once, packed and without padding; each "
        "layer is pooled and written as its block ends. The result does not depend on the "
        "batch size or the number of threads, to the bit.\n"
        "With --cache-activations the pooled states of every text are kept for a week under "
        "~/.modelcypher/caches/activations (MC_ACTIVATION_CACHE_DIR, MC_CACHE_TTL, "
        "MC_CACHE_SIZE): another build takes what it can from there, whatever its layers, "
        "atlas subset and pooling (last or mean), and one that was interrupted goes on from "
        "its last checkpoint. See 'mc cache ls'.",
    .operands  = build_operands,
    .options   = build_options,
    .examples  = build_examples,
    .aliases   = build_aliases,
    .schema    = &build_schema,
    .uses      = MC_USES_ENGINE | MC_USES_PROGRESS,
    .args_size = sizeof(build_args),
    .run       = run_build,
};

/* ---- the semantic primes alone ---- */

static const mc_option primes_options[] = {
    { MC_OPT_NEW_FILE, 'o', "output", "FILE",
      "where to write; *.json for the JSON form (default: ./<model>.primes.crm.safetensors)",
      NULL, FIELD(output) },
    { MC_OPT_LAYERS, 'l', "layers", "LIST",
      "0,6,12 or -4..-1 or 4..9, final, or all; work ends at the last one", "all",
      FIELD(capture.layers) },
    { MC_OPT_CHOICE, 'p', "pool", "HOW", "what is kept of a text's tokens", "last",
      FIELD(capture.pool), .choices = mc_pool_choices },
    { MC_OPT_FLAG, 'c', "control", NULL, "also run the matched control texts", NULL,
      FIELD(control) },
    { MC_OPT_FLAG, '\0', "cache-activations", NULL,
      "keep pooled states, use those that are kept, go on with an interrupted build", NULL,
      FIELD(capture.cache_activations) },
    { .name = NULL },
};

static mc_status run_primes(mc_session *session, const void *raw, mc_error *err)
{
    build_args args = *(const build_args *)raw;

    args.capture.from.sets = "semantic_primes";
    args.split = args.sharing = true;
    return build(session, &args, ".primes.crm.safetensors", err);
}

static const mc_schema   primes_schema = { "mc.geometry.primes.probe-model.v1", build_fields };
static const char *const primes_examples[] = {
    "mc geometry primes probe-model models/tiny-llama --output primes.crm.safetensors",
    NULL,
};

const mc_command mc_cmd_geometry_primes_probe_model = {
    .name    = "geometry primes probe-model",
    .summary = "run the semantic primes through a model and write their responses",
    .details = "As 'mc geometry crm-build --atlas semantic_primes': 65 probes in place of 343. "
               "What is inside shows 'mc geometry crm-show'; two such files, or the primes of "
               "larger ones, are compared by 'mc geometry primes compare'.",
    .operands  = build_operands,
    .options   = primes_options,
    .examples  = primes_examples,
    .schema    = &primes_schema,
    .uses      = MC_USES_ENGINE | MC_USES_PROGRESS,
    .args_size = sizeof(build_args),
    .run       = run_primes,
};
