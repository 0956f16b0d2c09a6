/* test_backend_ops.c - every operation of every backend and every cpu tier against `ref`, on
 * seeded tiles of awkward shapes.
 *
 * Three things hold for each trial: the result is `ref`'s to rounding; nothing but the
 * operand's columns has changed; and all cpu tiers give the same bits. Staged memory and
 * scratch are filled with NaN before use, and every block has its exact size, so reading what
 * nobody wrote or writing past an end shows. */
#include <stdlib.h>

#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "support/check.h"
#include "support/lab.h"

static const mc_backend *tiers[8]; /* that this machine has; a NULL ends */
static mc_test_lab       lab;
static size_t            trials;
static bool              tried[MC_OP_COUNT];

/* One operation on one tile. `tile.data` are the values before; it has one row more than
 * tile.rows, which nobody may touch. */
typedef struct trial {
    char    name[128];
    mc_op   op;
    mc_tile tile;
    size_t  longest;
    size_t  history_rows;
    double  tolerance; /* relative L2 of a row, where the row is at least `floor` in size */
    double  floor;
    double (*allowed)(const mc_op *op, double x, double want); /* of one element, instead */
} trial;

/* ---- making tiles ---- */

static float *add_buffer(trial *t, int buffer, size_t width, double scale)
{
    t->tile.stride[buffer] = width;
    t->tile.data[buffer]   = mc_test_floats(&lab, (t->tile.rows + 1) * width, scale);
    return t->tile.data[buffer];
}

/* `width` columns somewhere inside a buffer of their own. */
static mc_operand inside(trial *t, int buffer, size_t width, double scale)
{
    size_t before = mc_test_below(&lab, 4), behind = mc_test_below(&lab, 20);

    add_buffer(t, buffer, before + width + behind, scale);
    return (mc_operand){ buffer, before, width };
}

/* A text of the tile: its length, and how many of its tokens' rows are the text before's. */
typedef struct text_shape {
    size_t length, shared;
} text_shape;

static void lay_texts(trial *t, const text_shape *shapes, size_t count)
{
    mc_text_rows *texts = mc_test_take(&lab, count * sizeof *texts);
    uint32_t     *positions;
    size_t        rows = 0;

    t->longest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t *path = mc_test_take(&lab, shapes[i].length * sizeof *path);
        for (size_t p = 0; p < shapes[i].length; p++)
            path[p] = p < shapes[i].shared ? texts[i - 1].path[p]
                                           : (uint32_t)(rows + p - shapes[i].shared);
        texts[i] = (mc_text_rows){ .length = shapes[i].length,
                                   .first  = shapes[i].shared,
                                   .row    = rows,
                                   .own    = shapes[i].length - shapes[i].shared,
                                   .path   = path };
        rows += texts[i].own;
        if (shapes[i].length > t->longest) t->longest = shapes[i].length;
    }
    positions = mc_test_take(&lab, rows * sizeof *positions);
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < texts[i].own; p++)
            positions[texts[i].row + p] = (uint32_t)(texts[i].first + p);
    t->tile.rows       = rows;
    t->tile.texts      = texts;
    t->tile.text_count = count;
    t->tile.positions  = positions;
}

/* Rows `first` .. of one long text, whose other keys and values are in the history. */
static void lay_chunk(trial *t, size_t length, size_t first, size_t own)
{
    mc_text_rows *text      = mc_test_take(&lab, sizeof *text);
    uint32_t     *positions = mc_test_take(&lab, own * sizeof *positions);

    *text = (mc_text_rows){ .length = length, .first = first, .own = own };
    for (size_t i = 0; i < own; i++)
        positions[i] = (uint32_t)(first + i);
    t->longest         = length;
    t->history_rows    = length;
    t->tile.rows       = own;
    t->tile.texts      = text;
    t->tile.text_count = 1;
    t->tile.positions  = positions;
}

/* ---- running ---- */

static float *copied(const float *values, size_t count)
{
    float *copy = mc_test_take(&lab, count * sizeof *copy);

    memcpy(copy, values, count * sizeof *copy);
    return copy;
}

static void *unwritten(size_t bytes)
{
    return memset(mc_test_take(&lab, bytes), 0xff, bytes); /* NaN as floats and as doubles */
}

/* In reverse order: jobs must not lean on each other. */
static void *stage(const mc_backend *backend, const trial *t)
{
    size_t bytes = backend->staged_size(&t->op);
    void  *out   = unwritten(bytes);

    CHECK(t->name, bytes % 64 == 0);
    for (size_t job = backend->stage_jobs(&t->op); job-- > 0;)
        backend->stage(backend, &t->op, job, out,
                       unwritten(backend->stage_scratch(&t->op) * sizeof(float)));
    return bytes ? out : NULL;
}

/* The tile after the operation; its buffers and history are new. */
static mc_tile run(const mc_backend *backend, const trial *t)
{
    mc_tile    tile   = t->tile;
    void      *staged = stage(backend, t);
    mc_history history;

    for (int b = 0; b < MC_BUFFERS_MAX; b++)
        if (tile.data[b]) tile.data[b] = copied(tile.data[b], (tile.rows + 1) * tile.stride[b]);
    if (tile.history) {
        mc_history *out = mc_test_take(&lab, sizeof *out);
        history         = *tile.history;
        *out            = history;
        out->keys       = copied(history.keys, t->history_rows * history.key_stride);
        out->values     = copied(history.values, t->history_rows * history.value_stride);
        tile.history    = out;
    }
    tile.scratch = unwritten(backend->scratch_size(&t->op, tile.rows, t->longest));
    if (t->op.kind == MC_OP_ATTENTION) mc_tile_remember(&t->op, &tile);
    backend->run[t->op.kind](backend, &t->op, staged, &tile);
    return tile;
}

