/* lower.c - one walk over what a block can be made of; each part is there when mc_hparams says
 * so. No architecture has code of its own.
 *
 *     normed = norm(x)
 *     qkv    = normed * [q | k | v] + biases;  norms of q and k;  rope
 *     attended (in q's columns) = attention;   out = attended * o;  norm;  x += out
 *     normed = norm(x)
 *     wide   = normed * [gate | up];  activation;  out = wide * down;  norm;  x += out */
#include "model/lower.h"

#include <math.h>

#include "base/alloc.h"
#include "model/bind.h"

enum { BUFFER_OUT = 1, BUFFER_NORMED, BUFFER_QKV, BUFFER_WIDE };

typedef struct lowering {
    mc_binder         binder;
    const mc_hparams *hp;
    mc_lowered       *out;
    mc_program       *program; /* being written */
    size_t            capacity;
    size_t            block;
} lowering;

static mc_operand columns(lowering *lo, int buffer, size_t offset, size_t width)
{
    if (lo->program->widths[buffer] < offset + width)
        lo->program->widths[buffer] = offset + width;
    return (mc_operand){ buffer, offset, width };
}

static mc_operand whole(lowering *lo, int buffer)
{
    return columns(lo, buffer, 0, lo->hp->hidden);
}

static mc_status emit(lowering *lo, const mc_op *op, mc_error *err)
{
    MC_TRY(mc_grow((void **)&lo->program->ops, &lo->capacity, lo->program->count, sizeof *op,
                   err));
    lo->program->ops[lo->program->count++] = *op;
    return MC_OK;
}

static void begin(lowering *lo, mc_program *program, size_t block)
{
    lo->program  = program;
    lo->capacity = 0;
    lo->block    = block;
}

static mc_status emit_norm(lowering *lo, mc_role role, mc_operand dst, mc_operand src,
                           size_t groups, size_t length, mc_error *err)
{
    const mc_hparams *hp = lo->hp;
    mc_op             op = { .kind = MC_OP_NORM, .dst = dst, .src = src };

    op.norm = (mc_norm_params){ hp->norm, (float)hp->epsilon, groups };
    MC_TRY(
        mc_bind_vector(&lo->binder, role, lo->block, ".weight", length, &op.weights[0], err));
    op.weights[0].add = (float)hp->norm_add[lo->binder.dialect];
    if (hp->biases & MC_BIAS_NORM)
        MC_TRY(
            mc_bind_vector(&lo->binder, role, lo->block, ".bias", length, &op.biases[0], err));
    op.stack = 1;
    return emit(lo, &op, err);
}

/* Add one linear layer to a matmul's stack. */
static mc_status stack_linear(lowering *lo, mc_op *op, mc_role role, size_t rows, unsigned bias,
                              mc_error *err)
{
    size_t at = op->stack++;

    MC_TRY(mc_bind_matrix(&lo->binder, role, lo->block, rows, op->src.width, &op->weights[at],
                          err));
    if (lo->hp->biases & bias)
        MC_TRY(
            mc_bind_vector(&lo->binder, role, lo->block, ".bias", rows, &op->biases[at], err));
    return MC_OK;
}

/* The part of a fused tensor that begins at row `first`. */
static void view_rows(mc_weight *weight, size_t first, size_t rows)
{
    if (!mc_weight_present(weight)) return;
    weight->row_first = first;
    weight->rows      = rows;
}

/* `count` linear layers that lie in one tensor, one after another. */
static mc_status stack_fused(lowering *lo, mc_op *op, mc_role role, const size_t *rows,
                             size_t count, unsigned bias, mc_error *err)
{
    mc_op  one   = { .src = op->src };
    size_t total = 0, first = 0;

    for (size_t i = 0; i < count; i++)
        total += rows[i];
    MC_TRY(stack_linear(lo, &one, role, total, bias, err));
    for (size_t i = 0; i < count; first += rows[i++]) {
        op->weights[op->stack] = one.weights[0];
        op->biases[op->stack]  = one.biases[0];
        view_rows(&op->weights[op->stack], first, rows[i]);
        view_rows(&op->biases[op->stack++], first, rows[i]);
    }
    return MC_OK;
}

