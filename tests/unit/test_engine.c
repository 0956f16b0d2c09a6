/* test_engine.c - a whole pass: the same bits whatever the batch size, the threads, the company
 * of a text, the layers asked for and the cpu's instruction set; right against `ref`; and clear
 * errors that leave nothing behind. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/interrupt.h"
#include "model/model.h"
#include "support/check.h"
#include "support/lab.h"
#include "support/synthetic.h"

#define LAST_AND_MEAN (MC_KEEP_LAST | MC_KEEP_MEAN)
#define EVERYTHING (LAST_AND_MEAN | MC_KEEP_ALL)

static mc_test_lab       lab = { .seed = 17 };
static const mc_backend *tiers[8]; /* narrow to wide; a NULL ends */
static const mc_backend *widest;

/* ---- recording ---- */

typedef struct recorded_layer {
    size_t width; /* 0: not handed out */
    float *last, *mean, *all;
} recorded_layer;

typedef struct recording {
    const char     *name;
    mc_texts        texts;
    size_t          layers; /* 0..L and, last, final */
    recorded_layer *layer;
    int             previous;
    size_t          calls;
    mc_engine_stats stats;
} recording;

static float *copied(const float *values, size_t count)
{
    float *copy = values ? mc_test_take(&lab, count * sizeof *copy) : NULL;

    if (copy) memcpy(copy, values, count * sizeof *copy);
    return copy;
}

static mc_status record(void *context, const mc_states *states, mc_error *err)
{
    recording *r  = context;
    size_t     at = states->layer == MC_ENGINE_FINAL ? r->layers - 1 : (size_t)states->layer;

    (void)err;
    CHECK(r->name, at < r->layers && (int)at > r->previous); /* in order, each once */
    r->previous  = (int)at;
    r->layer[at] = (recorded_layer){
        .width = states->width,
        .last  = copied(states->last, r->texts.count * states->width),
        .mean  = copied(states->mean, r->texts.count * states->width),
        .all   = copied(states->all, r->texts.offsets[r->texts.count] * states->width),
    };
    r->calls++;
    return MC_OK;
}

typedef struct variation {
    const char       *name;
    const mc_backend *backend; /* NULL: the widest tier */
    size_t            threads, batch;
    bool              no_sharing;
    unsigned          keep;
    int               only;     /* layer, counted with final as L + 1; -1: all */
    const mc_store   *streamed; /* keeps no weight of it in the system's cache; NULL: none */
} variation;

static recording make_recording(const char *name, const mc_lowered *model, mc_texts texts)
{
    size_t layers = model->block_count + 2;

    return (recording){ .name     = name,
                        .texts    = texts,
                        .layers   = layers,
                        .layer    = mc_test_take(&lab, layers * sizeof(recorded_layer)),
                        .previous = -1 };
}

static mc_engine_options options_of(const variation *v, const recording *r)
{
    bool *wanted = mc_test_take(&lab, r->layers);

    for (size_t i = 0; i < r->layers; i++)
        wanted[i] = v->only < 0 || (size_t)v->only == i;
    return (mc_engine_options){ .backend    = v->backend ? v->backend : widest,
                                .threads    = v->threads ? v->threads : 1,
                                .batch_size = v->batch,
                                .no_sharing = v->no_sharing,
                                .streams    = v->streamed != NULL,
                                .keep       = v->keep,
                                .wanted     = wanted,
                                .states     = record };
}

static recording pass(const mc_lowered *model, mc_texts texts, const variation *v)
{
    recording         r       = make_recording(v->name, model, texts);
    mc_engine_options options = options_of(v, &r);
    mc_error          err     = { 0 };

    options.context = &r;
    CHECK_OK(v->name, mc_engine_run(model, v->streamed, &texts, &options, &r.stats, &err));
    CHECK(v->name, r.calls == (v->only < 0 ? r.layers : 1));
    return r;
}

/* ---- comparing ---- */

static size_t length_of(const mc_texts *texts, size_t text)
{
    return texts->offsets[text + 1] - texts->offsets[text];
}

static size_t same_rows(const char *name, size_t layer, const float *a, const float *b,
                        size_t count)
{
    if (!a || !b) return 0;
    if (memcmp(a, b, count * sizeof *a) != 0) fail_msg("%s: layer %zu differs", name, layer);
    return 1;
}

/* Text `i` of one pass and text `j` of another, in everything that both have. */
static void same_text(const char *name, const recording *a, size_t i, const recording *b,
                      size_t j)
{
    size_t compared = 0;

    CHECK(name, length_of(&a->texts, i) == length_of(&b->texts, j));
    for (size_t l = 0; l < a->layers; l++) {
        const recorded_layer *x = &a->layer[l], *y = &b->layer[l];
        size_t                w = x->width, n = length_of(&a->texts, i) * w;
        if (!x->width || !y->width) continue;
        CHECK(name, x->width == y->width);
        if (x->last && y->last)
            compared += same_rows(name, l, x->last + i * w, y->last + j * w, w);
        if (x->mean && y->mean)
            compared += same_rows(name, l, x->mean + i * w, y->mean + j * w, w);
        if (x->all && y->all)
            compared += same_rows(name, l, x->all + a->texts.offsets[i] * w,
                                  y->all + b->texts.offsets[j] * w, n);
    }
    CHECK(name, compared > 0);
}

static void same_texts(const char *name, const recording *a, const recording *b)
{
    for (size_t i = 0; i < a->texts.count; i++)
        same_text(name, a, i, b, i);
}

/* What a pass kept of a text must be what all its rows say. */
static void pooled_text_agrees(const recording *r, const recorded_layer *layer, size_t text)
{
    size_t       w = layer->width, length = length_of(&r->texts, text);
    const float *rows = layer->all + r->texts.offsets[text] * w;

    CHECK(r->name,
          memcmp(layer->last + text * w, rows + (length - 1) * w, w * sizeof *rows) == 0);
    for (size_t i = 0; i < w; i++) {
        double sum = 0.0;
        for (size_t p = length > 1 ? 1 : 0; p < length; p++)
            sum += (double)rows[p * w + i];
        CHECK(r->name, layer->mean[text * w + i] ==
                           (float)(sum / (double)(length > 1 ? length - 1 : 1)));
    }
}

