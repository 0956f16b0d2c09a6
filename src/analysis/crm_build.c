/* crm_build.c - the main job: an atlas through a model, every layer's responses to a file. */
#include <modelcypher/analysis.h>
#include <modelcypher/system.h>
#include <stdio.h>
#include <string.h>

#include "analysis/probe_tokens.h"
#include "analysis/provenance.h"
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "base/log.h"
#include "capture/pool.h"
#include "engine/engine.h"
#include "model/model.h"

typedef struct build {
    const mc_crm_build_options *options;
    mc_model                   *model;
    mc_tokenizer               *tokenizer;
    mc_atlas                   *atlas;
    const mc_backend           *backend;
    mc_probe_tokens             tokens;
    mc_layers                   layers;
    bool                       *wanted;    /* [L + 2] */
    const char                **probe_ids; /* [probes] */
    char                       *provenance, *output;
    mc_crm_writer              *writer;
    float *rows; /* parts of a layer: means and halves, of states and control */
    bool   split;
    char   created_at[MC_TIME_TEXT];
} build;

static size_t block_count(const build *b)
{
    return mc_model_get_info(b->model)->layer_count;
}

/* ---- opening ---- */

static mc_status open_atlas(build *b, mc_error *err)
{
    const mc_crm_build_options *o = b->options;
    int chosen = (o->atlas != NULL) + (o->atlas_file != NULL) + (o->texts != NULL);

    if (chosen > 1)
        return mc_fail(err, MC_ERR_ARGUMENT, "choose one of --atlas, --atlas-file and --texts",
                       "more than one source of texts is named");
    if (o->texts)
        MC_TRY(mc_atlas_open_texts(o->texts, &b->atlas, err));
    else if (o->atlas_file)
        MC_TRY(mc_atlas_open_file(o->atlas_file, &b->atlas, err));
    else
        MC_TRY(mc_atlas_open_builtin(o->atlas, &b->atlas, err));
    if (o->control && !mc_atlas_get_info(b->atlas)->has_control)
        return mc_fail(err, MC_ERR_ARGUMENT,
                       "leave --control out, or use an atlas that has them",
                       "these probes have no control texts");
    return MC_OK;
}

static mc_status choose_layers(build *b, mc_error *err)
{
    size_t blocks = block_count(b);

    MC_TRY(mc_layers_parse(b->options->layers ? b->options->layers : "all", (int)blocks,
                           &b->layers, err));
    b->wanted = mc_calloc(blocks + 2, sizeof *b->wanted);
    if (!b->wanted) return mc_fail_memory(err, blocks + 2);
    for (size_t i = 0; i < b->layers.count; i++) {
        int layer                                                       = b->layers.items[i];
        b->wanted[layer == MC_LAYER_FINAL ? blocks + 1 : (size_t)layer] = true;
    }
    return MC_OK;
}

static mc_status open_inputs(build *b, mc_error *err)
{
    const mc_crm_build_options *o = b->options;

    MC_TRY(mc_backend_find(o->backend, &b->backend, err));
    MC_TRY(open_atlas(b, err));
    MC_TRY(mc_model_open(o->model, &b->model, err));
    MC_TRY(choose_layers(b, err));
    MC_TRY(mc_tokenizer_open(mc_model_get_info(b->model)->path, &b->tokenizer, err));
    return mc_probe_tokens_create(b->atlas, b->tokenizer, o->texts_per_probe, o->control,
                                  &b->tokens, err);
}

/* ---- the file ---- */

static mc_status name_output(build *b, mc_error *err)
{
    mc_buffer name = { 0 };

    if (b->options->output)
        mc_buffer_add_text(&name, b->options->output);
    else
        mc_buffer_printf(&name, "%s.crm.safetensors", mc_model_get_info(b->model)->name);
    b->output = mc_buffer_take(&name);
    return b->output ? MC_OK : mc_fail_memory(err, 0);
}

static mc_status list_probes(build *b, mc_error *err)
{
    size_t count = mc_atlas_count(b->atlas);

    b->probe_ids = mc_alloc_array(count, sizeof *b->probe_ids);
    if (!b->probe_ids) return mc_fail_memory(err, count * sizeof *b->probe_ids);
    for (size_t i = 0; i < count; i++)
        b->probe_ids[i] = mc_atlas_probe(b->atlas, i)->full_id;
    return MC_OK;
}

static mc_status describe(build *b, mc_error *err)
{
    mc_provenance p = { .model      = mc_model_get_info(b->model),
                        .tokenizer  = mc_tokenizer_get_info(b->tokenizer),
                        .atlas      = mc_atlas_get_info(b->atlas),
                        .backend    = b->backend,
                        .options    = b->options,
                        .created_at = b->created_at };

    mc_time_print(b->created_at);
    MC_TRY(mc_model_hash(b->model, &p.model_hash, err));
    return mc_provenance_print(&p, &b->provenance, err);
}

