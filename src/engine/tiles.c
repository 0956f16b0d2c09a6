/* tiles.c - one job: the rows of a tile or chunk through the program of a phase.
 *
 * Everything a worker writes on the way is its own: rows of its tile, its scratch, the pooled
 * rows of its texts. */
#include <string.h>

#include "base/alloc.h"
#include "engine/op_profile.h"
#include "engine/pass.h"

/* `final` writes here when it changes the width. */
enum { FINAL_BUFFER = 1 };

/* ---- a worker's memory ---- */

mc_status mc_worker_create(const mc_pass *p, mc_worker *w, mc_error *err)
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

void mc_worker_clear(const mc_pass *p, mc_worker *w)
{
    const mc_cost *c = &p->cost;

    mc_free_aligned(w->buffers, c->buffer_floats * sizeof *w->buffers);
    mc_free_aligned(w->scratch, c->scratch_bytes);
    mc_free(w->sums);
    mc_free(w->texts);
    mc_free(w->place);
    mc_free(w->wanted);
}

mc_pooled mc_pass_pooled(const mc_pass *p, size_t phase)
{
    const int        block = mc_pass_block(p, phase);
    const mc_pooled *all =
        block > p->cost.last_block ? &p->pooled_final : &p->pooled[phase % p->cost.kept];

    return mc_pooled_only(all, mc_cost_keep(&p->cost, block));
}

/* ---- one tile ---- */

typedef struct tile_job {
    mc_pass            *p;
    mc_worker          *w;
    const mc_duty      *duty;
    size_t              phase;
    int                 block;
    const mc_job       *job;
    const mc_plan_tile *planned;
    size_t              first_row;    /* of the tile or chunk, among all rows */
    size_t              wanted_count; /* rows that the last block keeps */
    mc_tile             tile;
} tile_job;

static void point_buffers(tile_job *job)
{
    const mc_pass *p = job->p;

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
    const mc_pass *p = job->p;

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
    return mc_chunk_slot_of(&job->p->chunks, job->job, job->phase);
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
    const mc_pass *p    = job->p;
    unsigned       keep = mc_cost_keep(&p->cost, job->block);
    uint32_t       to   = 0;

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
static bool run_program(tile_job *job, const mc_program *program)
{
    const mc_stage   *stage   = &job->p->stage;
    const mc_backend *backend = job->p->options->backend;
    size_t drop_at = program->count - 1; /* behind the last attention, or at the end */

    for (size_t i = 0; job->tile.wanted && i < program->count; i++)
        if (program->ops[i].kind == MC_OP_ATTENTION) drop_at = i;
    for (size_t i = 0; i < program->count; i++) {
        const mc_op *op = &program->ops[i];
        if (job->tile.history && op->kind == MC_OP_ATTENTION) {
            mc_tile_remember(op, &job->tile);
            if (!mc_chunk_remembered(&job->p->chunks, job->job, job->phase)) return false;
        }
        mc_profile_call call  = mc_op_profile_call(op, &job->tile);
        mc_profile_mark begun = mc_profile_begin();
        backend->run[op->kind](backend, op, mc_stage_of(stage, program, job->phase, i),
                               &job->tile);
        mc_profile_end(begun, &call);
        if (job->tile.wanted && i == drop_at) drop_unwanted(job);
    }
    return true;
}

/* Wait for one's turn: rows of an earlier phase may still be in the way, earlier chunks must be
 * first. */
static bool may_pool(tile_job *job)
{
    mc_pass *p = job->p;

    if (job->tile.history) return mc_chunk_turn(&p->chunks, job->job, job->phase);
    return mc_schedule_may_pool(&p->schedule, job->phase, job->duty);
}

/* Pool what lies in `buffer` of the tile's rows; `place` as after dropping rows, or NULL. */
static void pool_tile(tile_job *job, int buffer, size_t width, const uint32_t *place)
{
    mc_pass     *p      = job->p;
    mc_pooled    pooled = mc_pass_pooled(p, job->phase);
    double      *sums   = job->tile.history ? slot_of(job)->sums : job->w->sums;
    mc_pool_rows rows   = { .data   = job->tile.data[buffer],
                            .stride = job->tile.stride[buffer],
                            .width  = width,
                            .place  = place };

    if (!may_pool(job)) return;
    for (size_t i = 0; i < job->planned->text_count; i++) {
        const mc_plan_text *text = &p->plan.texts[job->planned->first_text + i];
        rows.begin               = p->texts->offsets[text->text];
        /* A chunk's rows count from its own beginning, as the path of its text does. */
        mc_pool_text(&pooled, text, &rows, p->plan.paths + text->path, job->job->at,
                     job->tile.history ? job->job->rows : text->length, sums);
    }
}

/* The rows of a tile or chunk through the program. The last block drops rows that nobody wants
 * behind its attention; `final` finds the others where that block has put them. */
static void run_rows(tile_job *job)
{
    mc_pass          *p        = job->p;
    const mc_program *program  = mc_pass_program(p, job->phase);
    bool              is_final = job->block > p->cost.last_block;
    bool              drops    = job->block >= p->cost.last_block && p->cost.last_block > 0 &&
                 !(mc_cost_keep(&p->cost, job->block) & MC_KEEP_ALL);
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
    if (program->count > 0 && !run_program(job, program)) return;
    if (is_final) {
        int buffer = p->model->final_width == p->model->hidden ? MC_X : FINAL_BUFFER;
        pool_tile(job, buffer, p->model->final_width, place);
    } else if (p->options->wanted[job->block]) {
        pool_tile(job, MC_X, p->model->hidden, place);
    }
}

/* Chunks wait for each other on their way, so they may not also wait for the caller there: room
 * for their rows is waited for before. */
static void run_chunk(tile_job *job)
{
    mc_chunks *chunks = &job->p->chunks;

    if (!mc_schedule_may_pool(&job->p->schedule, job->phase, job->duty)) return;
    describe_chunk(job);
    if (!mc_chunk_begin(chunks, job->job, job->phase)) return;
    run_rows(job);
    mc_chunk_done(chunks, job->job, job->phase);
}

void mc_tile_run(mc_pass *p, size_t worker, size_t phase, size_t index, const mc_duty *duty)
{
    const mc_job *own = &p->chunks.jobs[index];
    tile_job      job = { .p         = p,
                          .w         = &p->workers[worker],
                          .duty      = duty,
                          .phase     = phase,
                          .block     = mc_pass_block(p, phase),
                          .job       = own,
                          .planned   = own->tile,
                          .first_row = own->tile->first_row + own->at };

    job.tile.rows = own->rows;
    if (own->tile->chunked) {
        run_chunk(&job);
    } else {
        describe_texts(&job);
        run_rows(&job);
    }
}