static void pooling_agrees(const recording *r)
{
    for (size_t l = 0; l < r->layers; l++)
        for (size_t text = 0; text < r->texts.count; text++)
            pooled_text_agrees(r, &r->layer[l], text);
}

static double row_error(const float *got, const float *want, size_t width)
{
    double distance = 0.0, size = 0.0;

    for (size_t i = 0; i < width; i++) {
        distance += ((double)got[i] - (double)want[i]) * ((double)got[i] - (double)want[i]);
        size += (double)want[i] * (double)want[i];
    }
    return sqrt(distance / size);
}

static void rows_are_near(const char *name, const recording *got, const recording *want,
                          double tolerance)
{
    for (size_t l = 0; l < got->layers; l++)
        for (size_t row = 0; row < got->texts.offsets[got->texts.count]; row++) {
            size_t w = got->layer[l].width;
            double error =
                row_error(got->layer[l].all + row * w, want->layer[l].all + row * w, w);
            if (!(error <= tolerance))
                fail_msg("%s: row %zu of layer %zu is off by %g", name, row, l, error);
        }
}

/* ---- models and texts ---- */

/* Short texts, and some that are cut into chunks; among them the sizes of tiles and chunks. */
static mc_texts make_texts(void)
{
    size_t lengths[] = { 9, 4, 20, 17, 1, 1, 2, 24, 3,   12,  12,  11,
                         8, 5, 15, 7,  6, 2, 4, 30, 192, 193, 240, 410 };

    return mc_test_texts(&lab, lengths, sizeof lengths / sizeof *lengths, MC_TEST_VOCABULARY);
}

static const char *const stored_models[] = { "gemma4_perlayer", "gguf_llama_q4_0/model.gguf",
                                             "gemma4_shared", "qwen3" };

typedef void model_check(const char *name, const mc_lowered *model, mc_texts texts);

/* The check on the synthetic model and on some models from files. */
static void on_models(model_check *check, size_t files)
{
    mc_test_model model;

    mc_test_model_make(&lab, 0, &model);
    check("synthetic", &model.lowered, make_texts());
    mc_test_lab_clear(&lab);
    for (size_t i = 0; i < files; i++) {
        char      path[512];
        mc_model *stored = NULL;
        mc_error  err    = { 0 };
        snprintf(path, sizeof path, "%s/golden/arch/%s", MC_TEST_FOLDER, stored_models[i]);
        CHECK_OK(path, mc_model_open(path, &stored, &err));
        check(stored_models[i], mc_model_lowered(stored), make_texts());
        mc_model_close(stored);
        mc_test_lab_clear(&lab);
    }
}

/* ---- the same bits ---- */

static void check_settings(const char *name, const mc_lowered *model, mc_texts texts)
{
    static const size_t batches[] = { 1, 7, 64, 0 };
    variation           base      = { "base", .keep = EVERYTHING, .only = -1 };
    recording           want      = pass(model, texts, &base);

    pooling_agrees(&want);
    /* Every batch size with every number of threads, for models from files some of them. */
    for (size_t i = 0; i < (strcmp(name, "synthetic") == 0 ? 12 : 4); i++) {
        char      label[96];
        variation v = { label, .keep = i % 2 ? EVERYTHING : LAST_AND_MEAN, .only = -1 };
        recording got;
        v.batch      = batches[i % 4];
        v.threads    = 1 + i % 3;
        v.no_sharing = i % 5 < 2;
        snprintf(label, sizeof label, "%s, batch %zu, %zu threads, sharing %d", name, v.batch,
                 v.threads, !v.no_sharing);
        got = pass(model, texts, &v);
        same_texts(label, &got, &want);
        CHECK(label, got.stats.tokens_asked == texts.offsets[texts.count]);
        CHECK(label, v.no_sharing ? got.stats.tokens_computed == got.stats.tokens_asked
                                  : got.stats.tokens_computed <= got.stats.tokens_asked);
    }
}

static void settings_change_no_bit(void **state)
{
    (void)state;
    on_models(check_settings, 1);
}

/* The files' pages go as soon as a block is widened, and the next pass reads them again. */
static void streaming_changes_no_bit(void **state)
{
    char      path[512];
    mc_model *model = NULL;
    mc_error  err   = { 0 };
    recording want;

    (void)state;
    snprintf(path, sizeof path, "%s/golden/arch/%s", MC_TEST_FOLDER, stored_models[1]);
    CHECK_OK(path, mc_model_open(path, &model, &err));
    want = pass(mc_model_lowered(model), make_texts(),
                &(variation){ "base", .keep = EVERYTHING, .only = -1 });
    for (size_t threads = 1; threads <= 3; threads++) {
        variation v = { "streamed", .threads = threads, .keep = EVERYTHING, .only = -1 };
        recording got;
        v.streamed = mc_model_store(model);
        got        = pass(mc_model_lowered(model), want.texts, &v);
        same_texts("streamed", &got, &want);
    }
    mc_model_close(model);
    mc_test_lab_clear(&lab);
}

static void check_keeping(const char *name, const mc_lowered *model, mc_texts texts)
{
    variation base = { "base", .keep = EVERYTHING, .only = -1 };
    recording want = pass(model, texts, &base);

    for (unsigned keep = 1; keep < 8; keep++) {
        variation v   = { name, .threads = 1 + keep % 3, .keep = keep, .only = -1 };
        recording got = pass(model, texts, &v);
        same_texts(name, &got, &want);
    }
    for (int layer = 0; layer < (int)want.layers; layer++) {
        variation v = { name, .threads = 1 + (size_t)layer % 3, .only = layer };
        recording got;
        v.keep = layer % 2 ? LAST_AND_MEAN : MC_KEEP_LAST;
        got    = pass(model, texts, &v);
        same_texts(name, &got, &want);
        CHECK(name, got.stats.blocks_run ==
                        (layer <= (int)model->block_count ? layer : (int)model->block_count));
    }
}

static void what_is_asked_for_changes_no_bit(void **state)
{
    (void)state;
    on_models(check_keeping, 1);
}

static void check_tiers(const char *name, const mc_lowered *model, mc_texts texts)
{
    variation base = { "widest", .keep = EVERYTHING, .only = -1 };
    recording want;

    texts.count -= 2; /* without the longest, for the portable tier's sake */
    want = pass(model, texts, &base);
    for (size_t i = 0; tiers[i]; i++) {
        variation v = { tiers[i]->tier, .backend = tiers[i], .threads = 2, .batch = 9 };
        recording got;
        v.keep = EVERYTHING;
        v.only = -1;
        got    = pass(model, texts, &v);
        same_texts(name, &got, &want);
    }
}

