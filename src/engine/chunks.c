/* chunks.c - the list of jobs, the histories of long texts, and who waits for whom. */
#include "engine/chunks.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/profile.h"

typedef struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t  moved;
} gate;

/* ---- jobs ---- */

/* Chunks of equal size. Later ones have more keys to look at, so workers end a block together
 * only when there are many; but rows too few would use a panel of weights too seldom. */
enum { CHUNKS_OF_A_WORKER = 12, CHUNK_ROWS_LEAST = 64 };

static size_t chunks_of(const mc_cost *cost, const mc_plan_tile *tile)
{
    size_t count = (tile->rows + MC_TILE_ROWS - 1) / MC_TILE_ROWS;
    size_t many = cost->workers * CHUNKS_OF_A_WORKER, most = tile->rows / CHUNK_ROWS_LEAST;

    if (many > most) many = most;
    if (many > count) count = many;
    return (count + cost->workers - 1) / cost->workers * cost->workers;
}

static void add_chunks(mc_chunks *chunks, const mc_plan_tile *tile)
{
    size_t count = chunks_of(chunks->cost, tile), rows = (tile->rows + count - 1) / count;

    count                               = (tile->rows + rows - 1) / rows;
    chunks->texts[chunks->text_count++] = (mc_long_text){ .chunks = count };
    for (size_t i = 0; i < count; i++) {
        size_t at = i * rows, left = tile->rows - at;
        chunks->jobs[chunks->job_count++] =
            (mc_job){ tile, at, left < rows ? left : rows, chunks->text_count - 1, i };
    }
}

static void list_jobs(mc_chunks *chunks)
{
    const mc_plan *plan = chunks->cost->plan;

    for (size_t i = 0; i < plan->tile_count; i++)
        if (plan->tiles[i].chunked)
            add_chunks(chunks, &plan->tiles[i]);
        else
            chunks->jobs[chunks->job_count++] =
                (mc_job){ &plan->tiles[i], 0, plan->tiles[i].rows, SIZE_MAX, 0 };
}

static size_t count_jobs(const mc_cost *cost, size_t *texts)
{
    size_t count = 0;

    *texts = 0;
    for (size_t i = 0; i < cost->plan->tile_count; i++) {
        const mc_plan_tile *tile = &cost->plan->tiles[i];
        count += tile->chunked ? chunks_of(cost, tile) : 1;
        *texts += tile->chunked;
    }
    return count;
}

/* ---- memory ---- */

static mc_status create_slot(const mc_cost *cost, mc_chunk_slot *slot, mc_error *err)
{
    size_t keys   = cost->history * cost->key_width * sizeof(float);
    size_t values = cost->history * cost->value_width * sizeof(float);

    slot->sums    = mc_alloc_array(cost->sums, sizeof *slot->sums);
    slot->history = (mc_history){ mc_alloc_aligned(keys), mc_alloc_aligned(values),
                                  cost->key_width, cost->value_width };
    if (slot->sums && slot->history.keys && slot->history.values) return MC_OK;
    return mc_fail_memory(err, keys + values);
}

static gate *create_gate(void)
{
    gate *g = mc_alloc(sizeof *g);

    if (!g) return NULL;
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->moved, NULL);
    return g;
}

static mc_status allocate(mc_chunks *chunks, mc_error *err)
{
    const mc_cost *cost = chunks->cost;
    size_t         texts, jobs = count_jobs(cost, &texts);

    chunks->gate  = create_gate();
    chunks->jobs  = mc_alloc_array(jobs, sizeof *chunks->jobs);
    chunks->texts = mc_alloc_array(texts, sizeof *chunks->texts);
    chunks->slots = mc_calloc(cost->long_texts, sizeof *chunks->slots);
    if (!chunks->gate || !chunks->jobs || !chunks->texts || !chunks->slots)
        return mc_fail_memory(err, jobs * sizeof *chunks->jobs);
    for (size_t i = 0; i < cost->long_texts; i++)
        MC_TRY(create_slot(cost, &chunks->slots[i], err));
    return MC_OK;
}

mc_status mc_chunks_create(const mc_cost *cost, mc_chunks *chunks, mc_error *err)
{
    mc_chunks result = { .cost = cost };
    mc_status status = allocate(&result, err);

    if (status == MC_OK) {
        list_jobs(&result);
        *chunks = result;
    } else {
        mc_chunks_clear(&result);
    }
    return status;
}

