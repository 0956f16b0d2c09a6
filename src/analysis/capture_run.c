/* capture_run.c - opening what a run needs, and handing out its layers. */
#include "analysis/capture_cache.h"
#include "analysis/capture_fit.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/new_file.h"
#include "base/profile.h"
#include "cache/content.h"
#include "capture/pool.h"
#include "model/model.h"

static size_t block_count(const mc_capture_run *run)
{
    return mc_model_get_info(run->model)->layer_count;
}

/* ---- opening ---- */

mc_status mc_capture_atlas_open(const mc_crm_build_options *o, mc_atlas **owned,
                                const mc_atlas **atlas, mc_error *err)
{
    int chosen =
        (o->atlas != NULL) + (o->atlas_file != NULL) + (o->texts != NULL) + (o->probes != NULL);

    if (chosen > 1)
        return mc_fail(err, MC_ERR_ARGUMENT, "choose one of --atlas, --atlas-file and --texts",
                       "more than one source of texts is named");
    *owned = NULL;
    *atlas = o->probes;
    if (o->probes) return MC_OK;
    if (o->texts)
        MC_TRY(mc_atlas_open_texts(o->texts, owned, err));
    else if (o->atlas_file)
        MC_TRY(mc_atlas_open_file(o->atlas_file, owned, err));
    else
        MC_TRY(mc_atlas_open_builtin(o->atlas, owned, err));
    *atlas = *owned;
    return MC_OK;
}

static mc_status open_atlas(mc_capture_run *run, mc_error *err)
{
    MC_TRY(mc_capture_atlas_open(run->options, &run->own_atlas, &run->atlas, err));
    if (run->options->control && !mc_atlas_get_info(run->atlas)->has_control)
        return mc_fail(err, MC_ERR_ARGUMENT,
                       "leave --control out, or use an atlas that has them",
                       "these probes have no control texts");
    return MC_OK;
}

static mc_status choose_layers(mc_capture_run *run, mc_error *err)
{
    size_t blocks = block_count(run);

    MC_TRY(mc_layers_parse(run->options->layers ? run->options->layers : "all", (int)blocks,
                           &run->layers, err));
    run->wanted = mc_calloc(blocks + 2, sizeof *run->wanted);
    if (!run->wanted) return mc_fail_memory(err, blocks + 2);
    for (size_t i = 0; i < run->layers.count; i++) {
        int layer = run->layers.items[i];
        run->wanted[layer == MC_LAYER_FINAL ? blocks + 1 : (size_t)layer] = true;
    }
    return MC_OK;
}

/* Whole rows of all tokens are not kept: they are much more than the file that is built. */
static mc_status choose_cache(mc_capture_run *run, mc_error *err)
{
    run->reuse = (mc_capture_reuse){ .resumed_behind = -1 };
    if (!run->options->cache_activations) return MC_OK;
    MC_TRY(mc_cache_settings_read(&run->cache, err));
    run->caches = !run->cache.off && run->options->pooling != MC_POOLING_ALL;
    if (!run->caches)
        mc_log(MC_LOG_WARN, "activations are not kept: %s",
               run->cache.off ? "MC_CACHE_TTL is 0" : "that is for --pool last and mean");
    return MC_OK;
}

static mc_status open_inputs(mc_capture_run *run, mc_error *err)
{
    const mc_crm_build_options *o = run->options;

    mc_profile_mark begun = mc_profile_begin();

    MC_TRY(mc_backend_find(o->backend, &run->backend, err));
    MC_TRY(open_atlas(run, err));
    MC_TRY(mc_model_open(o->model, &run->model, err));
    MC_TRY(choose_layers(run, err));
    mc_profile_end_stage(begun, "open model and atlas");
    begun = mc_profile_begin();
    MC_TRY(mc_tokenizer_open(mc_model_get_info(run->model)->path, &run->tokenizer, err));
    mc_profile_end_stage(begun, "open tokenizer");
    begun = mc_profile_begin();
    MC_TRY(mc_probe_tokens_create(run->atlas, run->tokenizer, o->texts_per_probe, o->control,
                                  &run->tokens, err));
    mc_profile_end_stage(begun, "tokenize");
    return MC_OK;
}

