/* examine_states.c - the probes through the model, every token kept, one layer at a time. */
#include <math.h>
#include <modelcypher/geometry.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/capture_run.h"
#include "analysis/examine.h"
#include "base/alloc.h"
#include "base/hash.h"

/* Values that the median of a layer is taken from. */
enum { SAMPLE = 8191 };

typedef struct hashed_row {
    mc_hash hash;
    size_t  text;
} hashed_row;

typedef struct watcher {
    mc_capture_run run;
    mc_state_scan *scan;
    float         *before; /* the last layer's states, of `before_width` columns */
    size_t         before_width;
    float         *last;   /* [texts][width]: rows of last tokens */
    double        *column; /* [width] sums */
    hashed_row    *rows;   /* [texts], of those */
} watcher;

static mc_texts texts_of(const watcher *w)
{
    return mc_capture_texts(&w->run);
}

/* ---- one layer ---- */

static int compare_floats(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;

    return (a > b) - (a < b);
}

static double median_magnitude(const float *states, size_t count)
{
    float  sample[SAMPLE];
    size_t step = count / SAMPLE + 1, taken = 0;

    step |= 1; /* no divisor of a width that is a power of two */
    for (size_t i = 0; i < count && taken < SAMPLE; i += step)
        sample[taken++] = fabsf(states[i]);
    qsort(sample, taken, sizeof *sample, compare_floats);
    return sample[taken / 2];
}

static void find_largest(const watcher *w, const float *states, mc_layer_facts *facts)
{
    const mc_texts texts = texts_of(w);
    size_t         at = 0, text = 0;

    for (size_t i = 0; i < texts.offsets[texts.count] * facts->width; i++)
        if (fabsf(states[i]) > fabsf(states[at])) at = i;
    while (texts.offsets[text + 1] <= at / facts->width)
        text++;
    facts->largest          = fabsf(states[at]);
    facts->largest_unit     = at % facts->width;
    facts->largest_text     = text;
    facts->largest_position = at / facts->width - texts.offsets[text];
}

static void count_constant(const float *states, size_t tokens, mc_layer_facts *facts)
{
    for (size_t unit = 0; unit < facts->width; unit++) {
        size_t t = 1;
        while (t < tokens && states[t * facts->width + unit] == states[unit])
            t++;
        if (t < tokens || tokens < 2) continue;
        if (facts->constant_units++ == 0) facts->first_constant = unit;
    }
}

/* |X - mean| / |X|, as Dong et al. 2021 measure how far rows are from all being one. */
static double spread(const watcher *w, size_t rows, size_t width)
{
    double whole = 0.0, centred = 0.0;

    memset(w->column, 0, width * sizeof *w->column);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < width; j++)
            w->column[j] += (double)w->last[i * width + j] / (double)rows;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < width; j++) {
            double value = w->last[i * width + j], off = value - w->column[j];
            whole += value * value;
            centred += off * off;
        }
    return whole > 0.0 ? sqrt(centred / whole) : 0.0;
}

/* ---- rows that are equal although their texts are not ---- */

static int compare_rows(const void *left, const void *right)
{
    const hashed_row *a = left, *b = right;

    if (a->hash.high != b->hash.high) return a->hash.high < b->hash.high ? -1 : 1;
    if (a->hash.low != b->hash.low) return a->hash.low < b->hash.low ? -1 : 1;
    return a->text < b->text ? -1 : a->text > b->text;
}

static bool same_tokens(const mc_texts *texts, size_t a, size_t b)
{
    size_t length = texts->offsets[a + 1] - texts->offsets[a];

    return texts->offsets[b + 1] - texts->offsets[b] == length &&
           memcmp(texts->tokens + texts->offsets[a], texts->tokens + texts->offsets[b],
                  length * sizeof *texts->tokens) == 0;
}

static void count_twins(watcher *w, mc_layer_facts *facts)
{
    const mc_texts texts = texts_of(w);

    for (size_t t = 0; t < texts.count; t++)
        w->rows[t] = (hashed_row){
            mc_hash_bytes(w->last + t * facts->width, facts->width * sizeof *w->last), t
        };
    qsort(w->rows, texts.count, sizeof *w->rows, compare_rows);
    for (size_t i = 1; i < texts.count; i++) {
        if (!mc_hash_equal(w->rows[i].hash, w->rows[i - 1].hash) ||
            same_tokens(&texts, w->rows[i].text, w->rows[i - 1].text))
            continue;
        if (facts->twins++ == 0) facts->twin_text = w->rows[i].text;
    }
}

/* ---- the layers, as they come ---- */

