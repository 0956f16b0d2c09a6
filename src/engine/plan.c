/* plan.c - sorting, sharing and cutting. */
#include "engine/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

typedef struct sort_key {
    const int32_t *tokens;
    size_t         length, text;
} sort_key;

/* Longest texts that need chunks first (they are the longest jobs), then by tokens, then by
 * index: a total order, so the plan does not depend on the sorting algorithm. */
static int compare_keys(const void *left, const void *right)
{
    const sort_key *a = left, *b = right;
    bool            a_long = a->length > MC_TILE_ROWS, b_long = b->length > MC_TILE_ROWS;
    size_t          n = a->length < b->length ? a->length : b->length;

    if (a_long != b_long) return a_long ? -1 : 1;
    for (size_t i = 0; i < n; i++)
        if (a->tokens[i] != b->tokens[i]) return a->tokens[i] < b->tokens[i] ? -1 : 1;
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    return a->text < b->text ? -1 : 1;
}

static size_t common_beginning(const sort_key *a, const sort_key *b)
{
    size_t n = a->length < b->length ? a->length : b->length, i = 0;

    while (i < n && a->tokens[i] == b->tokens[i])
        i++;
    return i;
}

typedef struct planner {
    const sort_key *keys;
    size_t          batch, alone_above;
    bool            share;
    size_t          rows, tiles; /* of all texts that need no chunks; even shares of them */
} planner;

/* At more numbers of tiles than this nobody looks for even ones. */
enum { ATTEMPTS = 8 };

static size_t shared_with_previous(const planner *p, size_t i)
{
    if (!p->share || i == 0 || p->keys[i].length > MC_TILE_ROWS) return 0;
    if (p->keys[i - 1].length > MC_TILE_ROWS) return 0;
    if (p->alone_above &&
        (p->keys[i].length > p->alone_above || p->keys[i - 1].length > p->alone_above))
        return 0;
    return common_beginning(&p->keys[i - 1], &p->keys[i]);
}

/* The tile that texts are laid into, one after another. */
typedef struct cutter {
    size_t tiles; /* begun, of texts that need no chunks */
    size_t texts, rows;
    size_t own; /* rows of all tiles, without the beginnings that some of them compute again */
} cutter;

/* Lay text i down; whether that begins a tile. A tile ends where its even share does, to the
 * nearest text, and where no more fits. */
static bool begins_tile(const planner *p, cutter *c, size_t i)
{
    size_t length = p->keys[i].length, more = length - shared_with_previous(p, i);
    bool   begins = c->tiles == 0 || c->texts >= p->batch || c->rows + more > MC_TILE_ROWS ||
                  (2 * c->own + more) * p->tiles > 2 * c->tiles * p->rows;

    if (length > MC_TILE_ROWS) return true;
    if (begins) {
        c->tiles++;
        c->texts = c->rows = 0;
    }
    c->texts++;
    c->rows += begins ? length : more;
    c->own += more;
    return begins;
}

static size_t count_tiles(const planner *p, size_t count)
{
    cutter c = { 0 };

    for (size_t i = 0; i < count; i++)
        begins_tile(p, &c, i);
    return c.tiles;
}

/* Even tiles, as few as there can be, and a multiple of the threads in number, so that no
 * worker waits for another's last one. Where whole texts do not allow that, some are odd. */
static void choose_tiles(planner *p, size_t count, size_t threads)
{
    for (size_t i = 0; i < count; i++)
        if (p->keys[i].length <= MC_TILE_ROWS)
            p->rows += p->keys[i].length - shared_with_previous(p, i);
    p->tiles = 1; /* uneven ones at first, full to the brim */
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        size_t tiles = count_tiles(p, count);
        if (attempt > 0 && tiles <= p->tiles) break;
        if (attempt > 0) tiles = p->tiles + 1;
        p->tiles = (tiles + threads - 1) / threads * threads;
    }
}

