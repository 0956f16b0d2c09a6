/* test_plan.c - how texts are cut into tiles, what they share, and how rows are pooled. */
#include "engine/plan.h"
#include "engine/pooling.h"
#include "support/check.h"
#include "support/lab.h"
#include "support/synthetic.h"

static mc_test_lab lab = { .seed = 5 };

typedef struct plan_case {
    const char *name;
    size_t      texts, longest; /* of random lengths 1 .. longest */
    size_t      batch, threads, alone_above;
    bool        no_sharing;
    uint32_t    vocabulary; /* few: much is shared */
} plan_case;

static const plan_case cases[] = {
    { "one token", 1, 1, 0, 1, 0, false, 9 },
    { "few texts", 5, 20, 0, 1, 0, false, 9 },
    { "fewer texts than threads", 3, 20, 0, 16, 0, false, 9 },
    { "many texts", 300, 30, 0, 2, 0, false, 30 },
    { "much in common", 300, 12, 0, 3, 0, false, 2 },
    { "nothing shared", 300, 12, 0, 3, 0, true, 2 },
    { "one at a time", 100, 12, 1, 2, 0, false, 2 },
    { "seven at a time", 100, 12, 7, 2, 0, false, 2 },
    { "longer than a tile", 40, 500, 0, 2, 0, false, 5 },
    { "around a tile's size", 60, 195, 0, 2, 0, false, 5 },
    { "angles of their own", 200, 30, 0, 1, 15, false, 2 },
};

/* Position `p` of a text: its row holds its token, and was computed by a text (itself, or an
 * earlier one) that begins alike up to there. */
static void check_position(const char *name, const mc_plan *plan, const mc_plan_tile *tile,
                           const mc_plan_text *text, size_t p, int32_t token,
                           const mc_plan_text **owner)
{
    const uint32_t *path = plan->paths + text->path;
    size_t          row  = tile->first_row + path[p];

    CHECK(name, path[p] < tile->rows);
    CHECK(name, plan->tokens[row] == token && plan->positions[row] == p);
    if (p >= text->shared) {
        CHECK(name, path[p] == text->row + p - text->shared && !owner[row]);
        owner[row] = text;
    }
    CHECK(name, owner[row] != NULL);
    CHECK(name, memcmp(plan->paths + owner[row]->path, path, (p + 1) * sizeof *path) == 0);
}

static void rows_spell_their_texts(const char *name, const mc_plan *plan,
                                   const mc_plan_tile *tile, const mc_texts *texts,
                                   const mc_plan_text **owner)
{
    for (size_t i = 0; i < tile->text_count; i++) {
        const mc_plan_text *text   = &plan->texts[tile->first_text + i];
        const int32_t      *tokens = texts->tokens + texts->offsets[text->text];
        for (size_t p = 0; p < text->length; p++)
            check_position(name, plan, tile, text, p, tokens[p], owner);
    }
}

static void check_tile(const plan_case *c, const mc_plan *plan, const mc_plan_tile *tile)
{
    CHECK(c->name, tile->text_count > 0 && tile->rows > 0);
    CHECK(c->name, !c->batch || tile->text_count <= c->batch);
    CHECK(c->name, tile->chunked || tile->rows <= plan->tile_rows);
    CHECK(c->name, plan->tile_rows <= MC_TILE_ROWS);
    CHECK(c->name, !tile->chunked || tile->text_count == 1);
    CHECK(c->name, tile->chunked == (plan->texts[tile->first_text].length > MC_TILE_ROWS));
    CHECK(c->name, plan->texts[tile->first_text].shared == 0);
}

static void check_sharing(const plan_case *c, const mc_plan_text *text)
{
    bool alone = c->no_sharing || (c->alone_above && text->length > c->alone_above);

    CHECK(c->name, text->shared <= text->length);
    CHECK(c->name, !alone || text->shared == 0);
}