typedef struct heads {
    mc_operand q, k, v;
} heads;

static mc_status emit_qkv(lowering *lo, mc_operand src, heads *at, mc_error *err)
{
    const mc_hparams *hp = lo->hp;
    size_t            kv = hp->layer[lo->block].kv_heads;
    size_t rows[3]       = { hp->heads * hp->head_dim, kv * hp->head_dim, kv * hp->value_dim };
    mc_op  op            = { .kind = MC_OP_MATMUL, .src = src };

    op.dst = columns(lo, BUFFER_QKV, 0, rows[0] + rows[1] + rows[2]);
    at->q  = columns(lo, BUFFER_QKV, 0, rows[0]);
    at->k  = columns(lo, BUFFER_QKV, rows[0], rows[1]);
    at->v  = columns(lo, BUFFER_QKV, rows[0] + rows[1], rows[2]);
    if (hp->qkv_fuse[lo->binder.dialect] == MC_FUSE_STACKED) {
        MC_TRY(stack_fused(lo, &op, MC_ROLE_QKV, rows, 3, MC_BIAS_QKV, err));
    } else {
        MC_TRY(stack_linear(lo, &op, MC_ROLE_Q, rows[0], MC_BIAS_QKV, err));
        MC_TRY(stack_linear(lo, &op, MC_ROLE_K, rows[1], MC_BIAS_QKV, err));
        MC_TRY(stack_linear(lo, &op, MC_ROLE_V, rows[2], MC_BIAS_QKV, err));
    }
    return emit(lo, &op, err);
}

static mc_status emit_qk_norm(lowering *lo, mc_role role, mc_operand at, size_t count,
                              mc_error *err)
{
    bool each = lo->hp->qk_norm == MC_QK_NORM_HEAD;

    return emit_norm(lo, role, at, at, each ? count : 1, each ? lo->hp->head_dim : at.width,
                     err);
}

static mc_status emit_rope(lowering *lo, mc_operand at, size_t count, mc_error *err)
{
    const mc_hparams *hp = lo->hp;
    mc_op             op = { .kind = MC_OP_ROPE, .dst = at, .src = at };

    op.rope      = (size_t)hp->layer[lo->block].rope;
    op.rope_kind = hp->rope_kind[lo->binder.dialect];
    op.heads     = count;
    op.head_dim  = hp->head_dim;
    return emit(lo, &op, err);
}

static mc_status emit_attention(lowering *lo, const heads *at, mc_operand *attended,
                                mc_error *err)
{
    const mc_hparams *hp    = lo->hp;
    const mc_layer   *layer = &hp->layer[lo->block];
    mc_op op = { .kind = MC_OP_ATTENTION, .src = at->q, .src2 = at->k, .src3 = at->v };

    op.attention = (mc_attention_params){
        .heads     = hp->heads,
        .kv_heads  = layer->kv_heads,
        .head_dim  = hp->head_dim,
        .value_dim = hp->value_dim,
        .scale =
            (float)(hp->attn_scale > 0.0 ? hp->attn_scale : 1.0 / sqrt((double)hp->head_dim)),
        .window = layer->window,
    };
    op.dst    = columns(lo, BUFFER_QKV, 0, hp->heads * hp->value_dim); /* over q */
    *attended = op.dst;
    return emit(lo, &op, err);
}

static mc_status emit_linear(lowering *lo, mc_role role, mc_operand dst, mc_operand src,
                             unsigned bias, mc_error *err)
{
    mc_op op = { .kind = MC_OP_MATMUL, .dst = dst, .src = src };

    MC_TRY(stack_linear(lo, &op, role, dst.width, bias, err));
    return emit(lo, &op, err);
}

static mc_status emit_add(lowering *lo, mc_operand src, mc_error *err)
{
    mc_op op = { .kind = MC_OP_ADD, .dst = whole(lo, MC_X), .src = src, .scale = 1.0f };

    return emit(lo, &op, err);
}