/* ---- comparing ---- */

static uint32_t bits_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static int is_result(const mc_op *op, int buffer, size_t column)
{
    return buffer == op->dst.buffer && column >= op->dst.offset &&
           column < op->dst.offset + op->dst.width;
}

static void nothing_else_changed(const trial *t, const mc_tile *after, const char *tier)
{
    for (int b = 0; b < MC_BUFFERS_MAX; b++)
        for (size_t i = 0; after->data[b] && i < (after->rows + 1) * after->stride[b]; i++) {
            size_t row = i / after->stride[b], column = i % after->stride[b];
            if (row < after->rows && is_result(&t->op, b, column)) continue;
            if (bits_of(after->data[b][i]) != bits_of(t->tile.data[b][i]))
                fail_msg("%s on %s: buffer %d row %zu column %zu was changed", t->name, tier, b,
                         row, column);
        }
}

static int unwanted(const trial *t, size_t row)
{
    return t->tile.wanted && !t->tile.wanted[row];
}

static void rows_agree(const trial *t, const mc_tile *got, const mc_tile *want,
                       const char *tier)
{
    for (size_t row = 0; row < got->rows; row++) {
        const float *g = mc_tile_at(got, t->op.dst, row), *w = mc_tile_at(want, t->op.dst, row);
        double       distance = 0.0, size = 0.0;
        if (unwanted(t, row)) continue;
        for (size_t i = 0; i < t->op.dst.width; i++) {
            distance += ((double)g[i] - (double)w[i]) * ((double)g[i] - (double)w[i]);
            size += (double)w[i] * (double)w[i];
        }
        size = fmax(sqrt(size), t->floor * sqrt((double)t->op.dst.width));
        if (!(sqrt(distance) <= t->tolerance * size))
            fail_msg("%s on %s: row %zu is off by %g (tolerance %g)", t->name, tier, row,
                     sqrt(distance) / size, t->tolerance);
    }
}

static void elements_agree(const trial *t, const mc_tile *got, const mc_tile *want,
                           const char *tier)
{
    for (size_t row = 0; row < got->rows; row++) {
        const float *x = mc_tile_at(&t->tile, t->op.src, row);
        const float *g = mc_tile_at(got, t->op.dst, row), *w = mc_tile_at(want, t->op.dst, row);
        for (size_t i = 0; i < t->op.dst.width; i++) {
            double most = t->allowed(&t->op, (double)x[i], (double)w[i]);
            if (g[i] == w[i] || fabs((double)g[i] - (double)w[i]) <= most) continue;
            fail_msg("%s on %s: f(%.9g) is %.9g, want %.9g (tolerance %g)", t->name, tier,
                     (double)x[i], (double)g[i], (double)w[i], most);
        }
    }
}

static void same_bits(const trial *t, const mc_tile *got, const mc_tile *want, const char *tier)
{
    size_t bytes = t->op.dst.width * sizeof(float);

    for (size_t row = 0; row < got->rows; row++)
        if (!unwanted(t, row) && memcmp(mc_tile_at(got, t->op.dst, row),
                                        mc_tile_at(want, t->op.dst, row), bytes) != 0)
            fail_msg("%s: %s and %s differ in row %zu", t->name, tier, tiers[0]->tier, row);
    if (!got->history) return;
    CHECK(t->name, memcmp(got->history->keys, want->history->keys,
                          t->history_rows * got->history->key_stride * sizeof(float)) == 0);
    CHECK(t->name, memcmp(got->history->values, want->history->values,
                          t->history_rows * got->history->value_stride * sizeof(float)) == 0);
}

/* Runs a trial on all backends; the lab is empty afterwards. */
static void judge(const trial *t)
{
    mc_tile reference = run(&mc_backend_ref, t), first = { 0 };

    nothing_else_changed(t, &reference, "ref");
    for (size_t i = 0; tiers[i]; i++) {
        mc_tile got = run(tiers[i], t);
        nothing_else_changed(t, &got, tiers[i]->tier);
        if (t->allowed)
            elements_agree(t, &got, &reference, tiers[i]->tier);
        else
            rows_agree(t, &got, &reference, tiers[i]->tier);
        if (i == 0)
            first = got;
        else
            same_bits(t, &got, &first, tiers[i]->tier);
    }
    trials++;
    tried[t->op.kind] = true;
    mc_test_lab_clear(&lab);
}

/* ---- embedding and positions ---- */

static void embedding_rows(void **state)
{
    static const size_t widths[] = { 1, 15, 16, 17, 33, 576 };

    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (size_t rows = 1; rows <= 13; rows += 4) {
            trial t = { .tile = { .rows = rows }, .op = { .kind = MC_OP_EMBED, .stack = 1 } };
            int32_t *ids = mc_test_take(&lab, rows * sizeof *ids);
            snprintf(t.name, sizeof t.name, "embed %zu x %zu", rows, widths[i]);
            t.op.dst        = inside(&t, MC_X, widths[i], 1.0);
            t.op.weights[0] = mc_test_weight(&lab, 11, widths[i], 1.0);
            for (size_t row = 0; row < rows; row++)
                ids[row] = (int32_t)(row == 0 ? 10 : mc_test_below(&lab, 11));
            t.tile.tokens = ids;
            judge(&t);
        }
}