static void begin_tile(mc_plan *plan, size_t text, bool chunked)
{
    plan->tiles[plan->tile_count++] =
        (mc_plan_tile){ .first_text = text, .first_row = plan->rows, .chunked = chunked };
}

static void add_text(mc_plan *plan, const sort_key *key, size_t shared, size_t path)
{
    mc_plan_tile *tile     = &plan->tiles[plan->tile_count - 1];
    mc_plan_text *text     = &plan->texts[plan->text_count++];
    uint32_t     *rows     = plan->paths + path;
    const size_t  previous = shared ? text[-1].path : 0;

    *text = (mc_plan_text){ key->text, key->length, shared, tile->rows, path };
    if (shared) memcpy(rows, plan->paths + previous, shared * sizeof *rows);
    for (size_t position = shared; position < key->length; position++) {
        rows[position]                                = (uint32_t)tile->rows;
        plan->tokens[tile->first_row + tile->rows]    = key->tokens[position];
        plan->positions[tile->first_row + tile->rows] = (uint32_t)position;
        tile->rows++;
    }
    tile->text_count++;
    plan->rows += key->length - shared;
    plan->asked += key->length;
    if (key->length > plan->longest) plan->longest = key->length;
    if (!tile->chunked && tile->rows > plan->tile_rows) plan->tile_rows = tile->rows;
    if (tile->chunked) plan->tile_rows = MC_TILE_ROWS;
}

static void cut(const planner *p, size_t count, mc_plan *plan)
{
    cutter c    = { 0 };
    size_t path = 0;

    for (size_t i = 0; i < count; i++) {
        size_t shared = shared_with_previous(p, i);
        if (begins_tile(p, &c, i)) {
            begin_tile(plan, i, p->keys[i].length > MC_TILE_ROWS);
            shared = 0;
        }
        add_text(plan, &p->keys[i], shared, path);
        path += p->keys[i].length;
    }
}

static mc_status allocate(mc_plan *plan, size_t texts, size_t tokens, mc_error *err)
{
    plan->texts     = mc_alloc_array(texts, sizeof *plan->texts);
    plan->tiles     = mc_alloc_array(texts, sizeof *plan->tiles);
    plan->paths     = mc_alloc_array(tokens, sizeof *plan->paths);
    plan->tokens    = mc_alloc_array(tokens, sizeof *plan->tokens);
    plan->positions = mc_alloc_array(tokens, sizeof *plan->positions);
    if (plan->texts && plan->tiles && plan->paths && plan->tokens && plan->positions)
        return MC_OK;
    mc_plan_clear(plan);
    return mc_fail_memory(err, texts * sizeof *plan->texts + 3 * tokens * sizeof(uint32_t));
}

mc_status mc_plan_create(const mc_texts *texts, const mc_engine_options *options,
                         size_t threads, size_t alone_above, mc_plan *plan, mc_error *err)
{
    sort_key *keys   = mc_alloc_array(texts->count, sizeof *keys);
    mc_plan   result = { 0 };
    mc_status status = keys ? allocate(&result, texts->count, texts->offsets[texts->count], err)
                            : mc_fail_memory(err, texts->count * sizeof *keys);
    planner   p      = { .keys        = keys,
                         .alone_above = alone_above,
                         .share       = !options->no_sharing,
                         .batch       = options->batch_size ? options->batch_size : texts->count };

    if (status == MC_OK) {
        for (size_t i = 0; i < texts->count; i++)
            keys[i] = (sort_key){ texts->tokens + texts->offsets[i],
                                  texts->offsets[i + 1] - texts->offsets[i], i };
        qsort(keys, texts->count, sizeof *keys, compare_keys);
        choose_tiles(&p, texts->count, threads);
        cut(&p, texts->count, &result);
        *plan = result;
    }
    mc_free(keys);
    return status;
}

void mc_plan_clear(mc_plan *plan)
{
    mc_free(plan->texts);
    mc_free(plan->tiles);
    mc_free(plan->paths);
    mc_free(plan->tokens);
    mc_free(plan->positions);
    *plan = (mc_plan){ 0 };
}
