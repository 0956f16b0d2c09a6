/* run.c - the pass: for the embedding and each block, stage the weights, run all tiles, pool.
 *
 * Two barriers a block: after staging and after the tiles. While the others stage a block, the
 * caller's worker hands out what the block before it has pooled. Everything a worker writes
 * during the tiles is its own: rows of its tile, its scratch, the pooled rows of its texts. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "engine/chunks.h"
#include "engine/cost.h"
#include "engine/engine.h"
#include "engine/op_profile.h"
#include "engine/plan.h"
#include "engine/pooling.h"
#include "engine/rope_tables.h"
#include "engine/stage.h"
#include "engine/state.h"

/* `final` writes here when it changes the width. */
enum { FINAL_BUFFER = 1 };

/* One worker's memory: what a tile needs while it goes through a program. */
typedef struct worker {
    float        *buffers; /* all of a tile's scratch buffers */
    void         *scratch; /* of the operations */
    double       *sums;    /* of the mean */
    mc_text_rows *texts;   /* of the tile at work on */
    uint32_t     *place;   /* [tile rows] rows after the unwanted ones are dropped */
    uint8_t      *wanted;  /* [tile rows] */
} worker;

typedef struct pass {
    const mc_lowered        *model;
    const mc_store          *store;
    const mc_texts          *texts;
    const mc_engine_options *options;
    mc_engine_stats         *stats;
    mc_pool                 *pool;
    mc_plan                  plan;
    mc_cost                  cost;
    mc_chunks                chunks;
    mc_rope_tables           ropes;
    mc_stage                 stage;
    mc_pooled                pooled, pooled_final;
    mc_engine_state          living;

    float  *state[MC_BUFFERS_MAX]; /* of all rows: x and the persistent buffers */
    worker *workers;

    int               block;   /* at work on; 0: embedding; cost.last_block + 1: final */
    bool              held_up; /* a request to stop waits for the end of the phase */
    const mc_program *program;
    atomic_size_t     jobs_done;
    double            started, flop_done, flop_total, flop_phase;
    double            seconds_staging; /* of the program at work on */
} pass;

/* ---- memory ---- */

static mc_status create_worker(const pass *p, worker *w, mc_error *err)
{
    const mc_cost *c    = &p->cost;
    size_t         rows = p->plan.tile_rows;

    w->buffers = mc_alloc_aligned(c->buffer_floats * sizeof *w->buffers);
    w->scratch = mc_alloc_aligned(c->scratch_bytes);
    w->sums    = mc_alloc_array(c->sums, sizeof *w->sums);
    w->texts   = mc_alloc_array(p->plan.text_count, sizeof *w->texts);
    w->place   = mc_alloc_array(rows, sizeof *w->place);
    w->wanted  = mc_alloc_array(rows, sizeof *w->wanted);
    if (w->buffers && w->scratch && w->sums && w->texts && w->place && w->wanted) return MC_OK;
    return mc_fail_memory(err, c->buffer_floats * sizeof(float) + c->scratch_bytes);
}

static void free_worker(const pass *p, worker *w)
{
    const mc_cost *c = &p->cost;

    mc_free_aligned(w->buffers, c->buffer_floats * sizeof *w->buffers);
    mc_free_aligned(w->scratch, c->scratch_bytes);
    mc_free(w->sums);
    mc_free(w->texts);
    mc_free(w->place);
    mc_free(w->wanted);
}

static mc_status create_states(pass *p, mc_error *err)
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
static mc_status check_memory(const pass *p, mc_error *err)
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