static void learned_positions(void **state)
{
    static const text_shape texts[]  = { { 5, 0 }, { 7, 3 }, { 1, 0 }, { 9, 0 } };
    static const size_t     widths[] = { 1, 15, 16, 17, 33, 576 };

    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        trial t = { .op        = { .kind = MC_OP_POSITION, .stack = 1, .position_offset = 2 },
                    .tolerance = 1e-7 };
        snprintf(t.name, sizeof t.name, "position, width %zu", widths[i]);
        lay_texts(&t, texts, 4);
        t.op.dst        = inside(&t, MC_X, widths[i], 1.0);
        t.op.weights[0] = mc_test_weight(&lab, 11, widths[i], 1.0);
        judge(&t);
    }
}

/* ---- norms ---- */

enum { VECTOR_NONE, VECTOR_PART, VECTOR_WHOLE, VECTOR_FORMS };

static void add_vector(mc_weight *weight, int form, size_t part, size_t groups)
{
    if (form == VECTOR_NONE) return;
    *weight = mc_test_weight(&lab, form == VECTOR_PART ? part : part * groups, 1, 1.0);
}

static void try_norm(mc_norm_kind kind, size_t part, size_t groups, int weight, int bias)
{
    static const size_t rows_of[] = { 1, 3, 13 };
    /* Values about as large as epsilon's root, far above and far below it. */
    static const double scales[] = { 3e-3, 1.0, 1e3, 1e-6 };
    size_t              width    = part * groups;
    bool                in_place = mc_test_below(&lab, 2);
    double              scale    = scales[mc_test_below(&lab, 4)];
    trial               t        = { .tolerance = 1e-6, .floor = 1e-3 };

    t.tile.rows = rows_of[mc_test_below(&lab, 3)];
    snprintf(t.name, sizeof t.name, "%s norm, %zu x %zu, weight %d, bias %d, scale %g",
             kind == MC_NORM_RMS ? "rms" : "layer", groups, part, weight, bias, scale);
    t.op     = (mc_op){ .kind = MC_OP_NORM, .norm = { kind, 1e-5f, groups }, .stack = 1 };
    t.op.src = inside(&t, 2, width, scale);
    t.op.dst = in_place ? t.op.src : inside(&t, 1, width, 1.0);
    add_vector(&t.op.weights[0], weight, part, groups);
    add_vector(&t.op.biases[0], bias, part, groups);
    judge(&t);
}

static void norms(void **state)
{
    static const size_t parts[] = { 1, 8, 15, 16, 17, 33, 64, 576 };

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (size_t groups = 1; groups <= 3; groups += 2)
            for (int form = 0; form < VECTOR_FORMS * VECTOR_FORMS; form++) {
                try_norm(MC_NORM_RMS, parts[i], groups, form / 3, form % 3);
                try_norm(MC_NORM_LAYER, parts[i], groups, form / 3, form % 3);
            }
}

/* ---- matrix products ---- */

/* Cut `width` rows into one to four weights; some of them with biases. */
static void add_stack(mc_op *op, size_t width, size_t k)
{
    size_t count = 1 + mc_test_below(&lab, width < 4 ? (uint32_t)width : 4), left = width;
    bool   biases = mc_test_below(&lab, 3) > 0;

    for (op->stack = 0; op->stack < count; op->stack++) {
        size_t behind = count - op->stack - 1, rows = left;
        if (behind > 0) rows = 1 + mc_test_below(&lab, (uint32_t)(left - behind));
        op->weights[op->stack] = mc_test_weight(&lab, rows, k, 1.0);
        if (biases && mc_test_below(&lab, 2))
            op->biases[op->stack] = mc_test_weight(&lab, rows, 1, 1.0);
        left -= rows;
    }
}

/* Chains of up to 192 roundings, added up; the products are of size 1/9 on average, and the
 * worst of 192 rows of one column is looked at. */
static double product_tolerance(size_t k)
{
    return 0x1p-24 * (2.0 + 1.5 * sqrt(fmin((double)k, 192.0)) + sqrt((double)k / 192.0));
}

static void try_matmul(size_t rows, size_t width, size_t k)
{
    trial t = { .tile = { .rows = rows }, .op = { .kind = MC_OP_MATMUL } };

    t.op.src = inside(&t, 1, k, 1.0);
    t.op.dst = inside(&t, 2, width, 1.0);
    add_stack(&t.op, width, k);
    snprintf(t.name, sizeof t.name, "matmul %zu x %zu x %zu, %zu weights", rows, width, k,
             t.op.stack);
    t.tolerance = product_tolerance(k);
    t.floor     = sqrt((double)k) / 3.0;
    judge(&t);
}

/* Two products of size sqrt(k) / 3, each as far off as in try_matmul(), multiplied. */
static void try_gated(mc_activation activation, size_t rows, size_t width, size_t k)
{
    trial t = { .tile = { .rows = rows },
                .op   = { .kind       = MC_OP_MATMUL,
                          .gated      = true,
                          .activation = activation,
                          .xielu      = { 0.8f, 0.9f, 0.5f, -1e-6f } } };

    t.op.src   = inside(&t, 1, k, 1.0);
    t.op.dst   = inside(&t, 2, width, 1.0);
    t.op.stack = 2;
    for (size_t i = 0; i < 2; i++) {
        t.op.weights[i] = mc_test_weight(&lab, width, k, 1.0);
        if (mc_test_below(&lab, 2)) t.op.biases[i] = mc_test_weight(&lab, width, 1, 1.0);
    }
    snprintf(t.name, sizeof t.name, "gated matmul %zu x %zu x %zu, activation %d", rows, width,
             k, activation);
    t.tolerance = 2.5 * product_tolerance(k);
    t.floor     = (double)k / 9.0;
    if (activation == MC_ACT_XIELU) t.floor *= sqrt((double)k) / 3.0; /* it grows as a square */
    judge(&t);
}

