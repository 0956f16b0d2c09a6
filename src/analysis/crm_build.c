/* crm_build.c - the main job: an atlas through a model, every layer's responses to a file. */
#include <modelcypher/analysis.h>
#include <modelcypher/system.h>
#include <stdio.h>

#include "analysis/capture_run.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/profile.h"

typedef struct build {
    mc_capture_run run;
    mc_crm_writer *writer;
} build;

static mc_status open_writer(build *b, mc_error *err)
{
    mc_crm_plan plan;

    MC_TRY(mc_capture_plan(&b->run, &plan, err));
    b->run.one_pass    = mc_crm_plan_in_order(&plan);
    b->run.more_passes = "an --output that ends in .safetensors";
    MC_TRY(mc_capture_identify(&b->run, err));
    plan.provenance = b->run.provenance;
    return mc_crm_writer_open(&plan, &b->writer, err);
}

static mc_status write_layer(void *context, int layer, size_t width,
                             const float *const parts[MC_CRM_PART_COUNT], mc_error *err)
{
    build *b = context;

    (void)width; /* the plan's */
    return mc_crm_writer_put_rows(b->writer, layer, parts, b->run.rows_at, err);
}

/* ---- the whole ---- */

static mc_status fill_names(const build *b, mc_crm_build_summary *summary, mc_error *err)
{
    const mc_model_info *info = mc_model_get_info(b->run.model);
    char                 backend[64];

    snprintf(backend, sizeof backend, b->run.backend->tier[0] ? "%s (%s)" : "%s%s",
             b->run.backend->name, b->run.backend->tier);
    summary->model        = mc_strdup(info->name);
    summary->architecture = mc_strdup(info->architecture);
    summary->output       = mc_strdup(b->run.output);
    summary->backend      = mc_strdup(backend);
    if (summary->model && summary->architecture && summary->output && summary->backend)
        return MC_OK;
    return mc_fail_memory(err, 0);
}

static void fill_numbers(const build *b, const mc_engine_stats *stats, mc_crm_build_summary *s)
{
    const bool ran = !b->run.caches || b->run.reuse.served < b->run.reuse.states;

    s->layer_count     = b->run.layers.count;
    s->block_count     = (int)mc_model_get_info(b->run.model)->layer_count;
    s->blocks_run      = stats->blocks_run;
    s->hidden_size     = mc_model_get_info(b->run.model)->hidden_size;
    s->probes          = b->run.tokens.probe_count;
    s->texts           = b->run.tokens.text_count;
    s->tokens_asked    = b->run.tokens.token_count;
    s->tokens_run      = stats->tokens_asked;
    s->tokens_computed = stats->tokens_computed;
    s->seconds_read    = stats->seconds_stage;
    s->seconds_compute = stats->seconds_compute;
    s->seconds_write += stats->seconds_states;
    s->flop               = stats->flop;
    s->threads            = stats->threads;
    s->has_split          = b->run.split;
    s->has_control        = b->run.options->control;
    s->peak_memory        = mc_memory_peak();
    s->pass_memory        = ran ? b->run.pass_memory : 0;
    s->passes             = ran ? b->run.passes : 0;
    s->window             = stats->window;
    s->weights            = stats->weights;
    s->streamed           = ran && b->run.streams;
    s->cached             = b->run.caches;
    s->states             = b->run.reuse.states;
    s->states_served      = b->run.reuse.served;
    s->resumed_behind     = b->run.reuse.resumed_behind;
    s->activations_stored = b->run.reuse.stored;
    if (stats->seconds > 0) {
        s->tokens_per_second = (double)stats->tokens_asked / stats->seconds;
        s->flop_per_second   = stats->flop / stats->seconds;
    }
}

static mc_status build_all(build *b, const mc_crm_build_options *options,
                           mc_crm_build_summary *summary, mc_error *err)
{
    double          started = mc_clock(), opened, ran;
    mc_engine_stats stats   = { 0 };
    mc_profile_mark begun;

    MC_TRY(mc_capture_open(options, &b->run, err));
    MC_TRY(open_writer(b, err));
    opened = mc_clock();
    mc_log(MC_LOG_DEBUG, "opened the model, the tokenizer and %zu texts in %.4f s",
           b->run.tokens.text_count, opened - started);
    MC_TRY(mc_capture_layers(&b->run, write_layer, b, &stats, err));
    ran   = mc_clock();
    begun = mc_profile_begin();
    MC_TRY(fill_names(b, summary, err)); /* nothing can fail behind the file's last step */
    MC_TRY(mc_crm_writer_finish(b->writer, &summary->output_size, err));
    mc_profile_end_stage(begun, "finish the file");
    summary->seconds_open  = opened - started;
    summary->seconds_write = mc_clock() - ran;
    summary->seconds       = mc_clock() - started;
    fill_numbers(b, &stats, summary);
    return MC_OK;
}

mc_status mc_crm_build(const mc_crm_build_options *options, mc_crm_build_summary *summary,
                       mc_error *err)
{
    build                b       = { 0 };
    mc_crm_build_summary numbers = { 0 };
    mc_status            status;

    status = build_all(&b, options, &numbers, err);
    mc_crm_writer_close(b.writer);
    mc_capture_close(&b.run);
    if (status == MC_OK && summary)
        *summary = numbers;
    else
        mc_crm_build_summary_clear(&numbers);
    return status;
}

void mc_crm_build_summary_clear(mc_crm_build_summary *summary)
{
    mc_free(summary->model);
    mc_free(summary->architecture);
    mc_free(summary->output);
    mc_free(summary->backend);
    *summary = (mc_crm_build_summary){ 0 };
}