static mc_status list_probes(mc_capture_run *run, mc_error *err)
{
    size_t count = mc_atlas_count(run->atlas);

    run->probe_ids = mc_alloc_array(count, sizeof *run->probe_ids);
    if (!run->probe_ids) return mc_fail_memory(err, count * sizeof *run->probe_ids);
    for (size_t i = 0; i < count; i++)
        run->probe_ids[i] = mc_atlas_probe(run->atlas, i)->full_id;
    return MC_OK;
}

static mc_status name_output(mc_capture_run *run, mc_error *err)
{
    mc_buffer name = { 0 };

    if (run->options->output)
        mc_buffer_add_text(&name, run->options->output);
    else
        mc_buffer_printf(&name, "%s%s", mc_model_get_info(run->model)->name,
                         run->options->suffix ? run->options->suffix : ".crm.safetensors");
    run->output = mc_buffer_take(&name);
    return run->output ? MC_OK : mc_fail_memory(err, 0);
}

static mc_status check_output(const mc_capture_run *run, mc_error *err)
{
    const mc_crm_build_options *o = run->options;

    if (o->texts) MC_TRY(mc_new_file_check_source(run->output, o->texts, err));
    if (o->atlas_file) MC_TRY(mc_new_file_check_source(run->output, o->atlas_file, err));
    if (!mc_store_owns(mc_model_store(run->model), run->output)) return MC_OK;
    return mc_new_file_refuse_source(run->output, err);
}

mc_status mc_capture_open(const mc_crm_build_options *options, mc_capture_run *run,
                          mc_error *err)
{
    *run = (mc_capture_run){ .options = options };
    if (!options->model)
        return mc_fail(err, MC_ERR_ARGUMENT, "name a folder or a .gguf file",
                       "no model is named");
    MC_TRY(choose_cache(run, err));
    MC_TRY(open_inputs(run, err));
    run->split = !options->no_split && options->pooling != MC_POOLING_ALL;
    for (size_t part = 0; run->split && part < run->tokens.part_count; part++) {
        const mc_crm_texts texts = mc_probe_tokens_part(&run->tokens, part);
        run->split               = mc_crm_can_split(&texts, run->tokens.probe_count);
    }
    MC_TRY(name_output(run, err));
    MC_TRY(check_output(run, err));
    return list_probes(run, err);
}

mc_status mc_capture_describe(mc_capture_run *run, const char *model_hash, mc_error *err)
{
    mc_provenance p = { .model      = mc_model_get_info(run->model),
                        .model_hash = model_hash,
                        .tokenizer  = mc_tokenizer_get_info(run->tokenizer),
                        .atlas      = mc_atlas_get_info(run->atlas),
                        .backend    = run->backend,
                        .options    = run->options,
                        .created_at = run->created_at };

    mc_time_print(run->created_at);
    return mc_provenance_print(&p, &run->provenance, err);
}

mc_status mc_capture_identify(mc_capture_run *run, mc_error *err)
{
    mc_profile_mark begun;

    MC_TRY(mc_capture_fit(run, err));
    begun = mc_profile_begin();
    MC_TRY(mc_content_hash(mc_model_store(run->model), run->options->threads, run->model_hash,
                           NULL, err));
    mc_profile_end_stage(begun, "hash the model's content");
    return mc_capture_describe(run, run->model_hash, err);
}

