/* synthetic.c - see synthetic.h. */
#include "support/synthetic.h"

#include <math.h>
#include <string.h>

enum { OPS_MAX = 24, HIDDEN = 24, HEADS = 4, KV_HEADS = 2, HEAD_DIM = 8, VALUE_DIM = 6 };
enum { FFN = 40, FINAL_WIDTH = 10 };
enum { OUT = 1, NORMED, QKV, WIDE, SECOND };

typedef struct writer {
    mc_test_lab *lab;
    mc_program  *program;
} writer;

static void begin(writer *w, mc_program *program)
{
    w->program   = program;
    program->ops = mc_test_take(w->lab, OPS_MAX * sizeof *program->ops);
}

static mc_operand columns(writer *w, int buffer, size_t offset, size_t width)
{
    if (w->program->widths[buffer] < offset + width)
        w->program->widths[buffer] = offset + width;
    return (mc_operand){ buffer, offset, width };
}

static mc_op *emit(writer *w, mc_op_kind kind, mc_operand dst, mc_operand src)
{
    mc_op *op = &w->program->ops[w->program->count++];

    *op = (mc_op){ .kind = kind, .dst = dst, .src = src, .scale = 1.0f };
    return op;
}

static void emit_norm(writer *w, mc_operand dst, mc_operand src, size_t groups)
{
    mc_op *op = emit(w, MC_OP_NORM, dst, src);

    op->stack          = 1;
    op->norm           = (mc_norm_params){ MC_NORM_RMS, 1e-5f, groups };
    op->weights[0]     = mc_test_weight(w->lab, src.width / groups, 1, 1.0);
    op->weights[0].add = 1.0f;
}

/* dst may be cut in two: the stack of weights has the rows of each part. */
static void emit_matmul(writer *w, mc_operand dst, mc_operand src, size_t first_rows)
{
    mc_op *op    = emit(w, MC_OP_MATMUL, dst, src);
    double scale = 1.0 / sqrt((double)src.width);

    op->stack      = first_rows < dst.width ? 2 : 1;
    op->weights[0] = mc_test_weight(w->lab, first_rows, src.width, scale);
    op->biases[0]  = mc_test_weight(w->lab, first_rows, 1, 0.1);
    if (op->stack == 2)
        op->weights[1] = mc_test_weight(w->lab, dst.width - first_rows, src.width, scale);
}

static void emit_gated(writer *w, mc_operand dst, mc_operand src)
{
    mc_op *op = emit(w, MC_OP_MATMUL, dst, src);

    op->gated = true;
    op->stack = 2;
    for (size_t i = 0; i < op->stack; i++)
        op->weights[i] =
            mc_test_weight(w->lab, dst.width, src.width, 1.0 / sqrt((double)src.width));
    op->biases[0] = mc_test_weight(w->lab, dst.width, 1, 0.1);
}

static void emit_rope(writer *w, mc_operand at, size_t heads, size_t block)
{
    mc_op *op = emit(w, MC_OP_ROPE, at, at);

    op->rope      = block % 2;
    op->rope_kind = block < 2 ? MC_ROPE_HALVES : MC_ROPE_PAIRS;
    op->heads     = heads;
    op->head_dim  = HEAD_DIM;
}

static void emit_attention(writer *w, size_t block)
{
    const size_t q = HEADS * HEAD_DIM, k = KV_HEADS * HEAD_DIM, v = KV_HEADS * VALUE_DIM;
    mc_operand   normed = columns(w, NORMED, 0, HIDDEN), out = columns(w, OUT, 0, HIDDEN);
    mc_operand   at_q = columns(w, QKV, 0, q), at_k = columns(w, QKV, q, k);
    mc_operand   attended = columns(w, QKV, 0, HEADS * VALUE_DIM);
    mc_op       *op;

    emit_norm(w, normed, columns(w, MC_X, 0, HIDDEN), 1);
    emit_matmul(w, columns(w, QKV, 0, q + k + v), normed, q);
    emit_norm(w, at_q, at_q, HEADS);
    emit_rope(w, at_q, HEADS, block);
    emit_rope(w, at_k, KV_HEADS, block);
    op                   = emit(w, MC_OP_ATTENTION, attended, at_q);
    op->src2             = at_k;
    op->src3             = columns(w, QKV, q + k, v);
    op->attention        = (mc_attention_params){ HEADS,     KV_HEADS, HEAD_DIM,
                                                  VALUE_DIM, 0.35f,    block == 3 ? 4.0f : 0.0f };
    op->attention.window = block == 1 ? 30 : block == 3 ? 200 : 0;
    op->attention.slopes = block == 2 ? mc_test_floats(w->lab, HEADS, 0.1) : NULL;
    op->attention.sinks  = block == 3 ? mc_test_floats(w->lab, HEADS, 1.0) : NULL;
    emit_matmul(w, out, attended, HIDDEN);
    emit(w, MC_OP_ADD, columns(w, MC_X, 0, HIDDEN), out);
}

static void emit_ffn(writer *w)
{
    mc_operand normed = columns(w, NORMED, 0, HIDDEN), out = columns(w, OUT, 0, HIDDEN);
    mc_operand x = columns(w, MC_X, 0, HIDDEN), gate = columns(w, WIDE, 0, FFN);

    emit_norm(w, normed, x, 1);
    emit_gated(w, gate, normed);
    emit_matmul(w, out, gate, HIDDEN);
    emit(w, MC_OP_ADD, x, out);
    emit(w, MC_OP_ADD, x, columns(w, SECOND, 0, HIDDEN))->scale = 0.1f;
}