static mc_status lower_attention(lowering *lo, mc_error *err)
{
    const mc_hparams *hp    = lo->hp;
    const mc_layer   *layer = &hp->layer[lo->block];
    mc_operand        src = whole(lo, MC_X), attended, out = whole(lo, BUFFER_OUT);
    heads             at;

    if (hp->norms & MC_NORM_BEFORE_ATTN) {
        mc_operand normed = whole(lo, BUFFER_NORMED);
        MC_TRY(emit_norm(lo, MC_ROLE_ATTN_NORM, normed, src, 1, hp->hidden, err));
        src = normed;
    }
    MC_TRY(emit_qkv(lo, src, &at, err));
    if (hp->qk_norm != MC_QK_NORM_NONE) {
        MC_TRY(emit_qk_norm(lo, MC_ROLE_Q_NORM, at.q, hp->heads, err));
        MC_TRY(emit_qk_norm(lo, MC_ROLE_K_NORM, at.k, layer->kv_heads, err));
    }
    if (layer->rope != MC_ROPE_NONE) {
        MC_TRY(emit_rope(lo, at.q, hp->heads, err));
        MC_TRY(emit_rope(lo, at.k, layer->kv_heads, err));
    }
    MC_TRY(emit_attention(lo, &at, &attended, err));
    MC_TRY(emit_linear(lo, MC_ROLE_O, out, attended, MC_BIAS_O, err));
    if (hp->norms & MC_NORM_AFTER_ATTN)
        MC_TRY(emit_norm(lo, MC_ROLE_ATTN_POST_NORM, out, out, 1, hp->hidden, err));
    return emit_add(lo, out, err);
}

/* wide = activation(gate) * up, or activation(up); *hidden is where the result lies. */
static mc_status emit_ffn_hidden(lowering *lo, mc_operand src, mc_operand *hidden,
                                 mc_error *err)
{
    const mc_hparams *hp      = lo->hp;
    size_t            ffn     = hp->layer[lo->block].ffn;
    size_t            rows[2] = { ffn, ffn };
    mc_op             matmul  = { .kind = MC_OP_MATMUL, .src = src };
    mc_op             act     = { .kind       = hp->plain_ffn ? MC_OP_ACTIVATE : MC_OP_GLU,
                                  .activation = hp->activation };

    matmul.dst = columns(lo, BUFFER_WIDE, 0, hp->plain_ffn ? ffn : 2 * ffn);
    act.src = act.dst = *hidden = columns(lo, BUFFER_WIDE, 0, ffn);
    if (!hp->plain_ffn) act.src2 = columns(lo, BUFFER_WIDE, ffn, ffn);
    if (hp->plain_ffn) {
        MC_TRY(stack_linear(lo, &matmul, MC_ROLE_UP, ffn, MC_BIAS_UP, err));
    } else if (hp->gate_up_fused[lo->binder.dialect]) {
        MC_TRY(stack_fused(lo, &matmul, MC_ROLE_GATE_UP, rows, 2, MC_BIAS_UP, err));
    } else {
        MC_TRY(stack_linear(lo, &matmul, MC_ROLE_GATE, ffn, MC_BIAS_UP, err));
        MC_TRY(stack_linear(lo, &matmul, MC_ROLE_UP, ffn, MC_BIAS_UP, err));
    }
    MC_TRY(emit(lo, &matmul, err));
    return emit(lo, &act, err);
}

static mc_status lower_ffn(lowering *lo, mc_error *err)
{
    const mc_hparams *hp  = lo->hp;
    mc_operand        src = whole(lo, MC_X), hidden, out = whole(lo, BUFFER_OUT);

    if (hp->norms & MC_NORM_BEFORE_FFN) {
        mc_operand normed = whole(lo, BUFFER_NORMED);
        MC_TRY(emit_norm(lo, MC_ROLE_FFN_NORM, normed, src, 1, hp->hidden, err));
        src = normed;
    }
    MC_TRY(emit_ffn_hidden(lo, src, &hidden, err));
    MC_TRY(emit_linear(lo, MC_ROLE_DOWN, out, hidden, MC_BIAS_DOWN, err));
    if (hp->norms & MC_NORM_AFTER_FFN)
        MC_TRY(emit_norm(lo, MC_ROLE_FFN_POST_NORM, out, out, 1, hp->hidden, err));
    return emit_add(lo, out, err);
}