static void gated_products(void **state)
{
    static const mc_activation activations[] = { MC_ACT_SILU, MC_ACT_GELU, MC_ACT_GELU_TANH,
                                                 MC_ACT_RELU, MC_ACT_XIELU };
    static const size_t        rows[] = { 1, 5, 192 }, ks[] = { 7, 385 };
    static const size_t        widths[] = { 1, 15, 17, 63, 64, 65, 200 };

    (void)state;
    for (size_t a = 0; a < sizeof activations / sizeof *activations; a++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
                for (size_t k = 0; k < sizeof ks / sizeof *ks; k++)
                    if (rows[r] * widths[w] * ks[k] <= 1000000)
                        try_gated(activations[a], rows[r], widths[w], ks[k]);
}

static void products(void **state)
{
    static const size_t rows[]   = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 192 };
    static const size_t widths[] = { 1, 15, 16, 17, 33, 576 }, ks[] = { 1, 7, 383, 385, 1000 };

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
            for (size_t k = 0; k < sizeof ks / sizeof *ks; k++)
                if (rows[r] * widths[w] * ks[k] <= 4000000)
                    try_matmul(rows[r], widths[w], ks[k]);
    try_matmul(192, 100, 385);
}

/* ---- rotary embedding ---- */

static const mc_rope_table *make_table(size_t positions, size_t pairs)
{
    mc_rope_table *table  = mc_test_take(&lab, sizeof *table);
    float         *cosine = mc_test_take(&lab, positions * pairs * sizeof *cosine);
    float         *sine   = mc_test_take(&lab, positions * pairs * sizeof *sine);

    for (size_t i = 0; i < positions * pairs; i++) {
        double angle = 10.0 * mc_test_uniform(&lab);
        cosine[i]    = (float)cos(angle);
        sine[i]      = (float)sin(angle);
    }
    *table = (mc_rope_table){ cosine, sine, pairs };
    return table;
}

static void try_rope(mc_rope_kind kind, size_t head_dim, size_t offset, size_t pairs)
{
    static const text_shape texts[] = { { 3, 0 }, { 5, 2 }, { 1, 0 }, { 6, 0 } };
    trial                   t       = { .tolerance = 2e-7 };
    size_t                  heads   = 1 + mc_test_below(&lab, 3);

    snprintf(t.name, sizeof t.name, "rope %s, %zu pairs from %zu of %zu",
             kind == MC_ROPE_PAIRS ? "pairs" : "halves", pairs, offset, head_dim);
    lay_texts(&t, texts, 4);
    t.op     = (mc_op){ .kind        = MC_OP_ROPE,
                        .rope        = 1,
                        .rope_kind   = kind,
                        .rope_offset = offset,
                        .heads       = heads,
                        .head_dim    = head_dim };
    t.op.dst = t.op.src = inside(&t, 3, heads * head_dim, 1.0);
    for (size_t i = 0; i < t.tile.text_count; i++) { /* a text may have angles of its own */
        const mc_rope_table **ropes = mc_test_take(&lab, 2 * sizeof(void *));
        ropes[1]                    = make_table(t.tile.texts[i].length, pairs);
        ((mc_text_rows *)(uintptr_t)t.tile.texts)[i].ropes = ropes;
    }
    judge(&t);
}

static void rotations(void **state)
{
    static const struct {
        size_t head_dim, offset, pairs;
    } shapes[] = { { 2, 0, 1 },   { 8, 0, 4 },    { 10, 0, 5 },   { 32, 0, 8 },
                   { 64, 0, 32 }, { 96, 64, 16 }, { 80, 16, 32 }, { 33, 1, 16 } };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int kind = MC_ROPE_HALVES; kind <= MC_ROPE_PAIRS; kind++)
            try_rope((mc_rope_kind)kind, shapes[i].head_dim, shapes[i].offset, shapes[i].pairs);
}

/* ---- attention ---- */

typedef struct attention_shape {
    const char *name;
    size_t      heads, kv_heads, head_dim, value_dim, window;
    float       softcap;
    bool        slopes, sinks, over_q;
    float       slope_unit;
    double      scale;      /* of q, k and v: large scores make sharp weights */
    bool        underflows; /* values so small that their weighted sums are 0 or -0 */
} attention_shape;

static const attention_shape attention_shapes[] = {
    { "one head", 1, 1, 8, 8, .scale = 1.0 },
    { "heads of their own", 3, 3, 16, 16, .scale = 2.0 },
    { "shared keys", 6, 2, 17, 17, .scale = 2.0, .over_q = true },
    { "one key head", 4, 1, 33, 33, .scale = 1.0 },
    { "narrow values", 4, 2, 24, 15, .scale = 1.0, .over_q = true },
    { "wide values", 2, 2, 7, 40, .scale = 2.0 },
    { "soft cap", 2, 1, 16, 16, .softcap = 2.0f, .scale = 3.0 },
    { "slopes", 4, 2, 16, 16, .slopes = true, .scale = 1.0 },
    { "rounded slopes", 4, 2, 16, 16, .slopes = true, .slope_unit = 0.3f, .scale = 1.0 },
    { "sinks", 4, 2, 16, 16, .sinks = true, .scale = 1.0 },
    { "window of 1", 2, 1, 8, 8, .window = 1, .scale = 1.0 },
    { "window of 5", 2, 1, 8, 8, .window = 5, .scale = 1.0 },
    { "window of 100", 2, 1, 8, 8, .window = 100, .scale = 1.0 },
    { "window of a block", 2, 1, 8, 8, .window = 192, .scale = 1.0 },
    { "window of a block and 1", 2, 1, 8, 8, .window = 193, .scale = 1.0 },
    { "vanishing values", 2, 1, 8, 8, .scale = 1.0, .underflows = true },
    { "all at once", 4, 2, 24, 20, 70, 5.0f, true, true, true, 0.5f, 2.0 },
};

