/* ref.c - the specification: every operation as its definition says, summed in double.
 *
 * Nothing here is optimised. Buffers are float32 as everywhere, so results agree with the cpu
 * backend to rounding and not to the bit. A staged matrix is plain rows [out][in], then biases.
 */
#include <math.h>
#include <string.h>

#include "backend/backend.h"
#include "model/alibi.h"

static size_t padded(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static size_t ref_staged_size(const mc_op *op)
{
    size_t rows = mc_op_stacked_rows(op);

    switch (op->kind) {
    case MC_OP_MATMUL: return padded(rows * op->weights[0].cols + rows) * sizeof(float);
    case MC_OP_NORM:
    case MC_OP_MUL:
        return (padded(op->weights[0].rows) + padded(op->biases[0].rows)) * sizeof(float);
    default: return 0;
    }
}

static size_t ref_stage_jobs(const mc_op *op)
{
    return ref_staged_size(op) ? 1 : 0;
}

static size_t ref_stage_scratch(const mc_op *op)
{
    (void)op;
    return 0;
}

static void ref_stage(const mc_backend *backend, const mc_op *op, size_t job, void *staged,
                      float *scratch)
{
    float *out = staged;

    (void)backend;
    (void)job;
    (void)scratch;
    if (op->kind != MC_OP_MATMUL) {
        if (mc_weight_present(&op->weights[0])) mc_weight_widen_vector(&op->weights[0], out);
        if (mc_weight_present(&op->biases[0]))
            mc_weight_widen_vector(&op->biases[0], out + padded(op->weights[0].rows));
        return;
    }
    for (size_t i = 0; i < op->stack; i++) {
        const mc_weight *w = &op->weights[i];
        mc_weight_widen(w, 0, w->rows, out, w->cols);
        out += w->rows * w->cols;
    }
    for (size_t i = 0; i < op->stack; i++) {
        if (mc_weight_present(&op->biases[i]))
            mc_weight_widen_vector(&op->biases[i], out);
        else
            memset(out, 0, op->weights[i].rows * sizeof *out);
        out += op->weights[i].rows;
    }
}

static void ref_embed(const mc_backend *backend, const mc_op *op, const void *staged,
                      mc_tile *tile)
{
    (void)backend;
    (void)staged;
    for (size_t row = 0; row < tile->rows; row++)
        mc_weight_widen(&op->weights[0], (size_t)tile->tokens[row], 1,
                        mc_tile_at(tile, op->dst, row), op->dst.width);
}

static void ref_position(const mc_backend *backend, const mc_op *op, const void *staged,
                         mc_tile *tile)
{
    float *vector = tile->scratch;

    (void)backend;
    (void)staged;
    for (size_t row = 0; row < tile->rows; row++) {
        float *x = mc_tile_at(tile, op->dst, row);
        mc_weight_widen(&op->weights[0], tile->positions[row] + op->position_offset, 1, vector,
                        op->dst.width);
        for (size_t i = 0; i < op->dst.width; i++)
            x[i] += vector[i];
    }
}

/* RMS: Zhang & Sennrich 2019, arXiv:1910.07467; layer: Ba et al. 2016, arXiv:1607.06450. */
static void normalise(const mc_op *op, const float *x, const float *weight, const float *bias,
                      float *out, size_t n)
{
    double mean = 0.0, variance = 0.0;

    if (op->norm.kind == MC_NORM_LAYER) {
        for (size_t i = 0; i < n; i++)
            mean += x[i];
        mean /= (double)n;
    }
    for (size_t i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean);
    variance /= (double)n;
    for (size_t i = 0; i < n; i++) {
        double y = (x[i] - mean) / sqrt(variance + (double)op->norm.epsilon);
        if (weight) y *= weight[i];
        if (bias) y += bias[i];
        out[i] = (float)y;
    }
}

static void ref_norm(const mc_backend *backend, const mc_op *op, const void *staged,
                     mc_tile *tile)
{
    const float *weight = mc_weight_present(&op->weights[0]) ? staged : NULL;
    const float *bias   = mc_weight_present(&op->biases[0])
                              ? (const float *)staged + padded(op->weights[0].rows)
                              : NULL;
    size_t       part   = op->src.width / op->norm.groups;

    (void)backend;
    for (size_t row = 0; row < tile->rows; row++)
        for (size_t g = 0; g < op->norm.groups; g++) {
            size_t w = op->weights[0].rows > part ? g * part : 0;
            size_t b = op->biases[0].rows > part ? g * part : 0;
            normalise(op, mc_tile_at(tile, op->src, row) + g * part, weight ? weight + w : NULL,
                      bias ? bias + b : NULL, mc_tile_at(tile, op->dst, row) + g * part, part);
        }
}

static double dot(const float *x, const float *y, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

/* ---- matrix products ---- */

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double xielu(double x, const float *p)
{
    double ap = p[0], an = p[1], b = p[2], eps = p[3];

    return x > 0.0 ? ap * x * x + b * x : an * (expm1(fmin(x, eps)) - x) + b * x;
}

static double activation_of(const mc_op *op, double x)
{
    switch (op->activation) {
    case MC_ACT_SILU: return x * sigmoid(x);
    case MC_ACT_GELU: return 0.5 * x * erfc(-x * 0.70710678118654752440);
    case MC_ACT_GELU_TANH:
        return 0.5 * x * (1.0 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case MC_ACT_GELU_QUICK: return x * sigmoid(1.702 * x);
    case MC_ACT_RELU: return x < 0.0 ? 0.0 : x;
    case MC_ACT_RELU2: return x < 0.0 ? 0.0 : x * x;
    case MC_ACT_XIELU: return xielu(x, op->xielu);
    case MC_ACT_TANH: return tanh(x);
    case MC_ACT_SIGMOID: return sigmoid(x);
    case MC_ACT_COUNT: break;
    }
    return x;
}

/* Element j of the stacked products of a row. */
static double product_of(const mc_op *op, const float *weight, const float *x, size_t j)
{
    size_t       k    = op->weights[0].cols;
    const float *bias = weight + mc_op_stacked_rows(op) * k;

    return dot(x, weight + j * k, k) + (double)bias[j];
}

/* Gated: Shazeer 2020, arXiv:2002.05202, eq. 6. */
static void ref_matmul(const mc_backend *backend, const mc_op *op, const void *staged,
                       mc_tile *tile)
{
    (void)backend;
    for (size_t row = 0; row < tile->rows; row++) {
        const float *x = mc_tile_at(tile, op->src, row);
        float       *y = mc_tile_at(tile, op->dst, row);
        for (size_t j = 0; j < op->dst.width; j++) {
            double r = product_of(op, staged, x, j);
            if (op->gated)
                r = activation_of(op, r) * product_of(op, staged, x, op->dst.width + j);
            y[j] = (float)r;
        }
    }
}

/* Su et al. 2021, arXiv:2104.09864, eq. 34. */
static void ref_rope(const mc_backend *backend, const mc_op *op, const void *staged,
                     mc_tile *tile)
{
    (void)backend;
    (void)staged;
    for (size_t t = 0; t < tile->text_count; t++) {
        const mc_text_rows  *text  = &tile->texts[t];
        const mc_rope_table *table = text->ropes[op->rope];
        size_t               n     = table->pairs;
        for (size_t i = 0; i < text->own; i++)
            for (size_t j = 0; j < op->heads * n; j++) {
                float *head = mc_tile_at(tile, op->dst, text->row + i) + op->rope_offset +
                              j / n * op->head_dim;
                size_t pair = j % n, at = (text->first + i) * n + pair;
                float *a = op->rope_kind == MC_ROPE_HALVES ? head + pair : head + 2 * pair;
                float *b =
                    op->rope_kind == MC_ROPE_HALVES ? head + pair + n : head + 2 * pair + 1;
                double x = *a, y = *b, c = table->cosine[at], s = table->sine[at];
                *a = (float)(x * c - y * s);
                *b = (float)(y * c + x * s);
            }
    }
}

/* ---- attention: Vaswani et al. 2017, arXiv:1706.03762, eq. 1, causal ---- */

static const float *key_of(const mc_op *op, const mc_tile *tile, const mc_text_rows *text,
                           size_t position)
{
    if (tile->history) return tile->history->keys + position * tile->history->key_stride;
    return mc_tile_at(tile, op->src2, text->path[position]);
}

static const float *value_of(const mc_op *op, const mc_tile *tile, const mc_text_rows *text,
                             size_t position)
{
    if (tile->history) return tile->history->values + position * tile->history->value_stride;
    return mc_tile_at(tile, op->src3, text->path[position]);
}

/* What ALiBi adds to a score. */
static double bias_of(const mc_attention_params *p, size_t head, size_t query, size_t key)
{
    float slope = p->slopes[head];

    if (p->slope_unit == 0.0f) return -(double)slope * (double)(query - key);
    return (double)p->slope_unit *
           ((double)mc_alibi_rounded(slope, key) - (double)mc_alibi_rounded(slope, query));
}

static double score_of(const mc_op *op, const float *q, const float *k, size_t head,
                       size_t query, size_t key)
{
    const mc_attention_params *p     = &op->attention;
    double                     score = (double)p->scale * dot(q, k, p->head_dim);

    if (p->softcap > 0.0f) score = (double)p->softcap * tanh(score / (double)p->softcap);
    if (p->slopes) score += bias_of(p, head, query, key);
    return score;
}

/* One query of one head; tile->scratch holds a double for each position. */
static void attend(const mc_op *op, const mc_tile *tile, const mc_text_rows *text, size_t head,
                   size_t index)
{
    const mc_attention_params *p = &op->attention;
    size_t  query = text->first + index, kv = head / (p->heads / p->kv_heads);
    size_t  from  = p->window && query + 1 > p->window ? query + 1 - p->window : 0;
    double *score = tile->scratch, most = p->sinks ? (double)p->sinks[head] : -INFINITY,
           sum       = 0.0;
    const float *q   = mc_tile_at(tile, op->src, text->row + index) + head * p->head_dim;
    float       *out = mc_tile_at(tile, op->dst, text->row + index) + head * p->value_dim;

    for (size_t key = from; key <= query; key++) {
        score[key] =
            score_of(op, q, key_of(op, tile, text, key) + kv * p->head_dim, head, query, key);
        most = fmax(most, score[key]);
    }
    if (p->sinks) sum = exp((double)p->sinks[head] - most);
    for (size_t key = from; key <= query; key++)
        sum += score[key] = exp(score[key] - most);
    for (size_t i = 0; i < p->value_dim; i++) {
        double total = 0.0;
        for (size_t key = from; key <= query; key++)
            total += score[key] * (double)value_of(op, tile, text, key)[kv * p->value_dim + i];
        out[i] = (float)(total / sum);
    }
}

static void ref_attention(const mc_backend *backend, const mc_op *op, const void *staged,
                          mc_tile *tile)
{
    (void)backend;
    (void)staged;
    for (size_t t = 0; t < tile->text_count; t++)
        for (size_t i = 0; i < tile->texts[t].own; i++) {
            if (tile->wanted && !tile->wanted[tile->texts[t].row + i]) continue;
            for (size_t head = 0; head < op->attention.heads; head++)
                attend(op, tile, &tile->texts[t], head, i);
        }
}

/* ---- elementwise ---- */

/* Unlike fmin and fmax, comparisons leave NaN alone. */
static double clip(double x, double limit)
{
    return x < -limit ? -limit : x > limit ? limit : x;
}

/* What one element becomes: y is dst before, x is src, w the weight vector's element. */
static double element_of(const mc_op *op, double y, double x, const float *w)
{
    switch (op->kind) {
    case MC_OP_ACTIVATE: return activation_of(op, x);
    case MC_OP_ADD: return y + (double)op->scale * x;
    case MC_OP_MUL: return x * (w ? (double)*w : y);
    case MC_OP_SCALE: return (double)op->scale * x;
    case MC_OP_CLIP: return clip(x, (double)op->scale);
    default: return x;
    }
}

static void ref_elementwise(const mc_backend *backend, const mc_op *op, const void *staged,
                            mc_tile *tile)
{
    const float *vector = mc_weight_present(&op->weights[0]) ? staged : NULL;

    (void)backend;
    for (size_t row = 0; row < tile->rows; row++) {
        const float *x = mc_tile_at(tile, op->src, row);
        float       *y = mc_tile_at(tile, op->dst, row);
        for (size_t i = 0; i < op->dst.width; i++)
            y[i] = (float)element_of(op, y[i], x[i], vector ? vector + i : NULL);
    }
}

static void ref_scale_far(const mc_backend *backend, const mc_op *op, const void *staged,
                          mc_tile *tile)
{
    (void)backend;
    (void)staged;
    for (size_t row = 0; row < tile->rows; row++) {
        const float *x     = mc_tile_at(tile, op->src, row);
        float       *y     = mc_tile_at(tile, op->dst, row);
        double       scale = mc_scale_far(op, tile->positions[row]);
        for (size_t i = 0; i < op->dst.width; i++)
            y[i] = (float)(scale * (double)x[i]);
    }
}

static size_t ref_scratch_size(const mc_op *op, size_t rows, size_t longest)
{
    (void)rows;
    if (op->kind == MC_OP_ATTENTION) return longest * sizeof(double);
    return op->kind == MC_OP_POSITION ? op->dst.width * sizeof(float) : 0;
}

const mc_backend mc_backend_ref = {
    .name = "ref", .tier = "",
    .staged_size = ref_staged_size, .stage_jobs = ref_stage_jobs,
    .stage_scratch = ref_stage_scratch, .stage = ref_stage, .scratch_size = ref_scratch_size,
    .run = {
        [MC_OP_EMBED] = ref_embed, [MC_OP_POSITION] = ref_position, [MC_OP_NORM] = ref_norm,
        [MC_OP_MATMUL] = ref_matmul, [MC_OP_ROPE] = ref_rope, [MC_OP_ATTENTION] = ref_attention,
        [MC_OP_ACTIVATE] = ref_elementwise, [MC_OP_ADD] = ref_elementwise, [MC_OP_MUL] = ref_elementwise,
        [MC_OP_SCALE] = ref_elementwise, [MC_OP_SCALE_FAR] = ref_scale_far,
        [MC_OP_CLIP] = ref_elementwise,
    },
};