/* `final` may be wider or narrower than the states; a CRM has one width. */
static mc_status check_widths(const mc_capture_run *run, mc_error *err)
{
    const mc_model_info *info = mc_model_get_info(run->model);

    if (!run->wanted[info->layer_count + 1] || info->final_size == info->hidden_size)
        return MC_OK;
    return mc_fail(err, MC_ERR_UNSUPPORTED, "ask for --layers 0..-1, without 'final'",
                   "'final' of this model has %zu columns, its states have %zu",
                   info->final_size, info->hidden_size);
}

mc_status mc_capture_plan(const mc_capture_run *run, mc_crm_plan *plan, mc_error *err)
{
    const mc_model_info *info = mc_model_get_info(run->model);

    MC_TRY(check_widths(run, err));
    *plan = (mc_crm_plan){ .path        = run->output,
                           .model       = info->name,
                           .created_at  = run->created_at,
                           .provenance  = run->provenance,
                           .block_count = (int)info->layer_count,
                           .hidden      = info->hidden_size,
                           .layers      = run->layers,
                           .pooling     = run->options->pooling,
                           .probe_ids   = run->probe_ids,
                           .probe_count = run->tokens.probe_count,
                           .texts       = mc_probe_tokens_part(&run->tokens, 0),
                           .split       = run->split,
                           .control     = run->options->control,
                           .threads     = run->options->threads };
    if (plan->control) plan->control_texts = mc_probe_tokens_part(&run->tokens, 1);
    return MC_OK;
}

/* ---- layers, as they come ---- */

static mc_status pool_part(mc_capture_run *run, size_t part, const float *texts, size_t width,
                           const float *parts[MC_CRM_PART_COUNT], mc_error *err)
{
    size_t       probes = run->tokens.probe_count;
    float       *means  = run->rows + part * 3 * probes * width;
    float       *halves = run->split ? means + probes * width : NULL;
    mc_crm_texts list   = mc_probe_tokens_part(&run->tokens, part);
    const size_t first  = part ? run->tokens.part_texts[0] : 0;

    MC_TRY(mc_pool_probes(texts + first * width, list.probe_offsets, probes, width, means,
                          halves, err));
    parts[part ? MC_CRM_CONTROL : MC_CRM_STATE]       = means;
    parts[part ? MC_CRM_CONTROL_SPLIT : MC_CRM_SPLIT] = halves;
    return MC_OK;
}

static int public_layer(int layer)
{
    return layer == MC_ENGINE_FINAL ? MC_LAYER_FINAL : layer;
}

mc_status mc_capture_emit(mc_capture_run *run, int layer, size_t width, const float *texts,
                          mc_error *err)
{
    const float *parts[MC_CRM_PART_COUNT] = { 0 };

    for (size_t part = 0; part < run->tokens.part_count; part++)
        MC_TRY(pool_part(run, part, texts, width, parts, err));
    return run->sink(run->context, public_layer(layer), width, parts, err);
}

static mc_status hand_out(void *context, const mc_states *states, mc_error *err)
{
    mc_capture_run *run                      = context;
    const float    *parts[MC_CRM_PART_COUNT] = { 0 };

    if (!states->all)
        return mc_capture_emit(run, states->layer, states->width,
                               states->last ? states->last : states->mean, err);
    parts[MC_CRM_STATE] = states->all;
    if (run->tokens.part_count > 1)
        parts[MC_CRM_CONTROL] =
            states->all + run->tokens.offsets[run->tokens.part_texts[0]] * states->width;
    return run->sink(run->context, public_layer(states->layer), states->width, parts, err);
}

void mc_capture_progress(mc_capture_run *run, const mc_engine_progress *progress)
{
    double            here     = progress->total > 0 ? progress->done / progress->total : 1.0;
    double            fraction = run->share_before + run->share * here;
    mc_build_progress report   = { .fraction   = fraction,
                                   .seconds    = run->seconds_before + progress->seconds,
                                   .block      = progress->block,
                                   .last_block = progress->last_block };

    if (!run->options->progress) return;
    if (fraction > 0) report.seconds_left = report.seconds * (1.0 - fraction) / fraction;
    if (progress->seconds > 0)
        report.tokens_per_second = here * (double)progress->tokens / progress->seconds;
    run->options->progress(run->options->context, &report);
}