static mc_status create_memory(pass *p, mc_error *err)
{
    MC_TRY(check_memory(p, err));
    MC_TRY(mc_chunks_create(&p->cost, &p->chunks, err));
    MC_TRY(mc_rope_tables_create(p->model, &p->plan, &p->ropes, err));
    MC_TRY(mc_stage_create(p->options->backend, p->model, p->cost.last_block, p->cost.workers,
                           &p->stage, err));
    MC_TRY(mc_pooled_create(p->options->keep, p->texts->count, p->plan.asked, p->model->hidden,
                            &p->pooled, err));
    if (p->cost.want_final)
        MC_TRY(mc_pooled_create(mc_cost_keep(&p->cost, p->cost.last_block), p->texts->count,
                                p->plan.asked, p->model->final_width, &p->pooled_final, err));
    MC_TRY(create_states(p, err));
    p->living = (mc_engine_state){
        .model = p->model, .plan = &p->plan, .data = p->state, .stride = p->cost.stride
    };
    MC_TRY(mc_engine_state_create(&p->living, err));
    p->workers = mc_calloc(p->cost.workers, sizeof *p->workers);
    if (!p->workers) return mc_fail_memory(err, p->cost.workers * sizeof *p->workers);
    for (size_t i = 0; i < p->cost.workers; i++)
        MC_TRY(create_worker(p, &p->workers[i], err));
    return MC_OK;
}

static void clear_memory(pass *p)
{
    for (size_t i = 0; p->workers && i < p->cost.workers; i++)
        free_worker(p, &p->workers[i]);
    mc_free(p->workers);
    mc_chunks_clear(&p->chunks);
    mc_engine_state_clear(&p->living);
    for (int b = 0; b < MC_BUFFERS_MAX; b++)
        mc_free_aligned(p->state[b], p->plan.rows * p->cost.stride[b] * sizeof(float));
    mc_pooled_clear(&p->pooled);
    mc_pooled_clear(&p->pooled_final);
    mc_stage_clear(&p->stage);
    mc_rope_tables_clear(&p->ropes);
    mc_plan_clear(&p->plan);
}

/* ---- one tile ---- */

typedef struct tile_job {
    pass               *p;
    worker             *w;
    const mc_job       *job;
    const mc_plan_tile *planned;
    size_t              first_row;    /* of the tile or chunk, among all rows */
    size_t              wanted_count; /* rows that the last block keeps */
    mc_tile             tile;
} tile_job;

static void point_buffers(tile_job *job)
{
    const pass *p = job->p;

    for (int b = 0; b < MC_BUFFERS_MAX; b++) {
        job->tile.stride[b] = p->cost.stride[b];
        job->tile.data[b] =
            mc_cost_is_global(p->model, b)
                ? (p->state[b] ? p->state[b] + job->first_row * p->cost.stride[b] : NULL)
                : job->w->buffers + p->cost.offset[b];
    }
}

static void describe_texts(tile_job *job)
{
    const pass *p = job->p;

    for (size_t i = 0; i < job->planned->text_count; i++) {
        size_t              t    = job->planned->first_text + i;
        const mc_plan_text *text = &p->plan.texts[t];
        job->w->texts[i]         = (mc_text_rows){
                    .length = text->length,
                    .first  = text->shared,
                    .row    = text->row,
                    .own    = text->length - text->shared,
                    .path   = p->plan.paths + text->path,
                    .ropes  = p->ropes.of_text + t * p->model->rope_count,
        };
    }
    job->tile.texts      = job->w->texts;
    job->tile.text_count = job->planned->text_count;
}

static mc_chunk_slot *slot_of(const tile_job *job)
{
    return &job->p->chunks.slots[job->job->text % job->p->cost.long_texts];
}

/* A chunk is a text whose earlier positions are in the history. */
static void describe_chunk(tile_job *job)
{
    describe_texts(job);
    job->w->texts->first = job->job->at;
    job->w->texts->own   = job->job->rows;
    job->w->texts->path  = NULL;
    job->tile.history    = &slot_of(job)->history;
}

/* Rows that somebody asked for, in the last block: all texts' pooled positions, wherever the
 * rows lie; and where they go when the others are dropped. */
static void mark_wanted(tile_job *job)
{
    const pass *p    = job->p;
    unsigned    keep = mc_cost_keep(&p->cost, p->block);
    uint32_t    to   = 0;

    memset(job->w->wanted, 0, job->tile.rows);
    for (size_t i = 0; i < job->planned->text_count; i++) {
        const mc_plan_text *text = &p->plan.texts[job->planned->first_text + i];
        for (size_t position = 0; position < text->length; position++) {
            size_t row = p->plan.paths[text->path + position];
            size_t at  = job->job->at;
            if (row < at || row >= at + job->tile.rows) continue;
            if (mc_pooled_needs(keep, position, text->length)) job->w->wanted[row - at] = 1;
        }
    }
    for (size_t row = 0; row < job->tile.rows; row++) {
        job->w->place[row] = to;
        to += job->w->wanted[row];
    }
    job->wanted_count = to;
    job->tile.wanted  = job->w->wanted;
}