static void tiers_change_no_bit(void **state)
{
    (void)state;
    on_models(check_tiers, 0);
}

/* ---- company ---- */

/* The texts with these indices, in this order. */
static mc_texts selected(const mc_texts *from, const size_t *which, size_t count)
{
    size_t  *offsets = mc_test_take(&lab, (count + 1) * sizeof *offsets);
    int32_t *tokens;

    for (size_t i = 0; i < count; i++)
        offsets[i + 1] = offsets[i] + length_of(from, which[i]);
    tokens = mc_test_take(&lab, offsets[count] * sizeof *tokens);
    for (size_t i = 0; i < count; i++)
        memcpy(tokens + offsets[i], from->tokens + from->offsets[which[i]],
               length_of(from, which[i]) * sizeof *tokens);
    return (mc_texts){ tokens, offsets, count };
}

static void check_company(const char *name, const mc_lowered *model, mc_texts texts)
{
    variation v     = { name, .keep = EVERYTHING, .only = -1 };
    recording want  = pass(model, texts, &v), got;
    size_t    count = texts.count, *which = mc_test_take(&lab, 2 * count * sizeof *which);

    for (size_t i = 0; i < count; i++) { /* alone */
        got = pass(model, selected(&texts, &i, 1), &v);
        same_text(name, &got, 0, &want, i);
    }
    for (size_t i = 0; i < count; i++) /* in another order, and each twice */
        which[i] = which[2 * count - 1 - i] = (i * 7 + 3) % count;
    assert_true(count % 7 != 0);
    got = pass(model, selected(&texts, which, 2 * count), &v);
    for (size_t i = 0; i < 2 * count; i++)
        same_text(name, &got, i, &want, which[i]);
    for (size_t i = 0; i < count; i += 3) /* one in three */
        which[i / 3] = i;
    got = pass(model, selected(&texts, which, (count + 2) / 3), &v);
    for (size_t i = 0; i < (count + 2) / 3; i++)
        same_text(name, &got, i, &want, which[i]);
}

static void company_changes_no_bit(void **state)
{
    (void)state;
    on_models(check_company, 2);
}

/* ---- going on ---- */

typedef struct checkpoint {
    recording               *r; /* what `record` wants */
    const mc_lowered        *model;
    mc_texts                 texts; /* of the pass that kept it */
    int                      block; /* the one to keep */
    float                   *rows;  /* [tokens, width] */
    size_t                   kept;
    const struct checkpoint *from;  /* of a pass that goes on: what was kept */
    const size_t            *which; /* its texts, among those */
} checkpoint;

static mc_status record_through(void *context, const mc_states *states, mc_error *err)
{
    return record(((checkpoint *)context)->r, states, err);
}

static mc_checkpoint_need need_state(void *context, int block)
{
    return ((checkpoint *)context)->block == block ? MC_CHECKPOINT_NOW : MC_CHECKPOINT_LATER;
}

static mc_status keep_state(void *context, const mc_engine_state *state, mc_error *err)
{
    checkpoint *c     = context;
    size_t      width = mc_engine_state_width(c->model);

    (void)err;
    CHECK("kept", mc_engine_state_block(state) == c->block);
    c->kept++;
    for (size_t text = 0; text < c->texts.count; text++)
        mc_engine_state_read(state, text, c->rows + c->texts.offsets[text] * width);
    return MC_OK;
}

static mc_status give_state(void *context, size_t text, float *rows, mc_error *err)
{
    const checkpoint *c = context, *from = c->from;
    size_t            width = mc_engine_state_width(c->model), at = c->which[text];

    (void)err;
    memcpy(rows, from->rows + from->texts.offsets[at] * width,
           length_of(&from->texts, at) * width * sizeof *rows);
    return MC_OK;
}

static void go_on(const checkpoint *from, mc_engine_options *options)
{
    options->first_block = from->block + 1;
    for (int layer = 0; layer <= from->block; layer++)
        ((bool *)(uintptr_t)options->wanted)[layer] = false;
}

static void run_checkpointed(const char *name, checkpoint *c, const variation *v,
                             mc_texts texts)
{
    recording        *r       = c->r;
    mc_engine_options options = options_of(v, r);
    mc_error          err     = { 0 };

    options.states     = record_through;
    options.need       = need_state;
    options.checkpoint = keep_state;
    options.restore    = give_state;
    options.context    = c;
    if (c->from) go_on(c->from, &options);
    CHECK_OK(name, mc_engine_run(c->model, NULL, &texts, &options, &r->stats, &err));
}

/* A pass is cut behind a block; half of its texts go on from there under another plan. */
static void check_going_on(const char *name, const mc_lowered *model, mc_texts texts)
{
    variation first = { name, .threads = 2, .keep = EVERYTHING, .only = -1 };
    variation other = { name, .batch = 3, .keep = EVERYTHING, .only = -1 };
    size_t   *which = mc_test_take(&lab, texts.count * sizeof *which);
    size_t    count = 0;

    for (size_t i = 0; i < texts.count; i += 2)
        which[count++] = texts.count - 1 - i;
    for (int block = 0; block < (int)model->block_count; block++) {
        variation  early = { name, .keep = MC_KEEP_LAST, .only = block + 1 };
        recording  whole = make_recording(name, model, texts);
        checkpoint kept  = { &whole, model, texts, block };
        recording  rest  = make_recording(name, model, selected(&texts, which, count));
        checkpoint on    = { &rest, model, rest.texts, -1, .from = &kept, .which = which };
        kept.rows        = mc_test_take(&lab, texts.offsets[texts.count] *
                                                  mc_engine_state_width(model) * sizeof(float));
        run_checkpointed(name, &kept, &first, texts);
        CHECK(name, kept.kept == 1);
        if (block % 2) { /* a pass that would end with the next block leaves as much */
            recording ends = make_recording(name, model, texts);
            kept.r         = &ends;
            run_checkpointed(name, &kept, &early, texts);
            CHECK(name, kept.kept == 2);
        }
        run_checkpointed(name, &on, &other, rest.texts);
        CHECK(name, rest.calls == model->block_count + 1 - (size_t)block);
        CHECK(name, rest.stats.blocks_run == (int)model->block_count - block);
        for (size_t i = 0; i < count; i++)
            same_text(name, &rest, i, &whole, which[i]);
    }
}