/* q, k and v side by side in one buffer, as programs lay them; call after the rows are known.
 */
static void add_attention(trial *t, const attention_shape *s, const char *texts)
{
    size_t q = s->heads * s->head_dim, k = s->kv_heads * s->head_dim,
           v = s->kv_heads * s->value_dim;

    snprintf(t->name, sizeof t->name, "attention, %s, %s", s->name, texts);
    t->op = (mc_op){ .kind = MC_OP_ATTENTION };
    add_buffer(t, 3, q + k + v + 5, s->scale);
    t->op.src  = (mc_operand){ 3, 2, q };
    t->op.src2 = (mc_operand){ 3, 2 + q, k };
    t->op.src3 = (mc_operand){ 3, 2 + q + k, v };
    for (size_t i = 0; s->underflows && i < t->tile.rows * v; i++)
        mc_tile_at(&t->tile, t->op.src3, i / v)[i % v] =
            mc_test_below(&lab, 2) ? 1e-45f : -1e-45f;
    t->op.dst       = s->over_q ? (mc_operand){ 3, 2, s->heads * s->value_dim }
                                : inside(t, 1, s->heads * s->value_dim, 1.0);
    t->op.attention = (mc_attention_params){
        .heads      = s->heads,
        .kv_heads   = s->kv_heads,
        .head_dim   = s->head_dim,
        .value_dim  = s->value_dim,
        .scale      = 1.0f / sqrtf((float)s->head_dim),
        .softcap    = s->softcap,
        .window     = s->window,
        .slopes     = s->slopes ? mc_test_floats(&lab, s->heads, 0.3) : NULL,
        .slope_unit = s->slope_unit,
        .sinks      = s->sinks ? mc_test_floats(&lab, s->heads, 3.0) : NULL,
    };
    for (size_t h = 0; s->slopes && h < s->heads; h++)
        t->op.attention.slopes[h] = fabsf(t->op.attention.slopes[h]);
    t->tolerance = 1e-6;
    t->floor     = 0.02 * s->scale;
}

static void add_history(trial *t)
{
    mc_history *history = mc_test_take(&lab, sizeof *history);
    size_t      keys = t->op.src2.width + 1, values = t->op.src3.width + 2;

    *history =
        (mc_history){ mc_test_floats(&lab, t->history_rows * keys, 1.0),
                      mc_test_floats(&lab, t->history_rows * values, 1.0), keys, values };
    t->tile.history = history;
}

/* About one row in three, and always the last. */
static void want_some(trial *t)
{
    uint8_t *wanted = mc_test_take(&lab, t->tile.rows);

    for (size_t row = 0; row < t->tile.rows; row++)
        wanted[row] = row + 1 == t->tile.rows || mc_test_below(&lab, 3) == 0;
    t->tile.wanted = wanted;
}

