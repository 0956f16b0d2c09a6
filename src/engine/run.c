/* run.c - the pass: every worker takes tickets (schedule.h), panels of weights and jobs of
 * rows, and the caller's thread ends each block between two of its own. */
#include <float.h>
#include <math.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/profile.h"
#include "engine/pass.h"

/* ---- memory ---- */

static mc_status create_states(mc_pass *p, mc_error *err)
{
    for (int b = 0; b < MC_BUFFERS_MAX; b++) {
        size_t bytes = p->plan.rows * p->cost.stride[b] * sizeof(float);
        if (!mc_cost_is_global(p->model, b) || bytes == 0) continue;
        p->state[b] = mc_alloc_aligned(bytes);
        if (!p->state[b]) return mc_fail_memory(err, bytes);
    }
    return MC_OK;
}

/* What does not fit is refused before it is taken. */
static mc_status check_memory(const mc_pass *p, mc_error *err)
{
    uint64_t most = p->options->max_memory;

    if (most == 0 || p->cost.bytes <= most) return MC_OK;
    return mc_fail(
        err, MC_ERR_MEMORY,
        "allow more with --max-memory, or run fewer texts (--texts-per-probe, --atlas) "
        "or fewer --threads",
        "the pass needs %.1f MiB beside the mapped weights, %.1f MiB are allowed",
        (double)p->cost.bytes / 1048576.0, (double)most / 1048576.0);
}

static mc_status create_pooled(mc_pass *p, mc_error *err)
{
    for (size_t i = 0; i < p->cost.kept; i++)
        MC_TRY(mc_pooled_create(p->options->keep, p->texts->count, p->plan.asked,
                                p->model->hidden, &p->pooled[i], err));
    if (!p->cost.want_final) return MC_OK;
    return mc_pooled_create(mc_cost_keep(&p->cost, p->cost.last_block), p->texts->count,
                            p->plan.asked, p->model->final_width, &p->pooled_final, err);
}

static size_t count_phases(const mc_pass *p)
{
    return (size_t)(p->cost.last_block + p->cost.want_final - p->options->first_block) + 1;
}

static mc_status create_schedule(mc_pass *p, mc_error *err)
{
    size_t    count = count_phases(p), stops = count - p->cost.want_final - 1;
    size_t   *panels = mc_alloc_array(count, sizeof *panels);
    mc_status status;

    p->flop = mc_alloc_array(count, sizeof *p->flop);
    if (!panels || !p->flop) {
        mc_free(panels);
        return mc_fail_memory(err, count * sizeof *panels);
    }
    for (size_t i = 0; i < count; i++) {
        panels[i]  = mc_stage_panels(p->options->backend, mc_pass_program(p, i));
        p->flop[i] = mc_cost_flop(&p->cost, mc_pass_block(p, i));
    }
    status = mc_schedule_create(panels, count, p->chunks.job_count, p->cost.depth, p->cost.kept,
                                stops, &p->schedule, err);
    mc_free(panels);
    return status;
}

static mc_status create_memory(mc_pass *p, mc_error *err)
{
    MC_TRY(check_memory(p, err));
    MC_TRY(mc_chunks_create(&p->cost, &p->chunks, err));
    MC_TRY(mc_rope_tables_create(p->model, &p->plan, &p->ropes, err));
    MC_TRY(create_schedule(p, err));
    MC_TRY(mc_stage_create(p->options->backend, p->model, p->cost.last_block, p->cost.workers,
                           p->cost.depth, &p->stage, err));
    MC_TRY(create_pooled(p, err));
    MC_TRY(create_states(p, err));
    p->living = (mc_engine_state){
        .model = p->model, .plan = &p->plan, .data = p->state, .stride = p->cost.stride
    };
    MC_TRY(mc_engine_state_create(&p->living, err));
    p->workers = mc_calloc(p->cost.workers, sizeof *p->workers);
    if (!p->workers) return mc_fail_memory(err, p->cost.workers * sizeof *p->workers);
    for (size_t i = 0; i < p->cost.workers; i++)
        MC_TRY(mc_worker_create(p, &p->workers[i], err));
    return MC_OK;
}