void mc_chunks_clear(mc_chunks *chunks)
{
    const mc_cost *cost = chunks->cost;
    gate          *g    = chunks->gate;

    for (size_t i = 0; chunks->slots && i < cost->long_texts; i++) {
        mc_chunk_slot *slot = &chunks->slots[i];
        mc_free(slot->sums);
        mc_free_aligned(slot->history.keys, cost->history * cost->key_width * sizeof(float));
        mc_free_aligned(slot->history.values,
                        cost->history * cost->value_width * sizeof(float));
    }
    if (g) {
        pthread_mutex_destroy(&g->mutex);
        pthread_cond_destroy(&g->moved);
    }
    mc_free(g);
    mc_free(chunks->jobs);
    mc_free(chunks->texts);
    mc_free(chunks->slots);
    *chunks = (mc_chunks){ 0 };
}

/* ---- order ---- */

/* Every phase goes over every long text: numbered in that order, texts take slots in turn. */
static size_t place_of(const mc_chunks *chunks, const mc_job *job, size_t phase)
{
    return phase * chunks->text_count + job->text;
}

mc_chunk_slot *mc_chunk_slot_of(const mc_chunks *chunks, const mc_job *job, size_t phase)
{
    return &chunks->slots[place_of(chunks, job, phase) % chunks->cost->long_texts];
}

/* Chunks of all phases up to this one. */
static size_t turn_of(const mc_chunks *chunks, const mc_job *job, size_t phase)
{
    return phase * chunks->texts[job->text].chunks + job->chunk;
}

/* Until `counter` has come to `turn`. */
static bool pass_gate(mc_chunks *chunks, const size_t *counter, size_t turn)
{
    gate           *g     = chunks->gate;
    mc_profile_mark begun = { 0 };
    bool            waits, abandoned;

    pthread_mutex_lock(&g->mutex);
    waits = *counter < turn && !chunks->abandoned;
    if (waits) begun = mc_profile_begin();
    while (*counter < turn && !chunks->abandoned)
        pthread_cond_wait(&g->moved, &g->mutex);
    abandoned = chunks->abandoned;
    pthread_mutex_unlock(&g->mutex);
    if (waits)
        mc_profile_end(begun, &(mc_profile_call){ .kind = MC_PROFILE_WAIT, .name = "wait" });
    return !abandoned;
}

static void move_on(mc_chunks *chunks, size_t *counter, size_t to)
{
    gate *g = chunks->gate;

    pthread_mutex_lock(&g->mutex);
    if (*counter < to) *counter = to;
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->mutex);
}

bool mc_chunk_begin(mc_chunks *chunks, const mc_job *job, size_t phase)
{
    size_t        place = place_of(chunks, job, phase), slots = chunks->cost->long_texts;
    mc_long_text *before;

    if (place < slots) return pass_gate(chunks, &place, 0);
    place -= slots;
    before = &chunks->texts[place % chunks->text_count];
    return pass_gate(chunks, &before->pooled,
                     (place / chunks->text_count + 1) * before->chunks);
}

bool mc_chunk_remembered(mc_chunks *chunks, const mc_job *job, size_t phase)
{
    mc_long_text *text = &chunks->texts[job->text];
    size_t        turn = turn_of(chunks, job, phase);

    if (!pass_gate(chunks, &text->remembered, turn)) return false;
    move_on(chunks, &text->remembered, turn + 1);
    return true;
}

bool mc_chunk_turn(mc_chunks *chunks, const mc_job *job, size_t phase)
{
    return pass_gate(chunks, &chunks->texts[job->text].pooled, turn_of(chunks, job, phase));
}

void mc_chunk_done(mc_chunks *chunks, const mc_job *job, size_t phase)
{
    mc_long_text *text = &chunks->texts[job->text];
    size_t        turn = turn_of(chunks, job, phase);

    if (!pass_gate(chunks, &text->pooled, turn)) return;
    move_on(chunks, &text->pooled, turn + 1);
    move_on(chunks, &text->remembered, turn + 1); /* of a phase without attention */
}

void mc_chunks_abandon(mc_chunks *chunks)
{
    gate *g = chunks->gate;

    pthread_mutex_lock(&g->mutex);
    chunks->abandoned = true;
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->mutex);
}