static void attention_of_whole_texts(void **state)
{
    static const text_shape few[]     = { { 1, 0 }, { 2, 0 }, { 15, 0 }, { 16, 0 }, { 33, 0 } };
    static const text_shape shared[]  = { { 10, 0 },  { 10, 5 }, { 12, 10 },
                                          { 12, 12 }, { 20, 3 }, { 140, 19 } };
    static const text_shape blocks[]  = { { 191, 0 }, { 192, 0 }, { 193, 192 } };
    static const text_shape longest[] = { { 300, 0 } };
    static const struct {
        const char       *name;
        const text_shape *texts;
        size_t            count;
    } sets[] = { { "short texts", few, 5 },
                 { "shared beginnings", shared, 6 },
                 { "blocks of keys", blocks, 3 },
                 { "300 tokens", longest, 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof attention_shapes / sizeof *attention_shapes; i++)
        for (size_t j = 0; j < sizeof sets / sizeof *sets; j++) {
            trial t = { 0 };
            lay_texts(&t, sets[j].texts, sets[j].count);
            add_attention(&t, &attention_shapes[i], sets[j].name);
            if ((i + j) % 2) want_some(&t);
            judge(&t);
        }
}

static void attention_over_history(void **state)
{
    static const size_t chunks[][3] = {
        { 500, 0, 192 }, { 500, 192, 192 }, { 500, 384, 116 }, { 193, 192, 1 }, { 260, 100, 57 }
    };

    (void)state;
    for (size_t i = 0; i < sizeof attention_shapes / sizeof *attention_shapes; i++)
        for (size_t j = 0; j < sizeof chunks / sizeof *chunks; j++) {
            trial t = { 0 };
            lay_chunk(&t, chunks[j][0], chunks[j][1], chunks[j][2]);
            add_attention(&t, &attention_shapes[i], "a chunk");
            add_history(&t);
            if (j % 2) want_some(&t);
            judge(&t);
        }
}

/* A text of 300 tokens whole, and in chunks of `size`: the same bits. */
static void try_chunks(const mc_backend *backend, const attention_shape *shape, size_t size)
{
    static const text_shape whole[] = { { 300, 0 } };
    trial                   t       = { 0 }, part;
    mc_tile                 want;
    mc_history             *history;

    lay_texts(&t, whole, 1);
    add_attention(&t, shape, "whole and in chunks");
    want = run(backend, &t);
    part = t;
    for (size_t first = 0; first < 300; first += size) {
        mc_tile got;
        lay_chunk(&part, 300, first, 300 - first < size ? 300 - first : size);
        for (int b = 0; b < MC_BUFFERS_MAX; b++)
            if (t.tile.data[b]) part.tile.data[b] = t.tile.data[b] + first * t.tile.stride[b];
        if (first == 0) add_history(&part);
        got      = run(backend, &part);
        history  = (mc_history *)(uintptr_t)part.tile.history;
        *history = *got.history; /* what it remembers goes on to the next chunk */
        for (size_t row = 0; row < got.rows; row++)
            if (memcmp(mc_tile_at(&got, t.op.dst, row),
                       mc_tile_at(&want, t.op.dst, first + row),
                       t.op.dst.width * sizeof(float)) != 0)
                fail_msg("%s of %zu on %s: position %zu differs", t.name, size, backend->tier,
                         first + row);
    }
    mc_test_lab_clear(&lab);
}

/* One tier stands for all: the trials above say that their bits are the same. */
static void chunks_change_no_bit(void **state)
{
    static const size_t sizes[] = { 192, 128, 77 };
    size_t              widest  = 0;

    (void)state;
    while (tiers[widest + 1])
        widest++;
    for (size_t i = 0; i < sizeof attention_shapes / sizeof *attention_shapes; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++)
            try_chunks(tiers[widest], &attention_shapes[i], sizes[j]);
    try_chunks(tiers[0],
               &attention_shapes[sizeof attention_shapes / sizeof *attention_shapes - 1], 77);
}

/* ---- elementwise ---- */

/* What float arithmetic and the ends of exp's range leave: a few roundings of the result, and
 * of an argument that is large where the result is nearly zero. */
static double activation_error(const mc_op *op, double x, double want)
{
    double relative = 4e-7, size = fabs(x), floor = 5e-39 * fmax(size, 1.0);

    switch (op->activation) {
    case MC_ACT_RELU: return 0.0;
    case MC_ACT_RELU2: return 1e-7 * want + 1e-44;
    case MC_ACT_GELU:
    case MC_ACT_GELU_TANH:
        relative = 1e-6;
        floor += 2e-8 * size * (size < 20.0);
        break;
    case MC_ACT_GELU_QUICK: relative += 1.2e-7 * size; break;
    case MC_ACT_XIELU: floor += 2e-7 * size; break;
    default: break;
    }
    return relative * fabs(want) + floor;
}

static double rounding_error(const mc_op *op, double x, double want)
{
    (void)op;
    (void)x;
    return 1.2e-7 * fabs(want) + 1e-44;
}

/* dst before and scale * src may cancel. */
static double add_error(const mc_op *op, double x, double want)
{
    return 1.2e-7 * (fabs(want) + fabs((double)op->scale * x));
}

static void fill_awkward(float *out, size_t count)
{
    static const float  special[] = { 0.0f,   -0.0f,   1e-45f, -1e-45f, 1e-40f, -1e-40f,
                                      1e-20f, -1e-20f, 1e-7f,  -1e-7f,  0.625f, -0.625f,
                                      1.0f,   -1.0f,   2.0f,   -2.0f,   9.0f,   -9.0f,
                                      87.3f,  -87.3f,  88.4f,  -88.4f,  100.0f, -100.0f,
                                      1e4f,   -1e4f,   1e10f,  -1e10f,  1e18f,  -1e18f };
    static const double scales[]  = { 1e-3, 0.5, 2.0, 10.0, 100.0 };

    for (size_t i = 0; i < count; i++) {
        uint32_t which = mc_test_below(&lab, 100);
        if (which < sizeof special / sizeof *special)
            out[i] = special[which];
        else
            out[i] = (float)(scales[which % 5] * mc_test_uniform(&lab));
    }
}

static const uint32_t *far_positions(size_t rows)
{
    uint32_t *positions = mc_test_take(&lab, rows * sizeof *positions);

    for (size_t row = 0; row < rows; row++)
        positions[row] = mc_test_below(&lab, 100000);
    return positions;
}

static void try_elementwise(mc_op op, const char *name, size_t rows, size_t width)
{
    trial t = { .op = op, .allowed = rounding_error, .tile = { .rows = rows } };

    snprintf(t.name, sizeof t.name, "%s, %zu x %zu", name, rows, width);
    t.op.src = inside(&t, 2, width, 1.0);
    fill_awkward(t.tile.data[2], (rows + 1) * t.tile.stride[2]);
    t.op.dst = mc_test_below(&lab, 2) ? t.op.src : inside(&t, 1, width, 1.0);
    if (op.kind == MC_OP_ACTIVATE) t.allowed = activation_error;
    if (op.kind == MC_OP_ADD) t.allowed = add_error;
    if (op.kind == MC_OP_SCALE_FAR) t.tile.positions = far_positions(rows);
    if (op.kind == MC_OP_MUL && op.stack) t.op.weights[0] = mc_test_weight(&lab, width, 1, 1.0);
    judge(&t);
}

static const struct {
    const char *name;
    mc_op       op;
} elementwise[] = {
    { "silu", { .kind = MC_OP_ACTIVATE, .activation = MC_ACT_SILU } },
    { "gelu", { .kind = MC_OP_ACTIVATE, .activation = MC_ACT_GELU } },
    { "gelu tanh", { .kind = MC_OP_ACTIVATE, .activation = MC_ACT_GELU_TANH } },
    { "gelu quick", { .kind = MC_OP_ACTIVATE, .activation = MC_ACT_GELU_QUICK } },
    { "relu", { .kind = MC_OP_ACTIVATE, .activation = MC_ACT_RELU } },
    { "relu2", { .kind = MC_OP_ACTIVATE, .activation = MC_ACT_RELU2 } },
    { "xielu",
      { .kind       = MC_OP_ACTIVATE,
        .activation = MC_ACT_XIELU,
        .xielu      = { 0.8f, 0.9f, 0.5f, -1e-6f } } },
    { "tanh", { .kind = MC_OP_ACTIVATE, .activation = MC_ACT_TANH } },
    { "sigmoid", { .kind = MC_OP_ACTIVATE, .activation = MC_ACT_SIGMOID } },
    { "add", { .kind = MC_OP_ADD, .scale = 1.0f } },
    { "add scaled", { .kind = MC_OP_ADD, .scale = -0.37f } },
    { "multiply", { .kind = MC_OP_MUL } },
    { "multiply by a vector", { .kind = MC_OP_MUL, .stack = 1 } },
    { "scale", { .kind = MC_OP_SCALE, .scale = 22.627417f } },
    { "scale with the position",
      { .kind = MC_OP_SCALE_FAR, .scale = 0.1f, .position_offset = 8192 } },
    { "clip", { .kind = MC_OP_CLIP, .scale = 1.5f } },
};

static void elements(void **state)
{
    static const size_t rows[] = { 1, 5, 192 }, widths[] = { 1, 15, 16, 17, 33, 576 };

    (void)state;
    for (size_t i = 0; i < sizeof elementwise / sizeof *elementwise; i++)
        for (size_t r = 0; r < 3; r++)
            for (size_t w = 0; w < 6; w++)
                if (rows[r] * widths[w] < 10000)
                    try_elementwise(elementwise[i].op, elementwise[i].name, rows[r], widths[w]);
}

/* ---- what is not a number stays so ---- */

static void nan_stays(const mc_backend *backend, const char *name, const mc_op *op)
{
    trial   t = { .op = *op, .tile = { .rows = 3 } };
    mc_tile got;

    snprintf(t.name, sizeof t.name, "%s of NaN", name);
    t.op.src         = inside(&t, 2, 21, 1.0);
    t.op.dst         = inside(&t, 1, 21, 1.0);
    t.tile.positions = far_positions(3);
    if (op->stack) t.op.weights[0] = mc_test_weight(&lab, 21, 1, 1.0);
    mc_tile_at(&t.tile, t.op.src, 1)[3]  = NAN;
    mc_tile_at(&t.tile, t.op.src, 1)[20] = NAN;
    got                                  = run(backend, &t);
    for (size_t i = 0; i < 3 * 21; i++) {
        float value = mc_tile_at(&got, t.op.dst, i / 21)[i % 21];
        if ((i == 21 + 3 || i == 21 + 20) != (isnan(value) != 0))
            fail_msg("%s on %s %s: element %zu is %g", t.name, backend->name, backend->tier, i,
                     (double)value);
    }
    mc_test_lab_clear(&lab);
}

/* In q, k or v of the second of three texts: that text's last row is NaN, the others' are not.
 */
static void nan_stays_in_attention(const mc_backend *backend, const attention_shape *shape,
                                   size_t at)
{
    static const text_shape texts[] = { { 6, 0 }, { 7, 0 }, { 9, 0 } };
    trial                   t       = { 0 };
    mc_operand              place;
    mc_tile                 got;

    lay_texts(&t, texts, 3);
    add_attention(&t, shape, "of NaN");
    place = at == 0 ? t.op.src : at == 1 ? t.op.src2 : t.op.src3;
    for (size_t i = 0; i < place.width; i++)
        mc_tile_at(&t.tile, place, 12)[i] = NAN;
    got = run(backend, &t);
    for (size_t row = 0; row < 22; row++) {
        float value = mc_tile_at(&got, t.op.dst, row)[0];
        if (row == 12 ? !isnan(value) : (row < 6 || row > 12) && !isfinite(value))
            fail_msg("%s on %s %s: row %zu is %g", t.name, backend->name, backend->tier, row,
                     (double)value);
    }
    mc_test_lab_clear(&lab);
}

static void not_a_number_stays_one(void **state)
{
    (void)state;
    for (size_t b = 0; b == 0 || tiers[b - 1]; b++) {
        const mc_backend *backend = b ? tiers[b - 1] : &mc_backend_ref;
        for (size_t i = 0; i < sizeof elementwise / sizeof *elementwise; i++)
            nan_stays(backend, elementwise[i].name, &elementwise[i].op);
        for (size_t i = 0; i < sizeof attention_shapes / sizeof *attention_shapes; i++)
            for (size_t at = 0; at < 3; at++)
                nan_stays_in_attention(backend, &attention_shapes[i], at);
    }
}

/* ---- kernels behind the operations ---- */

/* Scores up to 0, and 2^0 is what weights count from: they are the powers of two of the scores,
 * to a unit in the last place. */
static void check_weights(const mc_backend *tier)
{
    enum { STEPS = 20000 };
    float  *x = mc_test_take(&lab, STEPS * sizeof *x), exponent = 0.0f, got = 0.0f;
    double  sum = 0.0, worst = 0.0;
    mc_fold fold = { .heads    = 1,
                     .queries  = 1,
                     .count    = STEPS,
                     .first    = STEPS - 1,
                     .scores   = x,
                     .exponent = &exponent,
                     .sum      = &got };

    for (int i = 0; i < STEPS; i++)
        x[i] = -126.0f * (float)i / STEPS;
    ((const mc_kernels *)tier->kernels)->fold_scores(&fold);
    for (int i = 0; i < STEPS; i++) {
        double want  = exp2((double)(-126.0f * (float)i / STEPS));
        double error = fabs((double)x[i] / want - 1.0);
        if (!(error <= worst)) worst = error;
        sum += (double)x[i];
    }
    CHECK(tier->tier, exponent == 0.0f && x[0] == 1.0f);
    CHECK_NEAR(tier->tier, worst, 0.0, 0x1p-23);
    CHECK_NEAR(tier->tier, (double)got / sum, 1.0, 1e-5);
    mc_test_lab_clear(&lab);
}

static void weights_are_good_to_one_unit(void **state)
{
    (void)state;
    for (size_t tier = 0; tiers[tier]; tier++)
        check_weights(tiers[tier]);
}

/* Scores that no model has: the largest takes all weight, and nothing overflows. */
static void huge_scores_overflow_no_weight(void **state)
{
    (void)state;
    for (size_t tier = 0; tiers[tier]; tier++)
        for (float size = 1e3f; size < 1e37f; size *= 7.0f) {
            float   x[16] = { 0.3f * size, -size, 0.1f * size, size }, sum = 0.0f;
            float   exponent = -INFINITY;
            mc_fold fold     = { .heads    = 1,
                                 .queries  = 1,
                                 .count    = 4,
                                 .first    = 3,
                                 .scores   = x,
                                 .exponent = &exponent,
                                 .sum      = &sum };
            ((const mc_kernels *)tiers[tier]->kernels)->fold_scores(&fold);
            CHECK(tiers[tier]->tier, isfinite(sum) && sum > 0.0f && x[3] / sum == 1.0f);
        }
}

/* A new kind of operation needs a trial here, and a function in every backend. */
static void no_operation_is_left_out(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < MC_OP_COUNT; kind++) {
        char name[32];
        snprintf(name, sizeof name, "operation %zu", kind);
        CHECK(name, tried[kind] && mc_backend_ref.run[kind]);
        for (size_t tier = 0; tiers[tier]; tier++)
            CHECK(name, tiers[tier]->run[kind] != NULL);
    }
}