static void going_on_changes_no_bit(void **state)
{
    (void)state;
    on_models(check_going_on, 3);
}

/* ---- company, checkpoints and requests to stop ---- */

typedef enum asking {
    NOBODY,
    IN_STATES,
    BY_STATES,
    IN_NEED,
    IN_CHECKPOINT,
    IN_PROGRESS,
    STATES_FAIL, /* no request: an error */
    CHECKPOINT_FAILS
} asking;

/* One way to run the schedule, and what its callbacks do. */
typedef struct trial {
    checkpoint kept; /* first: it is what `give_state` is given; the latest one */
    size_t     threads;
    bool       one_block, slow;
    unsigned   keep, now; /* bits: blocks whose checkpoint is asked for now, not later */
    asking     asks;      /* who asks to stop, at which block */
    int        asks_at;
} trial;

static void ask(const trial *t, asking who, int block)
{
    if (t->asks == who && t->asks_at == block) mc_interrupt_request();
}

/* Time for the workers to go as far ahead as they may. */
static void take_time(const trial *t)
{
    if (t->slow) nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
}

static mc_status try_states(void *context, const mc_states *states, mc_error *err)
{
    trial *t = context;

    ask(t, IN_STATES, states->layer);
    take_time(t);
    if (t->asks == STATES_FAIL && t->asks_at == states->layer)
        return mc_fail(err, MC_ERR_DISK_FULL, "", "no space");
    MC_TRY(record(t->kept.r, states, err));
    if (t->asks != BY_STATES || states->layer < t->asks_at) return MC_OK;
    return mc_fail(err, MC_ERR_INTERRUPTED, "", "enough");
}

static mc_checkpoint_need try_need(void *context, int block)
{
    const trial *t = context;

    ask(t, IN_NEED, block);
    return t->now >> block & 1 ? MC_CHECKPOINT_NOW : MC_CHECKPOINT_LATER;
}

static mc_status try_checkpoint(void *context, const mc_engine_state *state, mc_error *err)
{
    trial *t = context;

    ask(t, IN_CHECKPOINT, mc_engine_state_block(state));
    take_time(t);
    if (t->asks == CHECKPOINT_FAILS) return mc_fail(err, MC_ERR_DISK_FULL, "", "no space");
    CHECK("in order", t->kept.kept == 0 || mc_engine_state_block(state) > t->kept.block);
    t->kept.block = mc_engine_state_block(state);
    return keep_state(&t->kept, state, err);
}

static void try_progress(void *context, const mc_engine_progress *progress)
{
    ask(context, IN_PROGRESS, progress->block);
}

static mc_status run_trial(trial *t)
{
    checkpoint       *c       = &t->kept;
    variation         v       = { "trial", .threads = t->threads, .keep = t->keep, .only = -1 };
    mc_engine_options options = options_of(&v, c->r);
    mc_error          err     = { 0 };
    mc_status         status;

    options.one_block  = t->one_block;
    options.states     = try_states;
    options.need       = try_need;
    options.checkpoint = try_checkpoint;
    options.progress   = try_progress;
    options.restore    = give_state;
    options.context    = t;
    if (c->from) go_on(c->from, &options);
    status = mc_engine_run(c->model, NULL, &c->texts, &options, &c->r->stats, &err);
    CHECK("error", status == err.status);
    mc_interrupt_clear();
    return status;
}

static const size_t *every_text(const mc_texts *texts)
{
    size_t *which = mc_test_take(&lab, texts->count * sizeof *which);

    for (size_t i = 0; i < texts->count; i++)
        which[i] = i;
    return which;
}

static checkpoint make_checkpoint(const mc_lowered *model, recording *r)
{
    size_t tokens = r->texts.offsets[r->texts.count], width = mc_engine_state_width(model);

    return (checkpoint){ .r     = r,
                         .model = model,
                         .texts = r->texts,
                         .rows  = mc_test_take(&lab, tokens * width * sizeof(float)) };
}

/* What the first pass has handed out and what a second one does from its checkpoint are, one
 * behind the other, what an undisturbed pass hands out. */
static void check_rest(const trial *t, const recording *want)
{
    const checkpoint *c     = &t->kept;
    variation         v     = { "rest", .threads = 2, .keep = t->keep, .only = -1 };
    recording         rest  = make_recording("rest", c->model, c->texts);
    const size_t     *which = every_text(&c->texts);
    checkpoint        on    = { &rest, c->model, c->texts, -1, .from = c, .which = which };

    if (c->r->calls > 0) same_texts("stopped", c->r, want);
    if (c->kept == 0) return;
    CHECK("all below a checkpoint is handed out", (int)c->r->calls > c->block);
    run_checkpointed("rest", &on, &v, c->texts);
    CHECK("rest", rest.calls == rest.layers - 1 - (size_t)c->block);
    same_texts("rest", &rest, want);
}

/* Nothing that has ended is lost: its checkpoint was written, or the pass went to its end. */
static void check_trial(const mc_lowered *model, trial t, const recording *want)
{
    const int last  = (int)model->block_count;
    recording first = make_recording("trial", model, want->texts);
    mc_status status;

    t.kept = make_checkpoint(model, &first);
    status = run_trial(&t);
    if (t.asks == NOBODY) {
        CHECK("undisturbed", status == MC_OK);
        CHECK("checkpoints", t.kept.kept == (size_t)__builtin_popcount(t.now));
    } else if (status == MC_OK) { /* the caller's thread had no job in that block */
        CHECK("not asked", t.asks == IN_PROGRESS && t.threads > 1);
    } else {
        CHECK("stopped", status == MC_ERR_INTERRUPTED);
        CHECK("nothing that has ended is lost",
              first.calls <= 1 || first.calls == first.layers ||
                  (t.kept.kept > 0 && t.kept.block == (int)first.calls - 1));
        CHECK("the end of the last block is the end", (int)first.calls != last + 1);
    }
    check_rest(&t, want);
}

/* More long texts than two workers have room for. */
static mc_texts few_texts(void)
{
    size_t lengths[] = { 9, 4, 200, 20, 193, 1, 410 };

    return mc_test_texts(&lab, lengths, MC_ARRAY_LEN(lengths), MC_TEST_VOCABULARY);
}

