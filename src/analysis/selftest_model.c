/* selftest_model.c - one model: the tiers of the cpu backend against `ref`, and against each
 * other to the bit. */
#include <string.h>

#include "analysis/capture_run.h"
#include "analysis/selftest.h"
#include "base/alloc.h"

typedef struct trial {
    mc_capture_run     run;
    mc_texts           texts; /* the chosen ones */
    int32_t           *tokens;
    size_t            *offsets;
    float            **want; /* [layers]: states of `ref` */
    mc_selftest_model *report;
    size_t             tier;  /* column at work on */
    bool               keeps; /* this pass is the reference */
    size_t             at;    /* layer */
    mc_hash            bits;
} trial;

/* Every step-th text, so that all sources of probes have one. */
static mc_status choose_texts(trial *t, size_t wanted, mc_error *err)
{
    const mc_texts all   = mc_capture_texts(&t->run);
    const size_t   count = wanted < all.count ? wanted : all.count;

    t->tokens  = mc_alloc_array(all.offsets[all.count], sizeof *t->tokens);
    t->offsets = mc_calloc(count + 1, sizeof *t->offsets);
    if (!t->tokens || !t->offsets) return mc_fail_memory(err, all.offsets[all.count]);
    for (size_t i = 0; i < count; i++) {
        const size_t text   = i * all.count / count;
        const size_t length = all.offsets[text + 1] - all.offsets[text];
        memcpy(t->tokens + t->offsets[i], all.tokens + all.offsets[text],
               length * sizeof *t->tokens);
        t->offsets[i + 1] = t->offsets[i] + length;
    }
    t->texts          = (mc_texts){ t->tokens, t->offsets, count };
    t->report->texts  = count;
    t->report->tokens = t->offsets[count];
    return MC_OK;
}

static mc_status look_at(void *context, const mc_states *states, mc_error *err)
{
    trial       *t    = context;
    const size_t rows = t->report->tokens, width = states->width;
    const size_t bytes = rows * width * sizeof *states->all;
    const size_t layer = t->at++;

    if (t->keeps) {
        t->report->layers[layer].layer =
            states->layer == MC_ENGINE_FINAL ? MC_LAYER_FINAL : states->layer;
        t->want[layer] = mc_alloc(bytes);
        if (!t->want[layer]) return mc_fail_memory(err, bytes);
        memcpy(t->want[layer], states->all, bytes);
        return MC_OK;
    }
    t->bits = mc_hash_join(t->bits, mc_hash_bytes(states->all, bytes));
    for (size_t row = 0; row < rows; row++)
        mc_keep_worst(
            &t->report->layers[layer].errors[t->tier],
            mc_row_error(states->all + row * width, t->want[layer] + row * width, width));
    return MC_OK;
}

static mc_status pass(trial *t, const mc_backend *backend, size_t threads, size_t batch,
                      mc_error *err)
{
    mc_engine_options options = { .backend    = backend,
                                  .threads    = threads,
                                  .batch_size = batch,
                                  .keep       = MC_KEEP_ALL,
                                  .wanted     = t->run.wanted,
                                  .states     = look_at,
                                  .context    = t };

    t->at   = 0;
    t->bits = (mc_hash){ 0 };
    return mc_engine_run(mc_model_lowered(t->run.model), mc_model_store(t->run.model),
                         &t->texts, &options, NULL, err);
}

/* The first tier three times: as it is, with one thread, with one text at a time. */
static mc_status compare_tiers(trial *t, size_t threads, mc_error *err)
{
    mc_selftest_model *r = t->report;
    const char        *name;
    mc_hash            first = { 0 };

    r->tiers_agree = r->threads_agree = r->batches_agree = true;
    for (size_t i = 0; (name = mc_backend_cpu_tier_name(i)); i++) {
        const mc_backend *tier = mc_backend_cpu_tier(name);
        if (!tier || r->tier_count == MC_SELFTEST_BACKENDS_MOST) continue;
        t->tier                   = r->tier_count;
        r->tiers[r->tier_count++] = name;
        MC_TRY(pass(t, tier, threads, 0, err));
        if (t->tier > 0) {
            r->tiers_agree = r->tiers_agree && mc_hash_equal(t->bits, first);
            continue;
        }
        first = t->bits;
        MC_TRY(pass(t, tier, 1, 0, err));
        r->threads_agree = mc_hash_equal(t->bits, first);
        MC_TRY(pass(t, tier, threads, 1, err));
        r->batches_agree = mc_hash_equal(t->bits, first);
    }
    return MC_OK;
}

static void conclude(mc_selftest_model *r)
{
    for (size_t layer = 0; layer < r->layer_count; layer++)
        for (size_t tier = 0; tier < r->tier_count; tier++)
            mc_keep_worst(&r->worst, r->layers[layer].errors[tier]);
    r->passed =
        r->worst <= MC_SELFTEST_BOUND && r->tiers_agree && r->threads_agree && r->batches_agree;
}

static mc_status run(trial *t, const mc_crm_build_options *options, size_t texts, mc_error *err)
{
    mc_selftest_model *r = t->report;

    MC_TRY(mc_capture_open(options, &t->run, err));
    r->layer_count = t->run.layers.count;
    r->layers      = mc_calloc(r->layer_count, sizeof *r->layers);
    t->want        = mc_calloc(r->layer_count, sizeof *t->want);
    if (!r->layers || !t->want) return mc_fail_memory(err, r->layer_count * sizeof *r->layers);
    MC_TRY(choose_texts(t, texts, err));
    t->keeps = true;
    MC_TRY(pass(t, &mc_backend_ref, options->threads, 0, err));
    t->keeps = false;
    MC_TRY(compare_tiers(t, options->threads, err));
    conclude(r);
    return MC_OK;
}

mc_status mc_selftest_run_model(const char *model, const char *layers, size_t texts,
                                size_t threads, mc_selftest_model **report, mc_error *err)
{
    const mc_crm_build_options options = {
        .model = model, .layers = layers, .texts_per_probe = 1, .threads = threads
    };
    trial     t = { .report = mc_calloc(1, sizeof *t.report) };
    mc_status status;

    if (!t.report) return mc_fail_memory(err, sizeof *t.report);
    status = run(&t, &options, texts ? texts : 1, err);
    for (size_t i = 0; t.want && i < t.report->layer_count; i++)
        mc_free(t.want[i]);
    mc_free(t.want);
    mc_free(t.tokens);
    mc_free(t.offsets);
    mc_capture_close(&t.run);
    if (status == MC_OK)
        *report = t.report;
    else
        mc_selftest_model_free(t.report);
    return status;
}

void mc_selftest_model_free(mc_selftest_model *report)
{
    if (!report) return;
    mc_free(report->layers);
    mc_free(report);
}