static void clear_memory(mc_pass *p)
{
    for (size_t i = 0; p->workers && i < p->cost.workers; i++)
        mc_worker_clear(p, &p->workers[i]);
    mc_free(p->workers);
    mc_chunks_clear(&p->chunks);
    mc_engine_state_clear(&p->living);
    for (int b = 0; b < MC_BUFFERS_MAX; b++)
        mc_free_aligned(p->state[b], p->plan.rows * p->cost.stride[b] * sizeof(float));
    for (size_t i = 0; i < MC_KEPT_LAYERS; i++)
        mc_pooled_clear(&p->pooled[i]);
    mc_pooled_clear(&p->pooled_final);
    mc_stage_clear(&p->stage);
    mc_schedule_clear(&p->schedule);
    mc_free(p->flop);
    mc_rope_tables_clear(&p->ropes);
    mc_plan_clear(&p->plan);
}

/* ---- the clock ---- */

/* A worker turns to something else. What the caller's thread does is also a stage of the
 * profile. */
static void turn_to(mc_pass *p, size_t worker, mc_activity activity)
{
    static const char *const names[] = {
        [MC_STAGING] = "read and widen weights", [MC_COMPUTING] = "compute"
    };

    mc_worker *w = &p->workers[worker];
    double     now;

    if (w->at == activity) return;
    now = mc_clock();
    w->seconds[w->at] += now - w->since;
    if (worker == 0 && (w->at == MC_STAGING || w->at == MC_COMPUTING))
        mc_profile_end_stage(w->begun, names[w->at]);
    w->at    = activity;
    w->since = now;
    w->begun = mc_profile_begin();
}

static void sum_seconds(const mc_pass *p, mc_engine_stats *stats)
{
    double sums[MC_ACTIVITIES] = { 0 };

    for (size_t i = 0; i < p->cost.workers; i++)
        for (size_t a = 0; a < MC_ACTIVITIES; a++)
            sums[a] += p->workers[i].seconds[a] / (double)p->cost.workers;
    stats->seconds         = mc_clock() - p->started;
    stats->seconds_stage   = sums[MC_STAGING];
    stats->seconds_compute = sums[MC_COMPUTING];
    stats->seconds_states  = sums[MC_HANDING_OUT];
}

static void report_progress(mc_pass *p, size_t phase)
{
    const mc_schedule *s        = &p->schedule;
    mc_engine_progress progress = { .total      = p->flop_total,
                                    .seconds    = mc_clock() - p->started,
                                    .block      = mc_pass_block(p, phase),
                                    .last_block = p->cost.last_block,
                                    .tokens     = p->plan.rows };

    if (!p->options->progress) return;
    for (size_t i = 0; i < s->phase_count; i++)
        progress.done +=
            p->flop[i] * (double)atomic_load(&s->phases[i].done) / (double)s->job_count;
    p->options->progress(p->options->context, &progress);
}

/* ---- phases end ---- */

/* Without a way out on the way, so that it is done in vectors. */
static bool are_finite(const float *values, size_t count)
{
    int fine = 1;

    for (size_t i = 0; i < count; i++)
        fine &= fabsf(values[i]) <= FLT_MAX;
    return fine;
}

/* What is not finite is no measurement: say which text of which layer. */
static mc_status check_finite(const mc_pass *p, const mc_states *states, mc_error *err)
{
    const float  *data = states->all ? states->all : states->mean ? states->mean : states->last;
    const size_t *begin = p->texts->offsets;

    for (size_t text = 0; text < p->texts->count; text++) {
        size_t first = states->all ? begin[text] : text;
        size_t rows  = states->all ? begin[text + 1] - begin[text] : 1;

        if (are_finite(data + first * states->width, rows * states->width)) continue;
        if (states->layer == MC_ENGINE_FINAL)
            return mc_fail(err, MC_ERR_NUMERIC, "check the model's weights",
                           "the state 'final' of text %zu is not finite", text + 1);
        return mc_fail(err, MC_ERR_NUMERIC, "check the model's weights",
                       "state %d of text %zu is not finite", states->layer, text + 1);
    }
    return MC_OK;
}

static mc_status hand_out(const mc_pass *p, size_t phase, mc_error *err)
{
    const int  block  = mc_pass_block(p, phase);
    const bool final  = block > p->cost.last_block;
    mc_pooled  pooled = mc_pass_pooled(p, phase);
    mc_states  states = { final ? MC_ENGINE_FINAL : block,
                         final ? p->model->final_width : p->model->hidden, pooled.last,
                         pooled.mean, pooled.all };
    mc_profile_mark begun  = mc_profile_begin();
    mc_status       status = check_finite(p, &states, err);

    if (status == MC_OK) status = p->options->states(p->options->context, &states, err);
    mc_profile_end_stage(begun, "states to probes and file");
    return status;
}