static void report_progress(void *context, const mc_engine_progress *progress)
{
    mc_capture_progress(context, progress);
}

/* Means [probes] and halves [2][probes] of both parts; where every token is kept, none. */
size_t mc_capture_row_floats(const mc_capture_run *run)
{
    const mc_model_info *info = mc_model_get_info(run->model);
    const size_t         width =
        info->final_size > info->hidden_size ? info->final_size : info->hidden_size;

    return run->options->pooling == MC_POOLING_ALL ? 0 : 6 * run->tokens.probe_count * width;
}

static mc_status create_rows(mc_capture_run *run, mc_error *err)
{
    const size_t floats = mc_capture_row_floats(run);

    if (floats == 0 || run->rows) return MC_OK;
    run->rows = mc_alloc_array(floats, sizeof *run->rows);
    return run->rows ? MC_OK : mc_fail_memory(err, floats * sizeof *run->rows);
}

mc_texts mc_capture_texts(const mc_capture_run *run)
{
    return (mc_texts){ run->tokens.tokens, run->tokens.offsets, run->tokens.text_count };
}

mc_engine_options mc_capture_engine(const mc_capture_run *run)
{
    static const unsigned keep[] = { [MC_POOLING_LAST] = MC_KEEP_LAST,
                                     [MC_POOLING_MEAN] = MC_KEEP_MEAN,
                                     [MC_POOLING_ALL]  = MC_KEEP_ALL };

    mc_engine_options options = { .backend    = run->backend,
                                  .threads    = run->options->threads,
                                  .max_memory = run->options->max_memory,
                                  .batch_size = run->options->batch_size,
                                  .no_sharing = run->options->no_prefix_sharing,
                                  .one_block  = run->one_block,
                                  .streams    = run->streams,
                                  .keep       = keep[run->options->pooling],
                                  .wanted     = run->wanted };

    /* The cache keeps both; the means behind the last block would need all of its rows. */
    if (run->caches) {
        options.keep     = MC_KEEP_LAST | MC_KEEP_MEAN;
        options.keep_end = options.keep;
        if (run->options->pooling == MC_POOLING_LAST) options.keep_end = MC_KEEP_LAST;
    }
    return options;
}

/* The texts of run->tokens, of a whole run or of one pass. */
static mc_status run_engine(mc_capture_run *run, mc_engine_stats *stats, mc_error *err)
{
    mc_texts          texts   = mc_capture_texts(run);
    mc_engine_options options = mc_capture_engine(run);
    mc_status         status;

    options.states   = hand_out;
    options.progress = report_progress;
    options.context  = run;
    status = mc_engine_run(mc_model_lowered(run->model), mc_model_store(run->model), &texts,
                           &options, stats, err);
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", run->options->model);
}

static size_t part_rows(const mc_capture_run *run, size_t part)
{
    if (part >= run->tokens.part_count) return 0;
    if (run->options->pooling != MC_POOLING_ALL) return run->tokens.probe_count;
    return (size_t)mc_probe_tokens_part(&run->tokens, part).token_count;
}

static void add_stats(mc_engine_stats *sum, const mc_engine_stats *pass)
{
    if (pass->threads > sum->threads) sum->threads = pass->threads; /* 0: all was served */
    sum->tiles += pass->tiles;
    sum->tokens_asked += pass->tokens_asked;
    sum->tokens_computed += pass->tokens_computed;
    if (pass->blocks_run > sum->blocks_run) sum->blocks_run = pass->blocks_run;
    sum->flop += pass->flop;
    sum->seconds += pass->seconds;
    sum->seconds_stage += pass->seconds_stage;
    sum->seconds_compute += pass->seconds_compute;
    sum->seconds_states += pass->seconds_states;
    sum->weights += pass->weights;
    sum->values += pass->values;
    if (pass->bytes > sum->bytes) sum->bytes = pass->bytes;
    if (pass->window > sum->window) sum->window = pass->window;
}