static const unsigned needs[] = { 0x0, 0xf, 0x5, 0x2 }; /* of four blocks */

static void try_company(const char *name, const mc_lowered *model, mc_texts texts)
{
    static const size_t threads[] = { 1, 2, 3, 5, 8 };
    variation           base      = { name, .keep = EVERYTHING, .only = -1 };
    recording           want      = pass(model, texts, &base);

    for (size_t i = 0; i < 20; i++)
        check_trial(model,
                    (trial){ .threads   = threads[i % 5],
                             .one_block = i / 5 % 2,
                             .slow      = true,
                             .keep      = i / 10 % 2 ? EVERYTHING : LAST_AND_MEAN,
                             .now       = needs[i % 4] },
                    &want);
}

static void slow_callers_and_checkpoints_change_no_bit(void **state)
{
    mc_test_model model;
    size_t        one_text = 700, few[] = { 5, 9 };

    (void)state;
    mc_test_model_make(&lab, 0, &model);
    try_company("short and long texts", &model.lowered, few_texts());
    try_company("one tile", &model.lowered, mc_test_texts(&lab, few, 2, MC_TEST_VOCABULARY));
    try_company("one long text", &model.lowered,
                mc_test_texts(&lab, &one_text, 1, MC_TEST_VOCABULARY));
    mc_test_lab_clear(&lab);
}

static void a_stop_loses_nothing_that_has_ended(void **state)
{
    for (int block = 0; block <= 4; block++) {
        mc_test_model model;
        variation     base = { "undisturbed", .keep = EVERYTHING, .only = -1 };
        recording     want;

        (void)state;
        mc_test_model_make(&lab, 0, &model);
        want = pass(&model.lowered, few_texts(), &base);
        for (size_t i = 0; i < 30; i++) {
            trial t = { .threads   = 1 + i % 3,
                        .one_block = i / 3 % 2,
                        .slow      = i % 2,
                        .keep      = i % 4 ? LAST_AND_MEAN : EVERYTHING,
                        .now       = needs[i % 4] & ((1U << block) - 1),
                        .asks      = IN_STATES + i % 5,
                        .asks_at   = block };
            if (t.asks == IN_NEED && block == 4) continue; /* it is not asked there */
            if (t.asks == IN_CHECKPOINT && block == 4) continue;
            if (t.asks == IN_CHECKPOINT) t.now |= 1U << block;
            check_trial(&model.lowered, t, &want);
        }
        mc_test_lab_clear(&lab);
    }
}

/* Stopped at every block, a pass comes to its end all the same. */
static void check_stops(const mc_lowered *model, const recording *want, size_t threads,
                        bool one_block)
{
    trial t = { .kept      = { .block = 0 },
                .threads   = threads,
                .one_block = one_block,
                .keep      = LAST_AND_MEAN,
                .asks      = IN_STATES };

    do {
        checkpoint *from = mc_test_take(&lab, sizeof *from);
        recording   r    = make_recording("piece", model, want->texts);
        *from            = t.kept;
        t.asks_at        = from->block + 1;
        t.kept           = make_checkpoint(model, &r);
        t.kept.which     = every_text(&want->texts);
        if (from->kept > 0) t.kept.from = from;
        CHECK("stopped", run_trial(&t) == MC_ERR_INTERRUPTED);
        same_texts("piece", &r, want);
        CHECK("goes on or ends",
              t.kept.kept ? t.kept.block > from->block : r.layer[r.layers - 1].width > 0);
    } while (t.kept.kept > 0);
}

static void a_pass_that_is_stopped_again_and_again_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        mc_test_model model;
        variation     base = { "undisturbed", .keep = EVERYTHING, .only = -1 };
        recording     want;

        mc_test_model_make(&lab, 0, &model);
        want = pass(&model.lowered, few_texts(), &base);
        check_stops(&model.lowered, &want, 1 + i % 3, i / 3 != 0);
        mc_test_lab_clear(&lab);
    }
}

static void a_failing_caller_ends_the_pass(void **state)
{
    mc_test_model model;
    mc_texts      texts;

    (void)state;
    mc_test_model_make(&lab, 0, &model);
    texts = few_texts();
    for (size_t i = 0; i < 40; i++) {
        int       block = (int)(i % 4);
        bool      keeps = i / 4 % 2;
        recording r     = make_recording("failing", &model.lowered, texts);
        trial     t     = { .threads   = 1 + i % 5,
                            .one_block = i % 3 == 0,
                            .slow      = i % 2,
                            .keep      = i % 7 ? LAST_AND_MEAN : EVERYTHING,
                            .now       = keeps ? 1U << block : 0,
                            .asks      = keeps ? CHECKPOINT_FAILS : STATES_FAIL,
                            .asks_at   = block };
        t.kept          = make_checkpoint(&model.lowered, &r);
        CHECK("failed", run_trial(&t) == MC_ERR_DISK_FULL);
        CHECK("nothing behind it", r.calls == (size_t)block + keeps);
    }
    mc_test_lab_clear(&lab);
}

static void a_first_block_behind_the_last_state_is_refused(void **state)
{
    mc_test_model     model;
    mc_texts          texts;
    variation         v = { "range", .keep = MC_KEEP_LAST, .only = 2 };
    recording         r;
    mc_engine_options options;
    mc_error          err = { 0 };

    (void)state;
    mc_test_model_make(&lab, 0, &model);
    texts               = make_texts();
    r                   = make_recording(v.name, &model.lowered, texts);
    options             = options_of(&v, &r);
    options.first_block = 3;
    options.context     = &r;
    assert_int_equal(mc_engine_run(&model.lowered, NULL, &texts, &options, NULL, &err),
                     MC_ERR_ARGUMENT);
    assert_non_null(strstr(err.reason, "first block, 3"));
    mc_test_lab_clear(&lab);
}

/* ---- right ---- */

static void check_against_ref(const char *name, const mc_lowered *model, mc_texts texts)
{
    variation base = { "widest", .keep = EVERYTHING, .only = -1 };
    recording fast = pass(model, texts, &base), slow;

    base.backend    = &mc_backend_ref;
    base.threads    = 2;
    base.batch      = 1;
    base.no_sharing = true;
    slow            = pass(model, texts, &base);
    pooling_agrees(&slow);
    rows_are_near(name, &fast, &slow, 1e-5);
}