static mc_status keep_state(mc_pass *p, size_t phase, mc_error *err)
{
    mc_profile_mark begun = mc_profile_begin();
    mc_status       status;

    p->living.block = mc_pass_block(p, phase);
    status          = p->options->checkpoint(p->options->context, &p->living, err);
    mc_profile_end_stage(begun, "checkpoint");
    if (status == MC_OK) mc_schedule_keep(&p->schedule, phase + 1);
    return status;
}

/* An interrupted caller still keeps the state. */
static mc_status end_phase(mc_pass *p, size_t phase, mc_error *err)
{
    const int block  = mc_pass_block(p, phase);
    mc_status status = MC_OK;

    /* Only now: embeddings are read by the jobs. */
    if (p->store) MC_TRY(mc_store_check(p->store, err));
    if (block > p->cost.last_block || p->options->wanted[block])
        status = hand_out(p, phase, err);
    if (status != MC_OK && status != MC_ERR_INTERRUPTED) return status;
    if (p->need == MC_CHECKPOINT_NOW) MC_TRY(keep_state(p, phase, err));
    return status;
}

/* A block overwrites the state that it began with, so the phase behind `phase` may begin only
 * when it is known whether that one's state is to be kept, and is if it must be. */
static void decide(mc_pass *p, size_t phase)
{
    const mc_engine_options *o     = p->options;
    const int                block = mc_pass_block(p, phase);

    p->need = MC_CHECKPOINT_NEVER;
    if (o->need && block < p->cost.last_block) {
        p->need = o->need(o->context, block);
        if (p->need == MC_CHECKPOINT_NEVER) mc_schedule_keep(&p->schedule, SIZE_MAX);
    }
    mc_schedule_open(&p->schedule, phase + (p->need == MC_CHECKPOINT_NOW ? 1 : 2));
}

static void give_up(mc_pass *p)
{
    mc_schedule_abandon(&p->schedule);
    mc_chunks_abandon(&p->chunks);
}

static void stop(mc_pass *p)
{
    mc_schedule_stop(&p->schedule);
    if (atomic_load(&p->schedule.abandoned)) mc_chunks_abandon(&p->chunks);
}

static void end_phases(void *context)
{
    mc_pass    *p      = context;
    mc_activity before = p->workers[0].at;

    turn_to(p, 0, MC_HANDING_OUT);
    while (mc_schedule_is_due(&p->schedule)) {
        size_t    phase  = atomic_load(&p->schedule.ended);
        mc_status status = end_phase(p, phase, p->err);
        if (status != MC_OK) p->status = status;
        if (status == MC_ERR_INTERRUPTED)
            stop(p);
        else if (status != MC_OK)
            give_up(p);
        if (atomic_load(&p->schedule.abandoned)) break;
        mc_log(MC_LOG_DEBUG, "block %d ended after %.4f s", mc_pass_block(p, phase),
               mc_clock() - p->started);
        mc_schedule_ended(&p->schedule);
        decide(p, phase + 1);
    }
    turn_to(p, 0, before);
}

/* ---- tickets ---- */

static void read_ahead(const mc_pass *p, size_t phase)
{
    if (phase < p->schedule.phase_count)
        mc_stage_advise(p->store, mc_pass_program(p, phase), MC_ADVICE_WILL_NEED);
}

/* Up to the first phase that has weights: the others are read ahead as the one before them is
 * staged. */
static void read_first(const mc_pass *p)
{
    size_t phase = 0;

    while (phase < p->schedule.phase_count && p->schedule.phases[phase].panels == 0)
        phase++;
    read_ahead(p, phase);
}

static void run_ticket(mc_pass *p, size_t worker, const mc_ticket *ticket, const mc_duty *duty)
{
    const mc_program *program = mc_pass_program(p, ticket->phase);

    turn_to(p, worker, ticket->is_panel ? MC_STAGING : MC_COMPUTING);
    if (ticket->is_panel)
        mc_stage_run(&p->stage, program, ticket->phase, ticket->index, worker);
    else
        mc_tile_run(p, worker, ticket->phase, ticket->index, duty);
    if (!mc_schedule_done(&p->schedule, ticket)) return;
    mc_stage_advise(p->store, program, p->options->streams ? MC_ADVICE_FORGET : MC_ADVICE_DONE);
    read_ahead(p, ticket->phase + 1);
}