static void drop_unwanted(tile_job *job)
{
    size_t to = 0;

    for (size_t row = 0; row < job->tile.rows; row++) {
        if (!job->w->wanted[row]) continue;
        for (int b = 0; b < MC_BUFFERS_MAX && to != row; b++)
            if (job->tile.data[b] && job->tile.stride[b])
                memcpy(job->tile.data[b] + to * job->tile.stride[b],
                       job->tile.data[b] + row * job->tile.stride[b],
                       job->tile.stride[b] * sizeof(float));
        to++;
    }
    job->tile.rows   = to;
    job->tile.wanted = NULL;
}

/* False: the pass is given up. */
static bool run_program(tile_job *job, const mc_program *program, const mc_stage *stage)
{
    const mc_backend *backend = job->p->options->backend;
    size_t drop_at = program->count - 1; /* behind the last attention, or at the end */

    for (size_t i = 0; job->tile.wanted && i < program->count; i++)
        if (program->ops[i].kind == MC_OP_ATTENTION) drop_at = i;
    for (size_t i = 0; i < program->count; i++) {
        const mc_op *op = &program->ops[i];
        if (job->tile.history && op->kind == MC_OP_ATTENTION) {
            mc_tile_remember(op, &job->tile);
            if (!mc_chunk_remembered(&job->p->chunks, job->job)) return false;
        }
        mc_profile_call call  = mc_op_profile_call(op, &job->tile);
        mc_profile_mark begun = mc_profile_begin();
        backend->run[op->kind](backend, op, mc_stage_of(stage, program, i), &job->tile);
        mc_profile_end(begun, &call);
        if (job->tile.wanted && i == drop_at) drop_unwanted(job);
    }
    return true;
}

/* Pool what lies in `buffer` of the tile's rows; `place` as after dropping rows, or NULL. */
static void pool_tile(tile_job *job, int buffer, size_t width, const mc_pooled *all,
                      const uint32_t *place)
{
    pass        *p      = job->p;
    mc_pooled    pooled = mc_pooled_only(all, mc_cost_keep(&p->cost, p->block));
    double      *sums   = job->tile.history ? slot_of(job)->sums : job->w->sums;
    mc_pool_rows rows   = { .data   = job->tile.data[buffer],
                            .stride = job->tile.stride[buffer],
                            .width  = width,
                            .place  = place };

    if (job->tile.history && !mc_chunk_turn(&p->chunks, job->job)) return;
    for (size_t i = 0; i < job->planned->text_count; i++) {
        const mc_plan_text *text = &p->plan.texts[job->planned->first_text + i];
        rows.begin               = p->texts->offsets[text->text];
        /* A chunk's rows count from its own beginning, as the path of its text does. */
        mc_pool_text(&pooled, text, &rows, p->plan.paths + text->path, job->job->at,
                     job->tile.history ? job->job->rows : text->length, sums);
    }
}

/* The rows of a tile or chunk through the program at work on. The last block drops rows that
 * nobody wants behind its attention; `final` finds the others where that block has put them. */
static void run_rows(tile_job *job)
{
    pass *p        = job->p;
    bool  is_final = p->block > p->cost.last_block;
    bool  drops    = p->block >= p->cost.last_block && p->cost.last_block > 0 &&
                 !(mc_cost_keep(&p->cost, p->block) & MC_KEEP_ALL);
    const uint32_t *place = drops ? job->w->place : NULL;

    point_buffers(job);
    job->tile.tokens    = p->plan.tokens + job->first_row;
    job->tile.positions = p->plan.positions + job->first_row;
    job->tile.scratch   = job->w->scratch;
    job->tile.wanted    = NULL;
    if (drops) mark_wanted(job);
    if (is_final) {
        if (drops) job->tile.rows = job->wanted_count;
        job->tile.wanted = NULL;
    }
    if (p->program->count > 0 && !run_program(job, p->program, &p->stage)) return;
    if (is_final) {
        int buffer = p->model->final_width == p->model->hidden ? MC_X : FINAL_BUFFER;
        pool_tile(job, buffer, p->model->final_width, &p->pooled_final, place);
    } else if (p->options->wanted[p->block]) {
        pool_tile(job, MC_X, p->model->hidden, &p->pooled, place);
    }
}