static void states_are_ref_s(void **state)
{
    (void)state;
    on_models(check_against_ref, 3);
}

/* `final` of these models is a norm of state L, and of the synthetic one a product behind it.
 */
static void final_is_a_function_of_the_last_state(void **state)
{
    mc_test_model model;
    mc_texts      texts;
    variation     v = { "final", .keep = EVERYTHING, .only = -1 };
    recording     r;
    float         weight[24], matrix[10 * 24], bias[10], want[10];

    (void)state;
    mc_test_model_make(&lab, 0, &model);
    texts = make_texts();
    r     = pass(&model.lowered, texts, &v);
    mc_weight_widen_vector(&model.lowered.final.ops[0].weights[0], weight);
    mc_weight_widen(&model.lowered.final.ops[1].weights[0], 0, 10, matrix, 24);
    mc_weight_widen_vector(&model.lowered.final.ops[1].biases[0], bias);
    for (size_t row = 0; row < texts.offsets[texts.count]; row++) {
        const float *x = r.layer[4].all + row * 24, *got = r.layer[5].all + row * 10;
        double       square = 0.0;
        for (size_t i = 0; i < 24; i++)
            square += (double)x[i] * (double)x[i] / 24.0;
        for (size_t j = 0; j < 10; j++) {
            double sum = (double)bias[j];
            for (size_t i = 0; i < 24; i++)
                sum += (double)x[i] / sqrt(square + 1e-5) * (double)weight[i] *
                       (double)matrix[j * 24 + i];
            want[j] = (float)sum;
        }
        CHECK_NEAR("final", row_error(got, want, 10), 0.0, 2e-6);
    }
    mc_test_lab_clear(&lab);
}

/* ---- counting ---- */

/* By the definition: every row through every matrix, and each query over its keys. */
static double token_flop(const mc_op *op, size_t position)
{
    const mc_attention_params *a = &op->attention;
    size_t keys = a->window && a->window <= position ? a->window : position + 1;

    if (op->kind == MC_OP_MATMUL)
        return 2.0 * (double)(mc_op_stacked_rows(op) * op->weights[0].cols);
    if (op->kind == MC_OP_ATTENTION)
        return 2.0 * (double)(keys * a->heads * (a->head_dim + a->value_dim));
    return 0.0;
}

/* From `first` on, only the last token of each text. */
static double program_flop(const mc_program *program, const mc_texts *texts, size_t first)
{
    double flop = 0.0;

    for (size_t i = 0; i < program->count; i++)
        for (size_t t = 0; t < texts->count; t++) {
            size_t length = length_of(texts, t);
            for (size_t p = i < first ? 0 : length - 1; p < length; p++)
                flop += token_flop(&program->ops[i], p);
        }
    return flop;
}

static double expected_flop(const mc_lowered *model, const mc_texts *texts, bool last_only)
{
    size_t last = model->block_count - 1, attention = 0;
    double flop = 0.0;

    while (model->blocks[last].ops[attention].kind != MC_OP_ATTENTION)
        attention++;
    for (size_t b = 0; b < last; b++)
        flop += program_flop(&model->blocks[b], texts, SIZE_MAX);
    flop += program_flop(&model->blocks[last], texts, last_only ? attention : SIZE_MAX);
    return flop + program_flop(&model->final, texts, last_only ? 0 : SIZE_MAX);
}

static void work_is_counted(void **state)
{
    mc_test_model model;
    mc_texts      texts;
    variation     v = { "flop", .keep = MC_KEEP_ALL, .no_sharing = true, .only = -1 };
    recording     r;

    (void)state;
    mc_test_model_make(&lab, 0, &model);
    texts = make_texts();
    r     = pass(&model.lowered, texts, &v);
    CHECK_NEAR("all rows", r.stats.flop / expected_flop(&model.lowered, &texts, false), 1.0,
               1e-12);
    v.keep = MC_KEEP_LAST;
    r      = pass(&model.lowered, texts, &v);
    CHECK_NEAR("last rows", r.stats.flop / expected_flop(&model.lowered, &texts, true), 1.0,
               1e-12);
    mc_test_lab_clear(&lab);
}

/* To the last operation and byte, without running. */
static void a_forecast_is_what_happens(void **state)
{
    static const variation variations[] = {
        { "everything", .keep = EVERYTHING, .only = -1 },
        { "last rows", .keep = MC_KEEP_LAST, .only = -1 },
        { "one layer, means", .keep = MC_KEEP_MEAN, .only = 1 },
        { "embedding", .keep = MC_KEEP_LAST, .only = 0 },
        { "two threads, few texts", .threads = 2, .batch = 3, .keep = LAST_AND_MEAN,
          .only = -1 },
        { "nothing shared", .no_sharing = true, .keep = MC_KEEP_LAST, .only = -1 },
    };

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(variations); i++) {
        const variation  *v = &variations[i];
        mc_test_model     model;
        mc_texts          texts = make_texts();
        recording         r;
        mc_engine_options options;
        mc_engine_stats   told = { 0 };
        mc_error          err  = { 0 };

        mc_test_model_make(&lab, 0, &model);
        r       = pass(&model.lowered, texts, v);
        options = options_of(v, &r);
        CHECK_OK(v->name, mc_engine_forecast(&model.lowered, &texts, &options, &told, &err));
        CHECK(v->name, told.threads == r.stats.threads && told.tiles == r.stats.tiles);
        CHECK(v->name, told.tokens_asked == r.stats.tokens_asked);
        CHECK(v->name, told.tokens_computed == r.stats.tokens_computed);
        CHECK(v->name, told.blocks_run == r.stats.blocks_run);
        CHECK(v->name, told.flop == r.stats.flop && told.bytes == r.stats.bytes);
        CHECK(v->name, told.weights == r.stats.weights && told.window == r.stats.window);
        mc_test_lab_clear(&lab);
    }
}