/* Of n keys the query sees all but the first `from`; what lies beside them is not a number. */
static void check_largest(const mc_kernels *kernels, size_t from, size_t n, size_t at)
{
    float   exponent = -9.0f, sum = 0.0f, *x = mc_test_take(&lab, 64 * sizeof *x);
    mc_fold fold = { .heads    = 1,
                     .window   = n - from,
                     .queries  = 1,
                     .count    = n,
                     .first    = n - 1,
                     .scores   = x,
                     .exponent = &exponent,
                     .sum      = &sum };

    for (size_t i = 0; i < 64; i++)
        x[i] = i < from || i >= n ? NAN : i == at ? -2.0f : -3.0f - (float)i;
    kernels->fold_scores(&fold);
    assert_true(exponent == -2.0f);
    assert_true(x[at] == 1.0f && sum >= 1.0f);
    for (size_t i = 0; i < n; i++)
        assert_true(i < from ? x[i] == 0.0f : x[i] <= 1.0f);
    mc_test_lab_clear(&lab);
}

static void largest_sees_every_place(void **state)
{
    (void)state;
    for (size_t tier = 0; tiers[tier]; tier++)
        for (size_t n = 1; n <= 50; n++)
            for (size_t at = 0; at < n; at++)
                check_largest(tiers[tier]->kernels, (at + 1) / 2, n, at);
}