static void check_plan(const plan_case *c, const mc_plan *plan, const mc_texts *texts)
{
    uint8_t             *seen  = mc_test_take(&lab, texts->count);
    const mc_plan_text **owner = mc_test_take(&lab, plan->rows * sizeof(void *));
    size_t               rows = 0, next = 0;

    for (size_t i = 0; i < plan->tile_count; i++) {
        const mc_plan_tile *tile = &plan->tiles[i];
        CHECK(c->name, tile->first_text == next && tile->first_row == rows);
        check_tile(c, plan, tile);
        rows_spell_their_texts(c->name, plan, tile, texts, owner);
        next += tile->text_count;
        rows += tile->rows;
    }
    CHECK(c->name, next == texts->count && plan->text_count == texts->count);
    CHECK(c->name, rows == plan->rows && plan->asked == texts->offsets[texts->count]);
    for (size_t i = 0; i < plan->text_count; i++) {
        const mc_plan_text *text = &plan->texts[i];
        CHECK(c->name, text->text < texts->count && !seen[text->text]++);
        CHECK(c->name,
              text->length == texts->offsets[text->text + 1] - texts->offsets[text->text]);
        CHECK(c->name, text->length <= plan->longest);
        check_sharing(c, text);
    }
    for (size_t row = 0; row < plan->rows; row++)
        CHECK(c->name, owner[row] != NULL);
}

static mc_texts random_texts(const plan_case *c)
{
    size_t *lengths = mc_test_take(&lab, c->texts * sizeof *lengths);

    for (size_t i = 0; i < c->texts; i++)
        lengths[i] = 1 + mc_test_below(&lab, (uint32_t)c->longest);
    return mc_test_texts(&lab, lengths, c->texts, c->vocabulary);
}

static void every_text_has_its_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const plan_case  *c       = &cases[i];
        mc_texts          texts   = random_texts(c);
        mc_engine_options options = { .batch_size = c->batch, .no_sharing = c->no_sharing };
        mc_plan           plan    = { 0 };
        mc_error          err     = { 0 };
        CHECK_OK(c->name,
                 mc_plan_create(&texts, &options, c->threads, c->alone_above, &plan, &err));
        check_plan(c, &plan, &texts);
        mc_plan_clear(&plan);
        mc_test_lab_clear(&lab);
    }
}

/* Alone in a tile, sorted texts are computed once for each different beginning. */
static void shared_beginnings_cost_nothing(void **state)
{
    static const int32_t tokens[]  = { 1, 2, 3, 1, 2, 3, 1, 2, 1, 2, 4, 5, 2, 1 };
    static const size_t  offsets[] = { 0, 3, 6, 8, 11, 12, 14 };
    const mc_texts       texts     = { tokens, offsets, 6 };
    mc_engine_options    options   = { 0 };
    mc_plan              plan      = { 0 };
    mc_error             err       = { 0 };

    (void)state;
    CHECK_OK("plan", mc_plan_create(&texts, &options, 1, 0, &plan, &err));
    assert_int_equal(plan.asked, 14);
    assert_int_equal(plan.rows, 7); /* 1, 12, 123, 124, 5, 2, 21 */
    assert_int_equal(plan.tile_count, 1);
    mc_plan_clear(&plan);
}

/* Tiles shrink where there would be fewer of them than threads. */
static void all_threads_have_work(void **state)
{
    size_t            lengths[40];
    mc_texts          texts;
    mc_engine_options options = { .no_sharing = true };
    mc_error          err     = { 0 };

    (void)state;
    for (size_t i = 0; i < 40; i++)
        lengths[i] = 4;
    texts = mc_test_texts(&lab, lengths, 40, 50);
    for (size_t threads = 1; threads <= 8; threads++) {
        mc_plan plan = { 0 };
        CHECK_OK("plan", mc_plan_create(&texts, &options, threads, 0, &plan, &err));
        CHECK("tiles", plan.tile_count == threads);
        for (size_t i = 0; i < plan.tile_count; i++)
            CHECK("rows", plan.tiles[i].rows <= 160 / threads + 4);
        mc_plan_clear(&plan);
    }
    mc_test_lab_clear(&lab);
}

/* Texts of 12 tokens, 16 of which fill a tile: filled one after another, the last tile of many
 * numbers of texts would be nearly empty and a worker without work meanwhile. */