/* A budget of exactly the forecast's bytes is enough, one byte less is not. */
static void a_budget_is_kept(void **state)
{
    mc_test_model     model;
    mc_texts          texts;
    variation         v = { "budget", .keep = MC_KEEP_LAST, .only = -1 };
    recording         r;
    mc_engine_options options;
    mc_engine_stats   told = { 0 };
    mc_error          err  = { 0 };

    (void)state;
    mc_test_model_make(&lab, 0, &model);
    texts           = make_texts();
    r               = make_recording("budget", &model.lowered, texts);
    options         = options_of(&v, &r);
    options.context = &r;
    CHECK_OK("told", mc_engine_forecast(&model.lowered, &texts, &options, &told, &err));
    options.max_memory = told.bytes;
    CHECK_OK("enough", mc_engine_run(&model.lowered, NULL, &texts, &options, NULL, &err));
    options.max_memory = told.bytes - 1;
    CHECK("a byte less",
          mc_engine_run(&model.lowered, NULL, &texts, &options, NULL, &err) == MC_ERR_MEMORY);
    mc_test_lab_clear(&lab);
}

static void speed_is_measured(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        mc_engine_options options = { .backend = i ? &mc_backend_ref : widest, .threads = 2 };
        mc_engine_speed   speed   = { 0 };
        mc_test_model     model;
        mc_error          err = { 0 };

        mc_test_model_make(&lab, 0, &model);
        CHECK_OK("speed",
                 mc_engine_measure_speed(&model.lowered, &options, 0.01, &speed, &err));
        CHECK("products", speed.flop_per_second > 1e3 && isfinite(speed.flop_per_second));
        CHECK("widening", speed.values_per_second > 1e3 && isfinite(speed.values_per_second));
        mc_test_lab_clear(&lab);
    }
}

/* No memory grows with the square of a text's length. */
static void memory_grows_with_the_tokens(void **state)
{
    double bytes[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        size_t        length = i ? 32768 : 16384;
        mc_test_model model;
        variation     v = { "long", .keep = LAST_AND_MEAN, .only = -1 };
        mc_test_model_make_small(&lab, 64, &model);
        bytes[i] =
            (double)pass(&model.lowered, mc_test_texts(&lab, &length, 1, 50), &v).stats.bytes;
        mc_test_lab_clear(&lab);
    }
    CHECK("bytes", bytes[1] < 2.0 * bytes[0] && bytes[1] > bytes[0]);
    CHECK("bytes of a token", bytes[1] / 32768 < 64 * 8);
}

/* ---- progress, interruption, errors ---- */

typedef struct watcher {
    recording          recording; /* first: it is what record() is given */
    pthread_t          caller;
    mc_engine_progress before;
    size_t             calls;
    int                stop_at; /* block */
} watcher;

static void watch(void *context, const mc_engine_progress *progress)
{
    watcher *w = context;

    CHECK("caller's thread", pthread_equal(w->caller, pthread_self()));
    CHECK("done",
          progress->done >= w->before.done && progress->done <= progress->total * 1.0000001);
    CHECK("total", w->calls == 0 || progress->total == w->before.total);
    CHECK("block", progress->block >= w->before.block && progress->seconds >= 0.0);
    w->before = *progress;
    w->calls++;
    if (progress->block == w->stop_at) mc_interrupt_request();
}

static mc_status watched(const mc_lowered *model, mc_texts texts, size_t threads, watcher *w,
                         mc_error *err)
{
    variation         v = { "watched", .threads = threads, .keep = LAST_AND_MEAN, .only = -1 };
    mc_engine_options options;

    w->recording     = make_recording("watched", model, texts);
    w->caller        = pthread_self();
    options          = options_of(&v, &w->recording);
    options.context  = w;
    options.progress = watch;
    return mc_engine_run(model, NULL, &texts, &options, &w->recording.stats, err);
}

static void progress_ends_at_its_total(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 2; threads++) {
        mc_test_model model;
        watcher       w   = { .stop_at = -1 };
        mc_error      err = { 0 };
        mc_test_model_make(&lab, 0, &model);
        CHECK_OK("watched", watched(&model.lowered, make_texts(), threads, &w, &err));
        if (threads > 1) continue; /* the caller may have been too late for any tile */
        CHECK_NEAR("done", w.before.done / w.before.total, 1.0, 1e-12);
        CHECK_NEAR("flop", w.recording.stats.flop / w.before.total, 1.0, 1e-12);
    }
    mc_test_lab_clear(&lab);
}

static void an_interrupted_pass_ends(void **state)
{
    (void)state;
    for (int block = 0; block <= 5; block++) {
        mc_test_model model;
        watcher       w   = { .stop_at = block };
        mc_error      err = { 0 };
        mc_test_model_make(&lab, 0, &model);
        CHECK("status",
              watched(&model.lowered, make_texts(), 1, &w, &err) == MC_ERR_INTERRUPTED);
        CHECK("no state of the block it stopped in", w.recording.calls == (size_t)block);
        CHECK("error", err.status == MC_ERR_INTERRUPTED && err.reason[0]);
        mc_interrupt_clear();
        mc_test_lab_clear(&lab);
    }
}

static mc_status refuse_states(void *context, const mc_states *states, mc_error *err)
{
    (void)context;
    (void)states;
    return mc_fail(err, MC_ERR_DISK_FULL, "", "no space");
}

/* The tokens 1, 2, 3, 1 as two texts, changed: what comes of it. */
static mc_error refused(const mc_lowered *model, mc_texts texts, mc_states_function *states)
{
    variation         v       = { "refused", .keep = EVERYTHING, .only = -1 };
    recording         r       = make_recording("refused", model, texts);
    mc_engine_options options = options_of(&v, &r);
    mc_engine_stats   stats   = { .threads = 99 };
    mc_error          err     = { 0 };
    mc_status         status;

    options.states  = states;
    options.context = &r;
    status          = mc_engine_run(model, NULL, &texts, &options, &stats, &err);
    CHECK("refused", status != MC_OK && status == err.status && err.reason[0]);
    CHECK("stats are untouched", stats.threads == 99);
    return err;
}

static void expect(mc_error err, mc_status status, const char *reason)
{
    assert_int_equal(err.status, status);
    assert_string_equal(err.reason, reason);
}