static void find_tiers(void)
{
    size_t count = 0;

    for (size_t i = 0; mc_backend_cpu_tier_name(i); i++) {
        const char       *name = mc_backend_cpu_tier_name(i);
        const mc_backend *tier = mc_backend_cpu_tier(name);
        if (!tier) printf("skipped: cpu %s, which this machine does not have\n", name);
        if (tier && count + 1 < sizeof tiers / sizeof *tiers) tiers[count++] = tier;
    }
}

static int report(void **state)
{
    (void)state;
    printf("%zu trials against ref, on", trials);
    for (size_t i = 0; tiers[i]; i++)
        printf(" %s", tiers[i]->tier);
    printf("\n");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embedding_rows),
        cmocka_unit_test(learned_positions),
        cmocka_unit_test(norms),
        cmocka_unit_test(products),
        cmocka_unit_test(gated_products),
        cmocka_unit_test(rotations),
        cmocka_unit_test(attention_of_whole_texts),
        cmocka_unit_test(attention_over_history),
        cmocka_unit_test(chunks_change_no_bit),
        cmocka_unit_test(elements),
        cmocka_unit_test(no_operation_is_left_out),
        cmocka_unit_test(not_a_number_stays_one),
        cmocka_unit_test(weights_are_good_to_one_unit),
        cmocka_unit_test(huge_scores_overflow_no_weight),
        cmocka_unit_test(largest_sees_every_place),
    };

    find_tiers();
    return cmocka_run_group_tests_name("backend operations", tests, NULL, report);
}