static void run_chunk(tile_job *job)
{
    mc_chunks *chunks = &job->p->chunks;

    describe_chunk(job);
    if (!mc_chunk_begin(chunks, job->job)) return;
    run_rows(job);
    mc_chunk_done(chunks, job->job);
}

static void run_job(void *context, size_t index, size_t worker_index)
{
    pass         *p   = context;
    const mc_job *own = &p->chunks.jobs[index];
    tile_job      job = { .p         = p,
                          .w         = &p->workers[worker_index],
                          .job       = own,
                          .planned   = own->tile,
                          .first_row = own->tile->first_row + own->at };

    if (mc_interrupted() && !p->held_up) {
        mc_chunks_abandon(&p->chunks);
        return;
    }
    job.tile.rows = own->rows;
    if (own->tile->chunked) {
        run_chunk(&job);
    } else {
        describe_texts(&job);
        run_rows(&job);
    }
    atomic_fetch_add(&p->jobs_done, 1);
    if (worker_index == 0 && p->options->progress) {
        double part = (double)atomic_load(&p->jobs_done) / (double)p->chunks.job_count;
        mc_engine_progress progress = { p->flop_done + part * p->flop_phase,
                                        p->flop_total,
                                        mc_clock() - p->started,
                                        p->block,
                                        p->cost.last_block,
                                        p->plan.rows };
        p->options->progress(p->options->context, &progress);
    }
}

/* ---- the pass ---- */

/* What is not finite is no measurement: say which text of which layer. */
static mc_status check_finite(const pass *p, const mc_states *states, mc_error *err)
{
    const float  *data = states->all ? states->all : states->mean ? states->mean : states->last;
    const size_t *begin = p->texts->offsets;

    for (size_t text = 0; text < p->texts->count; text++) {
        size_t first = states->all ? begin[text] : text;
        size_t rows  = states->all ? begin[text + 1] - begin[text] : 1;
        for (size_t i = 0; i < rows * states->width; i++) {
            if (isfinite(data[first * states->width + i])) continue;
            if (states->layer == MC_ENGINE_FINAL)
                return mc_fail(err, MC_ERR_NUMERIC, "check the model's weights",
                               "the state 'final' of text %zu is not finite", text + 1);
            return mc_fail(err, MC_ERR_NUMERIC, "check the model's weights",
                           "state %d of text %zu is not finite", states->layer, text + 1);
        }
    }
    return MC_OK;
}

static mc_status hand_out(pass *p, int block, mc_error *err)
{
    const mc_lowered *m     = p->model;
    bool              final = block > p->cost.last_block;
    int               layer = final ? MC_ENGINE_FINAL : block;
    size_t            width = final ? m->final_width : m->hidden;
    mc_pooled         pooled =
        mc_pooled_only(final ? &p->pooled_final : &p->pooled, mc_cost_keep(&p->cost, block));
    mc_states       states  = { layer, width, pooled.last, pooled.mean, pooled.all };
    double          started = mc_clock();
    mc_profile_mark begun   = mc_profile_begin();
    mc_status       status  = check_finite(p, &states, err);

    if (status == MC_OK) status = p->options->states(p->options->context, &states, err);
    mc_profile_end_stage(begun, "states to probes and file");
    p->stats->seconds_states += mc_clock() - started;
    return status;
}

/* A block overwrites the state that it began with. So where that one has been put off, a
 * request to stop lets the block end, and its own state is kept. */
static mc_status check_point(pass *p, int block, mc_error *err)
{
    double          started = mc_clock();
    mc_profile_mark begun   = mc_profile_begin();
    bool            put_off = false;
    mc_status       status;

    p->living.block = block;
    status          = p->options->checkpoint(p->options->context, &p->living, &put_off, err);
    mc_profile_end_stage(begun, "checkpoint");
    p->stats->seconds_states += mc_clock() - started;
    p->held_up = put_off && block > 0; /* nothing is lost with the embedding */
    return status == MC_OK && !p->held_up ? mc_interrupt_check(err) : status;
}