static void bad_texts_are_refused(void **state)
{
    static const int32_t good[] = { 1, 2, 3, 1 }, negative[] = { 1, 2, 3, -1 },
                         beyond[] = { 1, 50, 3, 1 };
    static const size_t ends[] = { 0, 2, 4 }, empty[] = { 0, 4, 4 }, whole[] = { 0, 4 };
    mc_test_model       model;

    (void)state;
    mc_test_model_make(&lab, 3, &model);
    expect(refused(&model.lowered, (mc_texts){ negative, ends, 2 }, record), MC_ERR_ARGUMENT,
           "text 2 has token id -1, the model knows 0 to 49");
    expect(refused(&model.lowered, (mc_texts){ beyond, ends, 2 }, record), MC_ERR_ARGUMENT,
           "text 1 has token id 50, the model knows 0 to 49");
    model.lowered.hard_context = 4;
    expect(refused(&model.lowered, (mc_texts){ good, empty, 2 }, record), MC_ERR_ARGUMENT,
           "text 2 has no tokens");
    model.lowered.hard_context = 3;
    expect(refused(&model.lowered, (mc_texts){ good, whole, 1 }, record), MC_ERR_ARGUMENT,
           "text 1 has 4 tokens, the model has positions for 3");
    expect(refused(&model.lowered, (mc_texts){ good, ends, 0 }, record), MC_ERR_ARGUMENT,
           "no texts");
    expect(refused(&model.lowered, (mc_texts){ good, ends, 2 }, refuse_states),
           MC_ERR_DISK_FULL, "no space");
    mc_test_lab_clear(&lab);
}

static float *values_of(const mc_weight *weight)
{
    return (float *)(uintptr_t)weight->tensor->bytes.data;
}

static void what_is_not_finite_is_said(void **state)
{
    static const int32_t tokens[] = { 1, 2, 3, 4 };
    static const size_t  ends[]   = { 0, 2, 3, 4 };
    const mc_texts       texts    = { tokens, ends, 3 };
    mc_test_model        model;

    (void)state;
    mc_test_model_make(&lab, 0, &model);
    values_of(&model.lowered.embed.ops[0].weights[0])[3 * 24 + 7] = NAN;
    expect(refused(&model.lowered, texts, record), MC_ERR_NUMERIC,
           "state 0 of text 2 is not finite");
    mc_test_model_make(&lab, 0, &model);
    values_of(&model.blocks[1].ops[1].weights[0])[5] = NAN; /* of q: it meets a softmax */
    expect(refused(&model.lowered, texts, record), MC_ERR_NUMERIC,
           "state 2 of text 1 is not finite");
    mc_test_model_make(&lab, 0, &model);
    values_of(&model.lowered.final.ops[1].biases[0])[9] = INFINITY;
    expect(refused(&model.lowered, texts, record), MC_ERR_NUMERIC,
           "the state 'final' of text 1 is not finite");
    mc_test_lab_clear(&lab);
}

static mc_status ignore(void *context, const mc_states *states, mc_error *err)
{
    (void)states;
    (void)err;
    ++*(size_t *)context;
    return MC_OK;
}

/* A pass whose allocation `number` fails; false when it does not need so many. */
static bool fails_at(uint64_t number, const mc_lowered *model, mc_texts texts,
                     mc_engine_options *options, int for_good)
{
    size_t    calls = 0;
    mc_error  err   = { 0 };
    mc_status status;

    options->states  = ignore;
    options->context = &calls;
    mc_alloc_fail_at(number, for_good);
    status = mc_engine_run(model, NULL, &texts, options, NULL, &err);
    if (mc_alloc_count() < number) {
        CHECK("a pass without failure", status == MC_OK && calls == model->block_count + 2);
        return false;
    }
    CHECK("failed", status == MC_ERR_MEMORY && err.reason[0] && calls == 0);
    return true;
}

/* Every allocation of a pass fails once, alone or with all that follow. */
static void try_failing(const mc_lowered *model, mc_texts texts, size_t threads, int for_good)
{
    variation         v = { "failing", .threads = threads, .keep = EVERYTHING, .only = -1 };
    recording         r = make_recording("failing", model, texts);
    mc_engine_options options = options_of(&v, &r);
    uint64_t          number  = 1;

    while (fails_at(number, model, texts, &options, for_good))
        number++;
    mc_alloc_fail_at(0, 0);
    CHECK("allocations", number > 20);
}

static void failing_memory_is_an_error(void **state)
{
    static const size_t lengths[] = { 3, 5, 1, 200 };
    mc_test_model       model;
    mc_texts            texts;

    (void)state;
    mc_test_model_make(&lab, 0, &model);
    texts = mc_test_texts(&lab, lengths, 4, 50);
    try_failing(&model.lowered, texts, 1, 0);
    try_failing(&model.lowered, texts, 1, 1);
    try_failing(&model.lowered, texts, 3, 0);
    mc_test_lab_clear(&lab);
}

static void find_tiers(void)
{
    size_t count = 0;

    for (size_t i = 0; mc_backend_cpu_tier_name(i); i++) {
        const mc_backend *tier = mc_backend_cpu_tier(mc_backend_cpu_tier_name(i));
        if (!tier)
            printf("skipped: cpu %s, which this machine does not have\n",
                   mc_backend_cpu_tier_name(i));
        if (tier && count + 1 < sizeof tiers / sizeof *tiers) widest = tiers[count++] = tier;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_change_no_bit),
        cmocka_unit_test(streaming_changes_no_bit),
        cmocka_unit_test(what_is_asked_for_changes_no_bit),
        cmocka_unit_test(tiers_change_no_bit),
        cmocka_unit_test(company_changes_no_bit),
        cmocka_unit_test(going_on_changes_no_bit),
        cmocka_unit_test(slow_callers_and_checkpoints_change_no_bit),
        cmocka_unit_test(a_stop_loses_nothing_that_has_ended),
        cmocka_unit_test(a_pass_that_is_stopped_again_and_again_ends),
        cmocka_unit_test(a_failing_caller_ends_the_pass),
        cmocka_unit_test(a_first_block_behind_the_last_state_is_refused),
        cmocka_unit_test(states_are_ref_s),
        cmocka_unit_test(final_is_a_function_of_the_last_state),
        cmocka_unit_test(work_is_counted),
        cmocka_unit_test(a_forecast_is_what_happens),
        cmocka_unit_test(a_budget_is_kept),
        cmocka_unit_test(speed_is_measured),
        cmocka_unit_test(memory_grows_with_the_tokens),
        cmocka_unit_test(progress_ends_at_its_total),
        cmocka_unit_test(an_interrupted_pass_ends),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(what_is_not_finite_is_said),
        cmocka_unit_test(failing_memory_is_an_error),
    };

    find_tiers();
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