/* All that one worker does in a pass. */
static void work(void *context, size_t job, size_t worker)
{
    mc_pass       *p     = context;
    mc_schedule   *s     = &p->schedule;
    const mc_duty  own   = { end_phases, p };
    const mc_duty *duty  = worker == 0 ? &own : NULL;
    size_t         phase = 0;
    mc_ticket      ticket;

    (void)job;
    for (;;) {
        if (mc_interrupted()) stop(p);
        if (duty && mc_schedule_is_due(s)) end_phases(p);
        if (!mc_schedule_next(s, &phase, &ticket)) break;
        if (!mc_schedule_is_ready(s, &ticket)) turn_to(p, worker, MC_IDLE);
        if (!mc_schedule_begin(s, &ticket, duty)) break;
        run_ticket(p, worker, &ticket, duty);
        if (duty && !ticket.is_panel) report_progress(p, ticket.phase);
    }
    turn_to(p, worker, MC_IDLE);
    if (duty) mc_schedule_drain(s, duty);
}

/* ---- the pass ---- */

static mc_status run_phases(mc_pass *p, mc_pool *pool, mc_error *err)
{
    const mc_engine_options *o    = p->options;
    const mc_duty            duty = { end_phases, p };

    if (o->first_block > 0)
        MC_TRY(mc_engine_state_restore(&p->living, o->restore, o->context, err));
    /* With the embedding nothing is lost. */
    mc_schedule_keep(&p->schedule, o->need ? o->first_block == 0 : SIZE_MAX);
    decide(p, 0);
    read_first(p);
    for (size_t i = 0; i < p->cost.workers; i++)
        p->workers[i].since = p->started;
    p->err = err;
    mc_pool_run(pool, p->cost.workers, work, p);
    /* Where the others were so fast that it had no job. */
    mc_schedule_drain(&p->schedule, &duty);
    if (mc_schedule_must_keep(&p->schedule))
        MC_TRY(keep_state(p, atomic_load(&p->schedule.ended) - 1, err));
    MC_TRY(p->status);
    return mc_interrupt_check(err);
}

mc_status mc_texts_check(const mc_lowered *model, const mc_texts *texts, mc_error *err)
{
    for (size_t t = 0; t < texts->count; t++) {
        size_t length = texts->offsets[t + 1] - texts->offsets[t];
        if (length == 0)
            return mc_fail(err, MC_ERR_ARGUMENT, "leave empty texts out",
                           "text %zu has no tokens", t + 1);
        if (model->hard_context && length > model->hard_context)
            return mc_fail(err, MC_ERR_ARGUMENT, "shorten the text",
                           "text %zu has %zu tokens, the model has positions for %zu", t + 1,
                           length, model->hard_context);
        for (size_t i = texts->offsets[t]; i < texts->offsets[t + 1]; i++)
            if (texts->tokens[i] < 0 || (size_t)texts->tokens[i] >= model->vocabulary)
                return mc_fail(err, MC_ERR_ARGUMENT,
                               "the tokenizer may not belong to this model",
                               "text %zu has token id %d, the model knows 0 to %zu", t + 1,
                               texts->tokens[i], model->vocabulary - 1);
    }
    return texts->count ? MC_OK
                        : mc_fail(err, MC_ERR_ARGUMENT, "give at least one text", "no texts");
}

mc_status mc_engine_run(const mc_lowered *model, const mc_store *store, const mc_texts *texts,
                        const mc_engine_options *options, mc_engine_stats *stats, mc_error *err)
{
    mc_engine_stats result = { 0 };
    mc_pool        *pool;
    mc_pass         p      = { .model   = model,
                               .store   = store,
                               .texts   = texts,
                               .options = options,
                               .started = mc_clock() };
    mc_status       status = mc_texts_check(model, texts, err);

    if (status != MC_OK) return status;
    MC_TRY(mc_pool_create(options->threads, &pool, err));
    status = mc_plan_create(texts, options, mc_pool_size(pool), mc_rope_alone_above(model),
                            &p.plan, err);
    if (status == MC_OK) {
        mc_cost_measure(model, options, &p.plan, mc_pool_size(pool), &p.cost);
        status = mc_cost_check(&p.cost, err);
    }
    if (status == MC_OK) status = create_memory(&p, err);
    if (status == MC_OK) {
        result       = mc_cost_stats(&p.cost);
        p.flop_total = result.flop;
        status       = run_phases(&p, pool, err);
        sum_seconds(&p, &result);
    }
    clear_memory(&p);
    mc_pool_free(pool);
    if (status == MC_OK && stats) *stats = result;
    return status;
}