/* What a block leaves behind. An interrupted caller still keeps the state. */
static mc_status end_block(pass *p, int block, mc_error *err)
{
    const mc_engine_options *o      = p->options;
    mc_status                status = MC_OK;

    if (block < o->first_block) return MC_OK;
    if (block > p->cost.last_block || o->wanted[block]) status = hand_out(p, block, err);
    if (status != MC_OK && status != MC_ERR_INTERRUPTED) return status;
    if (!o->checkpoint || block >= p->cost.last_block) return status;
    return check_point(p, block, err);
}

/* The others stage a program while the block before it is ended. */
static mc_status stage_phase(pass *p, int block, mc_error *err)
{
    const mc_program *program = mc_cost_program(&p->cost, block);
    double            started;
    mc_profile_mark   begun;
    mc_status         status;

    mc_stage_begin(&p->stage, program, p->pool);
    status  = end_block(p, block - 1, err);
    started = mc_clock();
    begun   = mc_profile_begin();
    mc_pool_finish(p->pool);
    mc_stage_advise(p->store, program, p->options->streams ? MC_ADVICE_FORGET : MC_ADVICE_DONE);
    if (status == MC_OK && block < p->cost.last_block + p->cost.want_final)
        mc_stage_advise(p->store, mc_cost_program(&p->cost, block + 1), MC_ADVICE_WILL_NEED);
    mc_profile_end_stage(begun, "read and widen weights");
    p->seconds_staging = mc_clock() - started;
    p->stats->seconds_stage += p->seconds_staging;
    return status;
}

/* Run all tiles through the staged program. */
static mc_status run_phase(pass *p, int block, mc_error *err)
{
    double          started = mc_clock();
    mc_profile_mark begun   = mc_profile_begin();

    p->block      = block;
    p->program    = mc_cost_program(&p->cost, block);
    p->flop_phase = mc_cost_flop(&p->cost, block);
    atomic_store(&p->jobs_done, 0);
    mc_chunks_rewind(&p->chunks);
    mc_pool_run(p->pool, p->chunks.job_count, run_job, p);
    mc_profile_end_stage(begun, "compute");
    p->stats->seconds_compute += mc_clock() - started;
    p->flop_done += p->flop_phase;
    mc_log(MC_LOG_DEBUG, "block %d: staged in %.4f s, computed in %.4f s", block,
           p->seconds_staging, mc_clock() - started);
    /* Only now: embeddings are read by the tiles. */
    if (p->store) MC_TRY(mc_store_check(p->store, err));
    return p->held_up ? MC_OK : mc_interrupt_check(err);
}

static mc_status run_phases(pass *p, mc_error *err)
{
    const mc_engine_options *o   = p->options;
    const int                end = p->cost.last_block + p->cost.want_final;

    if (o->first_block > 0)
        MC_TRY(mc_engine_state_restore(&p->living, o->restore, o->context, err));
    for (int block = o->first_block; block <= end; block++) {
        MC_TRY(stage_phase(p, block, err));
        MC_TRY(run_phase(p, block, err));
    }
    MC_TRY(end_block(p, end, err));
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
    pass            p      = { .model   = model,
                               .store   = store,
                               .texts   = texts,
                               .options = options,
                               .stats   = &result,
                               .started = mc_clock() };
    mc_status       status = mc_texts_check(model, texts, err);

    if (status != MC_OK) return status;
    MC_TRY(mc_pool_create(options->threads, &p.pool, err));
    status = mc_plan_create(texts, options, mc_pool_size(p.pool), mc_rope_alone_above(model),
                            &p.plan, err);
    if (status == MC_OK) {
        mc_cost_measure(model, options, &p.plan, mc_pool_size(p.pool), &p.cost);
        status = mc_cost_check(&p.cost, err);
    }
    if (status == MC_OK) status = create_memory(&p, err);
    if (status == MC_OK) {
        result       = mc_cost_stats(&p.cost);
        p.flop_total = result.flop;
        status       = run_phases(&p, err);
    }
    clear_memory(&p);
    mc_pool_free(p.pool);
    if (status == MC_OK && stats) *stats = result;
    return status;
}