static mc_status lower_embed(lowering *lo, mc_error *err)
{
    const mc_hparams *hp     = lo->hp;
    const mc_tensor  *tensor = mc_bind_find(&lo->binder, MC_ROLE_EMBED, 0, ".weight");
    size_t            rows   = hp->vocabulary;
    mc_op             op     = { .kind = MC_OP_EMBED, .stack = 1 };

    if (rows == 0 && tensor) rows = (size_t)tensor->shape[0]; /* GGUF need not say */
    op.dst = whole(lo, MC_X);
    MC_TRY(
        mc_bind_matrix(&lo->binder, MC_ROLE_EMBED, 0, rows, hp->hidden, &op.weights[0], err));
    lo->out->vocabulary = rows;
    MC_TRY(emit(lo, &op, err));
    if (hp->embed_scale == 0.0) return MC_OK;
    op     = (mc_op){ .kind = MC_OP_SCALE, .scale = (float)hp->embed_scale };
    op.dst = op.src = whole(lo, MC_X);
    return emit(lo, &op, err);
}

static mc_status lower_ropes(lowering *lo, mc_error *err)
{
    mc_lowered *out = lo->out;

    out->ropes = mc_calloc(lo->hp->rope_count, sizeof *out->ropes);
    if (!out->ropes) return mc_fail_memory(err, lo->hp->rope_count * sizeof *out->ropes);
    for (; out->rope_count < lo->hp->rope_count; out->rope_count++)
        MC_TRY(
            mc_rope_build(&lo->hp->ropes[out->rope_count], &out->ropes[out->rope_count], err));
    return MC_OK;
}

static mc_status lower_all(lowering *lo, mc_error *err)
{
    mc_lowered *out = lo->out;

    MC_TRY(lower_ropes(lo, err));
    begin(lo, &out->embed, 0);
    MC_TRY(lower_embed(lo, err));
    out->blocks = mc_calloc(lo->hp->layers, sizeof *out->blocks);
    if (!out->blocks) return mc_fail_memory(err, lo->hp->layers * sizeof *out->blocks);
    for (; out->block_count < lo->hp->layers; out->block_count++) {
        begin(lo, &out->blocks[out->block_count], out->block_count);
        MC_TRY(lower_attention(lo, err));
        MC_TRY(lower_ffn(lo, err));
    }
    begin(lo, &out->final, 0);
    MC_TRY(emit_norm(lo, MC_ROLE_FINAL_NORM, whole(lo, MC_X), whole(lo, MC_X), 1,
                     lo->hp->hidden, err));
    return mc_bind_check_unused(&lo->binder, err);
}

mc_status mc_lower(const mc_store *store, const mc_arch *arch, const mc_hparams *hparams,
                   mc_lowered *lowered, mc_error *err)
{
    mc_lowered result = { .hidden       = hparams->hidden,
                          .final_width  = hparams->hidden,
                          .context      = hparams->context,
                          .buffer_names = { "x", "out", "normed", "qkv", "wide" } };
    lowering   lo     = { .hp = hparams, .out = &result };
    mc_status  status;

    MC_TRY(mc_binder_init(&lo.binder, store, arch, hparams, err));
    status = lower_all(&lo, err);
    mc_binder_clear(&lo.binder);
    if (status != MC_OK) {
        if (result.blocks) result.block_count = hparams->layers; /* the last may be half done */
        mc_lowered_clear(&result);
        return mc_fail_about(err, status, "%s", mc_store_path(store));
    }
    *lowered = result;
    return MC_OK;
}

void mc_lowered_clear(mc_lowered *lowered)
{
    for (size_t i = 0; lowered->blocks && i < lowered->block_count; i++)
        mc_free(lowered->blocks[i].ops);
    for (size_t i = 0; i < lowered->rope_count; i++)
        mc_rope_clear(&lowered->ropes[i]);
    mc_free(lowered->blocks);
    mc_free(lowered->ropes);
    mc_free(lowered->embed.ops);
    mc_free(lowered->final.ops);
    *lowered = (mc_lowered){ 0 };
}