/* `final` may be wider or narrower than the states; a CRM has one width. */
static mc_status check_widths(const build *b, mc_error *err)
{
    const mc_model_info *info = mc_model_get_info(b->model);

    if (!b->wanted[info->layer_count + 1] || info->final_size == info->hidden_size)
        return MC_OK;
    return mc_fail(err, MC_ERR_UNSUPPORTED, "ask for --layers 0..-1, without 'final'",
                   "'final' of this model has %zu columns, its states have %zu",
                   info->final_size, info->hidden_size);
}

static mc_status open_writer(build *b, mc_error *err)
{
    const mc_model_info *info = mc_model_get_info(b->model);
    mc_crm_plan          plan = { .block_count = (int)info->layer_count,
                                  .model       = info->name,
                                  .hidden      = info->hidden_size,
                                  .layers      = b->layers,
                                  .pooling     = b->options->pooling,
                                  .control     = b->options->control };

    MC_TRY(check_widths(b, err));
    MC_TRY(name_output(b, err));
    MC_TRY(list_probes(b, err));
    MC_TRY(describe(b, err));
    plan.path        = b->output;
    plan.created_at  = b->created_at;
    plan.provenance  = b->provenance;
    plan.probe_ids   = b->probe_ids;
    plan.probe_count = b->tokens.probe_count;
    plan.texts       = mc_probe_tokens_part(&b->tokens, 0);
    if (plan.control) plan.control_texts = mc_probe_tokens_part(&b->tokens, 1);
    b->split = !b->options->no_split && plan.pooling != MC_POOLING_ALL &&
               mc_crm_can_split(&plan.texts, plan.probe_count) &&
               (!plan.control || mc_crm_can_split(&plan.control_texts, plan.probe_count));
    plan.split = b->split;
    return mc_crm_writer_open(&plan, &b->writer, err);
}

/* Room for means [probes] and halves [2][probes] of both parts. */
static mc_status create_rows(build *b, mc_error *err)
{
    size_t floats = 6 * b->tokens.probe_count * mc_model_get_info(b->model)->hidden_size;

    if (b->options->pooling == MC_POOLING_ALL) return MC_OK;
    b->rows = mc_alloc_array(floats, sizeof *b->rows);
    return b->rows ? MC_OK : mc_fail_memory(err, floats * sizeof *b->rows);
}

/* ---- layers, as they come ---- */

static mc_status pool_part(build *b, size_t part, const float *texts, size_t width,
                           const float *parts[MC_CRM_PART_COUNT], mc_error *err)
{
    size_t       probes = b->tokens.probe_count;
    float       *means  = b->rows + part * 3 * probes * width;
    float       *halves = b->split ? means + probes * width : NULL;
    mc_crm_texts list   = mc_probe_tokens_part(&b->tokens, part);
    const size_t first  = part ? b->tokens.part_texts[0] : 0;

    MC_TRY(mc_pool_probes(texts + first * width, list.probe_offsets, probes, width, means,
                          halves, err));
    parts[part ? MC_CRM_CONTROL : MC_CRM_STATE]       = means;
    parts[part ? MC_CRM_CONTROL_SPLIT : MC_CRM_SPLIT] = halves;
    return MC_OK;
}

static mc_status write_layer(void *context, const mc_states *states, mc_error *err)
{
    build       *b                        = context;
    const float *parts[MC_CRM_PART_COUNT] = { 0 };
    int          layer = states->layer == MC_ENGINE_FINAL ? MC_LAYER_FINAL : states->layer;

    if (states->all) {
        parts[MC_CRM_STATE] = states->all;
        if (b->tokens.part_count > 1)
            parts[MC_CRM_CONTROL] =
                states->all + b->tokens.offsets[b->tokens.part_texts[0]] * states->width;
        return mc_crm_writer_put(b->writer, layer, parts, err);
    }
    for (size_t part = 0; part < b->tokens.part_count; part++)
        MC_TRY(pool_part(b, part, states->last ? states->last : states->mean, states->width,
                         parts, err));
    return mc_crm_writer_put(b->writer, layer, parts, err);
}

static void report_progress(void *context, const mc_engine_progress *progress)
{
    const build      *b        = context;
    double            fraction = progress->total > 0 ? progress->done / progress->total : 1.0;
    mc_build_progress report   = { .fraction   = fraction,
                                   .seconds    = progress->seconds,
                                   .block      = progress->block,
                                   .last_block = progress->last_block };

    if (!b->options->progress) return;
    if (fraction > 0) report.seconds_left = progress->seconds * (1.0 - fraction) / fraction;
    if (progress->seconds > 0)
        report.tokens_per_second = fraction * (double)progress->tokens / progress->seconds;
    b->options->progress(b->options->context, &report);
}