/* One pass of a run of so many tokens: run->tokens are those of the pass. */
typedef mc_status pass_function(mc_capture_run *run, size_t all_tokens, mc_engine_stats *stats,
                                mc_error *err);

static mc_status begin_pass(mc_capture_run *run, size_t all_tokens, mc_error *err)
{
    run->share            = (double)run->tokens.token_count / (double)all_tokens;
    run->rows_at[0].count = part_rows(run, 0);
    run->rows_at[1].count = part_rows(run, 1);
    return create_rows(run, err);
}

static mc_status run_pass(mc_capture_run *run, size_t all_tokens, mc_engine_stats *stats,
                          mc_error *err)
{
    mc_engine_stats own = { 0 };
    mc_status       status;

    MC_TRY(begin_pass(run, all_tokens, err));
    status =
        run->caches ? mc_capture_layers_cached(run, &own, err) : run_engine(run, &own, err);
    mc_free(run->rows);
    run->rows = NULL;
    run->rows_at[0].first += run->rows_at[0].count;
    run->rows_at[1].first += run->rows_at[1].count;
    run->share_before += run->share;
    run->seconds_before += own.seconds;
    if (status == MC_OK) add_stats(stats, &own);
    return status;
}

mc_status mc_capture_forecast_pass(const mc_capture_run *run, mc_engine_stats *stats,
                                   mc_error *err)
{
    const mc_texts          texts  = mc_capture_texts(run);
    const mc_engine_options engine = mc_capture_engine(run);

    return mc_engine_forecast(mc_model_lowered(run->model), &texts, &engine, stats, err);
}

static mc_status forecast_pass(mc_capture_run *run, size_t all_tokens, mc_engine_stats *stats,
                               mc_error *err)
{
    mc_engine_stats own = { 0 };

    (void)all_tokens;
    MC_TRY(mc_capture_forecast_pass(run, &own, err));
    add_stats(stats, &own);
    return MC_OK;
}

static mc_status each_pass(mc_capture_run *run, pass_function *function, mc_engine_stats *stats,
                           mc_error *err)
{
    const mc_probe_tokens all    = run->tokens;
    mc_status             status = MC_OK;

    if (run->passes <= 1) return function(run, all.token_count, stats, err);
    for (size_t i = 0; i < run->passes && status == MC_OK; i++) {
        const size_t first = run->pass_begins[i];

        status = mc_probe_tokens_slice(&all, first, run->pass_begins[i + 1] - first,
                                       &run->tokens, err);
        if (status != MC_OK) break;
        status = function(run, all.token_count, stats, err);
        mc_probe_tokens_clear(&run->tokens);
    }
    run->tokens = all;
    return status;
}

mc_status mc_capture_layers(mc_capture_run *run, mc_layer_sink *sink, void *context,
                            mc_engine_stats *stats, mc_error *err)
{
    run->sink    = sink;
    run->context = context;
    return each_pass(run, run_pass, stats, err);
}

mc_status mc_capture_forecast(mc_capture_run *run, mc_engine_stats *stats, mc_error *err)
{
    return each_pass(run, forecast_pass, stats, err);
}

void mc_capture_close(mc_capture_run *run)
{
    mc_probe_tokens_clear(&run->tokens);
    mc_layers_clear(&run->layers);
    mc_free(run->wanted);
    mc_free(run->probe_ids);
    mc_free(run->provenance);
    mc_free(run->output);
    mc_free(run->pass_begins);
    mc_free(run->rows);
    mc_tokenizer_close(run->tokenizer);
    mc_atlas_close(run->own_atlas);
    mc_model_close(run->model);
}