static mc_status look_at_rows(watcher *w, mc_layer_facts *facts, mc_error *err)
{
    const size_t     texts    = w->run.tokens.text_count;
    mc_matrix        matrix   = { w->last, texts, facts->width, facts->width };
    mc_estimate      estimate = { .value = NAN };
    const mc_metric *rank     = mc_metric_find("stable-rank");

    facts->spread = spread(w, texts, facts->width);
    count_twins(w, facts);
    facts->stable_rank = NAN;
    if (texts < rank->rows_least) return MC_OK;
    MC_TRY(mc_metric_run(rank, matrix, NULL, NULL, &estimate, err));
    facts->stable_rank = estimate.value;
    return MC_OK;
}

static mc_status look_at_layer(void *context, int layer, size_t width,
                               const float *const parts[MC_CRM_PART_COUNT], mc_error *err)
{
    watcher        *w      = context;
    const float    *states = parts[MC_CRM_STATE];
    const mc_texts  texts  = texts_of(w);
    const size_t    tokens = texts.offsets[texts.count];
    mc_layer_facts *facts  = &w->scan->layers[w->scan->count];

    *facts = (mc_layer_facts){ .layer = layer, .width = width };
    find_largest(w, states, facts);
    facts->median = median_magnitude(states, tokens * width);
    count_constant(states, tokens, facts);
    for (size_t t = 0; t < texts.count; t++)
        memcpy(w->last + t * width, states + (texts.offsets[t + 1] - 1) * width,
               width * sizeof *states);
    MC_TRY(look_at_rows(w, facts, err));
    facts->as_before = w->scan->count > 0 && w->before_width == width &&
                       memcmp(w->before, states, tokens * width * sizeof *states) == 0;
    memcpy(w->before, states, tokens * width * sizeof *states);
    w->before_width = width;
    w->scan->count++;
    return MC_OK;
}

/* ---- the whole ---- */

static mc_status allocate(watcher *w, mc_error *err)
{
    const mc_model_info *info  = mc_model_get_info(w->run.model);
    const mc_texts       texts = texts_of(w);
    const size_t         width =
        info->final_size > info->hidden_size ? info->final_size : info->hidden_size;

    w->scan->layers = mc_calloc(w->run.layers.count, sizeof *w->scan->layers);
    w->scan->used   = mc_calloc(info->vocabulary, sizeof *w->scan->used);
    w->before       = mc_alloc_array(texts.offsets[texts.count], width * sizeof *w->before);
    w->last         = mc_alloc_array(texts.count, width * sizeof *w->last);
    w->column       = mc_alloc_array(width, sizeof *w->column);
    w->rows         = mc_alloc_array(texts.count, sizeof *w->rows);
    if (w->scan->layers && w->scan->used && w->before && w->last && w->column && w->rows)
        return MC_OK;
    return mc_fail_memory(err, texts.offsets[texts.count] * width * sizeof *w->before);
}

static void count_texts(watcher *w)
{
    const mc_texts       texts = texts_of(w);
    const mc_model_info *info  = mc_model_get_info(w->run.model);

    w->scan->texts  = texts.count;
    w->scan->tokens = texts.offsets[texts.count];
    for (size_t t = 0; t < texts.count; t++)
        if (texts.offsets[t + 1] - texts.offsets[t] > w->scan->longest)
            w->scan->longest = texts.offsets[t + 1] - texts.offsets[t];
    for (size_t i = 0; i < w->scan->tokens; i++)
        if ((size_t)texts.tokens[i] < info->vocabulary) w->scan->used[texts.tokens[i]] = true;
}

static mc_status watch(watcher *w, const mc_crm_build_options *options, mc_error *err)
{
    mc_engine_stats stats = { 0 };

    MC_TRY(mc_capture_open(options, &w->run, err));
    MC_TRY(allocate(w, err));
    count_texts(w);
    return mc_capture_layers(&w->run, look_at_layer, w, &stats, err);
}

mc_status mc_state_scan_run(const mc_crm_build_options *options, mc_state_scan *scan,
                            mc_error *err)
{
    mc_state_scan        result = { 0 };
    watcher              w      = { .scan = &result };
    mc_crm_build_options own    = *options;
    mc_status            status;

    own.layers    = "all";
    own.pooling   = MC_POOLING_ALL;
    own.control   = false;
    own.no_split  = true;
    status        = watch(&w, &own, &result.why);
    result.status = status;
    mc_capture_close(&w.run);
    mc_free(w.before);
    mc_free(w.last);
    mc_free(w.column);
    mc_free(w.rows);
    if (status == MC_ERR_MEMORY || status == MC_ERR_INTERRUPTED) {
        if (err) *err = result.why;
        mc_state_scan_clear(&result);
        return status;
    }
    *scan = result;
    return MC_OK;
}

void mc_state_scan_clear(mc_state_scan *scan)
{
    mc_free(scan->layers);
    mc_free(scan->used);
    *scan = (mc_state_scan){ 0 };
}