static void emit_embedding(writer *w, mc_operand dst)
{
    mc_op *op = emit(w, MC_OP_EMBED, dst, dst);

    op->stack      = 1;
    op->weights[0] = mc_test_weight(w->lab, MC_TEST_VOCABULARY, dst.width, 1.0);
}

static float *frequencies(mc_test_lab *lab)
{
    float *out = mc_test_take(lab, HEAD_DIM / 2 * sizeof *out);

    for (size_t i = 0; i < HEAD_DIM / 2; i++)
        out[i] = (float)pow(100.0, -2.0 * (double)i / HEAD_DIM);
    return out;
}

static void make_ropes(mc_test_lab *lab, mc_test_model *model)
{
    for (int i = 0; i < 2; i++)
        model->ropes[i] =
            (mc_rope){ .rotary = HEAD_DIM, .frequency = frequencies(lab), .scale = 1.0f };
    model->ropes[1].switch_length = 220;
    model->ropes[1].dynamic       = true;
    model->ropes[1].base          = 100.0;
    model->ropes[1].factor        = 2.0;
    model->lowered.ropes          = model->ropes;
    model->lowered.rope_count     = 2;
}

static void make_embed(writer *w, mc_lowered *lowered, size_t hard_context)
{
    mc_op *op;

    begin(w, &lowered->embed);
    emit_embedding(w, columns(w, MC_X, 0, HIDDEN));
    emit_embedding(w, columns(w, SECOND, 0, HIDDEN));
    if (hard_context == 0) return;
    op        = emit(w, MC_OP_POSITION, columns(w, MC_X, 0, HIDDEN), (mc_operand){ 0 });
    op->stack = 1;
    op->position_offset = 2;
    op->weights[0]      = mc_test_weight(w->lab, hard_context + 2, HIDDEN, 0.3);
}

void mc_test_model_make(mc_test_lab *lab, size_t hard_context, mc_test_model *model)
{
    writer      w       = { .lab = lab };
    mc_lowered *lowered = &model->lowered;

    *model                      = (mc_test_model){ 0 };
    *lowered                    = (mc_lowered){ .hidden       = HIDDEN,
                                                .final_width  = FINAL_WIDTH,
                                                .vocabulary   = MC_TEST_VOCABULARY,
                                                .block_count  = 4,
                                                .hard_context = hard_context,
                                                .blocks       = model->blocks };
    lowered->persistent[SECOND] = true;
    make_ropes(lab, model);
    make_embed(&w, lowered, hard_context);
    for (size_t block = 0; block < 4; block++) {
        begin(&w, &model->blocks[block]);
        emit_attention(&w, block);
        emit_ffn(&w);
    }
    begin(&w, &lowered->final);
    emit_norm(&w, columns(&w, MC_X, 0, HIDDEN), columns(&w, MC_X, 0, HIDDEN), 1);
    emit_matmul(&w, columns(&w, OUT, 0, FINAL_WIDTH), columns(&w, MC_X, 0, HIDDEN),
                FINAL_WIDTH);
}

void mc_test_model_make_small(mc_test_lab *lab, size_t window, mc_test_model *model)
{
    writer      w       = { .lab = lab };
    mc_lowered *lowered = &model->lowered;
    mc_op      *op;

    *model   = (mc_test_model){ 0 };
    *lowered = (mc_lowered){ .hidden      = 8,
                             .final_width = 8,
                             .vocabulary  = MC_TEST_VOCABULARY,
                             .block_count = 1,
                             .blocks      = model->blocks };
    begin(&w, &lowered->embed);
    emit_embedding(&w, columns(&w, MC_X, 0, 8));
    begin(&w, &model->blocks[0]);
    emit_matmul(&w, columns(&w, QKV, 0, 24), columns(&w, MC_X, 0, 8), 24);
    op            = emit(&w, MC_OP_ATTENTION, columns(&w, QKV, 0, 8), columns(&w, QKV, 0, 8));
    op->src2      = columns(&w, QKV, 8, 8);
    op->src3      = columns(&w, QKV, 16, 8);
    op->attention = (mc_attention_params){ 1, 1, 8, 8, .scale = 0.35f, .window = window };
    emit(&w, MC_OP_ADD, columns(&w, MC_X, 0, 8), columns(&w, QKV, 0, 8));
    begin(&w, &lowered->final);
    emit_norm(&w, columns(&w, MC_X, 0, 8), columns(&w, MC_X, 0, 8), 1);
}

mc_texts mc_test_texts(mc_test_lab *lab, const size_t *lengths, size_t count,
                       uint32_t vocabulary)
{
    size_t  *offsets = mc_test_take(lab, (count + 1) * sizeof *offsets);
    int32_t *tokens;

    for (size_t t = 0; t < count; t++)
        offsets[t + 1] = offsets[t] + lengths[t];
    tokens = mc_test_take(lab, offsets[count] * sizeof *tokens);
    for (size_t i = 0; i < offsets[count]; i++)
        tokens[i] = (int32_t)mc_test_below(lab, vocabulary);
    for (size_t t = 1; t < count; t++) {
        size_t most = lengths[t] < lengths[t - 1] ? lengths[t] : lengths[t - 1];
        size_t like = mc_test_below(lab, 8) == 0   ? most
                      : mc_test_below(lab, 2) == 0 ? mc_test_below(lab, (uint32_t)most + 1)
                                                   : 0;
        memcpy(tokens + offsets[t], tokens + offsets[t - 1], like * sizeof *tokens);
    }
    return (mc_texts){ tokens, offsets, count };
}