static void tiles_are_even(void **state)
{
    size_t            lengths[400];
    mc_engine_options options = { .no_sharing = true };
    mc_error          err     = { 0 };

    (void)state;
    for (size_t i = 0; i < 400; i++)
        lengths[i] = 12;
    for (size_t count = 100; count <= 400; count += 7) {
        mc_texts texts = mc_test_texts(&lab, lengths, count, 50);
        mc_plan  plan  = { 0 };
        CHECK_OK("plan", mc_plan_create(&texts, &options, 2, 0, &plan, &err));
        CHECK("tiles", plan.tile_count % 2 == 0 && plan.tile_count <= count / 16 + 2);
        for (size_t i = 0; i < plan.tile_count; i++)
            CHECK("rows", plan.tiles[i].rows + 12 >= plan.rows / plan.tile_count);
        mc_plan_clear(&plan);
        mc_test_lab_clear(&lab);
    }
}

/* ---- pooling ---- */

/* Rows of a text of `length` tokens lie in reverse order; in pieces of `piece` positions. */
static void pool_in_pieces(const char *name, unsigned keep, size_t length, size_t piece)
{
    enum { WIDTH = 5, STRIDE = 7 };
    float       *data = mc_test_floats(&lab, length * STRIDE, 1.0);
    uint32_t    *path = mc_test_take(&lab, length * sizeof *path);
    double       sums[WIDTH], want[WIDTH] = { 0.0 };
    mc_pooled    pooled = { 0 };
    mc_plan_text text   = { .text = 1, .length = length };
    mc_pool_rows rows   = { .data = data, .stride = STRIDE, .width = WIDTH, .begin = 3 };
    mc_error     err    = { 0 };

    for (size_t p = 0; p < length; p++)
        path[p] = (uint32_t)(length - 1 - p);
    CHECK_OK(name, mc_pooled_create(keep, 2, length + 3, WIDTH, &pooled, &err));
    for (size_t first = 0; first < length; first += piece) {
        size_t count = length - first < piece ? length - first : piece;
        mc_pool_text(&pooled, &text, &rows, path + first, first, count, sums);
    }
    for (size_t p = length > 1 ? 1 : 0; p < length; p++)
        for (size_t i = 0; i < WIDTH; i++)
            want[i] += (double)data[path[p] * STRIDE + i];
    for (size_t i = 0; i < WIDTH; i++) {
        double count = length > 1 ? (double)(length - 1) : 1.0;
        if (keep & MC_KEEP_LAST) CHECK(name, pooled.last[WIDTH + i] == data[i]);
        if (keep & MC_KEEP_MEAN)
            CHECK_NEAR(name, (double)pooled.mean[WIDTH + i], want[i] / count, 1e-7);
        for (size_t p = 0; keep & MC_KEEP_ALL && p < length; p++)
            CHECK(name, pooled.all[(3 + p) * WIDTH + i] == data[path[p] * STRIDE + i]);
    }
    CHECK(name, !pooled.last == !(keep & MC_KEEP_LAST) &&
                    !pooled.mean == !(keep & MC_KEEP_MEAN) &&
                    !pooled.all == !(keep & MC_KEEP_ALL));
    mc_pooled_clear(&pooled);
    mc_test_lab_clear(&lab);
}

static void pooling_is_its_definition(void **state)
{
    (void)state;
    for (unsigned keep = 1; keep < 8; keep++) {
        pool_in_pieces("one token", keep, 1, 1);
        pool_in_pieces("two tokens", keep, 2, 2);
        pool_in_pieces("a text", keep, 11, 11);
        pool_in_pieces("in pieces", keep, 11, 4);
        pool_in_pieces("token by token", keep, 11, 1);
    }
}

static void only_needed_rows_are_needed(void **state)
{
    (void)state;
    assert_true(mc_pooled_needs(MC_KEEP_LAST, 4, 5) && !mc_pooled_needs(MC_KEEP_LAST, 3, 5));
    assert_true(mc_pooled_needs(MC_KEEP_MEAN, 1, 5) && !mc_pooled_needs(MC_KEEP_MEAN, 0, 5));
    assert_true(mc_pooled_needs(MC_KEEP_MEAN, 0, 1) && mc_pooled_needs(MC_KEEP_LAST, 0, 1));
    assert_true(mc_pooled_needs(MC_KEEP_ALL, 0, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_has_its_rows),
        cmocka_unit_test(shared_beginnings_cost_nothing),
        cmocka_unit_test(all_threads_have_work),
        cmocka_unit_test(tiles_are_even),
        cmocka_unit_test(pooling_is_its_definition),
        cmocka_unit_test(only_needed_rows_are_needed),
    };

    return cmocka_run_group_tests_name("plan and pooling", tests, NULL, NULL);
}