static mc_status run_model(build *b, mc_engine_stats *stats, mc_error *err)
{
    static const unsigned keep[] = { [MC_POOLING_LAST] = MC_KEEP_LAST,
                                     [MC_POOLING_MEAN] = MC_KEEP_MEAN,
                                     [MC_POOLING_ALL]  = MC_KEEP_ALL };
    mc_texts              texts = { b->tokens.tokens, b->tokens.offsets, b->tokens.text_count };
    mc_engine_options     options = { .backend    = b->backend,
                                      .threads    = b->options->threads,
                                      .max_memory = b->options->max_memory,
                                      .batch_size = b->options->batch_size,
                                      .no_sharing = b->options->no_prefix_sharing,
                                      .keep       = keep[b->options->pooling],
                                      .wanted     = b->wanted,
                                      .states     = write_layer,
                                      .progress   = report_progress,
                                      .context    = b };
    mc_status status = mc_engine_run(mc_model_lowered(b->model), mc_model_store(b->model),
                                     &texts, &options, stats, err);

    return status == MC_OK ? status : mc_fail_about(err, status, "%s", b->options->model);
}

/* ---- the whole ---- */

static mc_status fill_names(const build *b, mc_crm_build_summary *summary, mc_error *err)
{
    const mc_model_info *info = mc_model_get_info(b->model);
    char                 backend[64];

    snprintf(backend, sizeof backend, b->backend->tier[0] ? "%s (%s)" : "%s%s",
             b->backend->name, b->backend->tier);
    summary->model        = mc_strdup(info->name);
    summary->architecture = mc_strdup(info->architecture);
    summary->output       = mc_strdup(b->output);
    summary->backend      = mc_strdup(backend);
    if (summary->model && summary->architecture && summary->output && summary->backend)
        return MC_OK;
    mc_crm_build_summary_clear(summary);
    return mc_fail_memory(err, 0);
}

static void fill_numbers(const build *b, const mc_engine_stats *stats, mc_crm_build_summary *s)
{
    double busy = stats->seconds_stage + stats->seconds_compute;

    s->layer_count     = b->layers.count;
    s->block_count     = (int)block_count(b);
    s->blocks_run      = stats->blocks_run;
    s->hidden_size     = mc_model_get_info(b->model)->hidden_size;
    s->probes          = b->tokens.probe_count;
    s->texts           = b->tokens.text_count;
    s->tokens_asked    = stats->tokens_asked;
    s->tokens_computed = stats->tokens_computed;
    s->seconds_read    = stats->seconds_stage;
    s->seconds_compute = stats->seconds_compute;
    s->seconds_write += stats->seconds_states;
    s->flop        = stats->flop;
    s->threads     = stats->threads;
    s->has_split   = b->split;
    s->has_control = b->options->control;
    s->peak_memory = mc_memory_peak();
    if (busy > 0) {
        s->tokens_per_second = (double)stats->tokens_asked / busy;
        s->flop_per_second   = stats->flop / busy;
    }
}

static mc_status build_all(build *b, mc_crm_build_summary *summary, mc_error *err)
{
    double          started = mc_clock(), opened, ran;
    mc_engine_stats stats   = { 0 };

    MC_TRY(open_inputs(b, err));
    MC_TRY(open_writer(b, err));
    MC_TRY(create_rows(b, err));
    opened = mc_clock();
    mc_log(MC_LOG_DEBUG, "opened the model, the tokenizer and %zu texts in %.4f s",
           b->tokens.text_count, opened - started);
    MC_TRY(run_model(b, &stats, err));
    ran = mc_clock();
    MC_TRY(mc_crm_writer_finish(b->writer, &summary->output_size, err));
    summary->seconds_open  = opened - started;
    summary->seconds_write = mc_clock() - ran;
    summary->seconds       = mc_clock() - started;
    fill_numbers(b, &stats, summary);
    return fill_names(b, summary, err);
}

static void clear(build *b)
{
    mc_crm_writer_close(b->writer);
    mc_probe_tokens_clear(&b->tokens);
    mc_layers_clear(&b->layers);
    mc_free(b->wanted);
    mc_free(b->probe_ids);
    mc_free(b->provenance);
    mc_free(b->output);
    mc_free(b->rows);
    mc_tokenizer_close(b->tokenizer);
    mc_atlas_close(b->atlas);
    mc_model_close(b->model);
}

mc_status mc_crm_build(const mc_crm_build_options *options, mc_crm_build_summary *summary,
                       mc_error *err)
{
    build                b       = { .options = options };
    mc_crm_build_summary numbers = { 0 };
    mc_status            status;

    if (!options->model)
        return mc_fail(err, MC_ERR_ARGUMENT, "name a folder or a .gguf file",
                       "no model is named");
    status = build_all(&b, &numbers, err);
    clear(&b);
    if (status != MC_OK) return status;
    if (summary)
        *summary = numbers;
    else
        mc_crm_build_summary_clear(&numbers);
    return MC_OK;
}

void mc_crm_build_summary_clear(mc_crm_build_summary *summary)
{
    mc_free(summary->model);
    mc_free(summary->architecture);
    mc_free(summary->output);
    mc_free(summary->backend);
    *summary = (mc_crm_build_summary){ 0 };
}
