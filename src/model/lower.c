/* lower.c - one walk over what a block can be made of; each part is there when mc_hparams says
 * so. No architecture has code of its own.
 *
 *     normed = norm(x)
 *     qkv    = normed * [q | k | v] + biases;  clip;  norms of q and k;  rope
 *     attended (in q's columns) = attention;   out = attended * o;  norm;  x += out
 *     normed = norm(x)
 *     wide   = normed * [gate | up];  activation;  out = wide * down;  norm;  x += out
 *
 * In a parallel block the feed-forward part comes before the first sum, from the same x. */
#include "model/lower.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "model/alibi.h"
#include "model/bind.h"

enum {
    BUFFER_OUT = 1,
    BUFFER_NORMED,
    BUFFER_QKV,
    BUFFER_WIDE,
    BUFFER_FFN_OUT,
    BUFFER_FFN_NORMED,
    BUFFER_INPUTS,    /* persistent: every block's own input */
    BUFFER_KV_FULL,   /* persistent: keys and values that later blocks use */
    BUFFER_KV_SLIDING /* the same, of blocks that slide */
};

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

static const mc_layer *layer_of(const lowering *lo)
{
    return &lo->hp->layer[lo->block];
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

/* `length` is that of the weight; `bias` the bit that says whether there is one. */
typedef struct norm_form {
    size_t   groups, length, part;
    unsigned bias;
} norm_form;

static mc_status emit_norm(lowering *lo, mc_role role, mc_operand dst, mc_operand src,
                           norm_form form, mc_error *err)
{
    const mc_hparams *hp = lo->hp;
    mc_op             op = { .kind = MC_OP_NORM, .dst = dst, .src = src };

    op.norm = (mc_norm_params){ hp->norm, (float)hp->epsilon, form.groups };
    if (hp->norm_plain) return emit(lo, &op, err);
    MC_TRY(mc_bind_vector(&lo->binder, role, lo->block, form.part, ".weight", form.length,
                          &op.weights[0], err));
    op.weights[0].add = (float)hp->norm_add[lo->binder.dialect];
    if (hp->biases & form.bias)
        MC_TRY(mc_bind_vector(&lo->binder, role, lo->block, form.part, ".bias", form.length,
                              &op.biases[0], err));
    op.stack = 1;
    return emit(lo, &op, err);
}

static mc_status emit_row_norm(lowering *lo, mc_role role, mc_operand dst, mc_operand src,
                               mc_error *err)
{
    norm_form form = { 1, lo->hp->hidden, 0, MC_BIAS_NORM };

    return emit_norm(lo, role, dst, src, form, err);
}

/* Add one linear layer to a matmul's stack. */
static mc_status stack_linear(lowering *lo, mc_op *op, mc_role role, size_t rows, unsigned bias,
                              mc_error *err)
{
    size_t at = op->stack++;

    MC_TRY(mc_bind_linear(&lo->binder, role, lo->block, rows, op->src.width, &op->weights[at],
                          err));
    if (lo->hp->biases & bias)
        MC_TRY(mc_bind_vector(&lo->binder, role, lo->block, 0, ".bias", rows, &op->biases[at],
                              err));
    return MC_OK;
}

static mc_status emit_linear(lowering *lo, mc_role role, mc_operand dst, mc_operand src,
                             unsigned bias, mc_error *err)
{
    mc_op op = { .kind = MC_OP_MATMUL, .dst = dst, .src = src };

    MC_TRY(stack_linear(lo, &op, role, dst.width, bias, err));
    return emit(lo, &op, err);
}

/* Where the rows of one of several linear layers lie in a tensor that holds them all. */
typedef struct row_view {
    size_t rows, first, block, stride;
} row_view;

static void set_view(mc_weight *weight, row_view view)
{
    if (!mc_weight_present(weight)) return;
    weight->rows       = view.rows;
    weight->row_first  = view.first;
    weight->row_block  = view.block;
    weight->row_stride = view.stride;
}

static mc_status stack_views(lowering *lo, mc_op *op, mc_role role, const row_view *views,
                             size_t count, unsigned bias, mc_error *err)
{
    mc_op  one   = { .src = op->src };
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += views[i].rows;
    MC_TRY(stack_linear(lo, &one, role, total, bias, err));
    for (size_t i = 0; i < count; i++, op->stack++) {
        op->weights[op->stack] = one.weights[0];
        op->biases[op->stack]  = one.biases[0];
        set_view(&op->weights[op->stack], views[i]);
        set_view(&op->biases[op->stack], views[i]);
    }
    return MC_OK;
}

/* The views of q, k and v with these numbers of rows; see mc_fuse. */
static mc_status view_qkv(const lowering *lo, const size_t rows[3], row_view views[3],
                          mc_error *err)
{
    const mc_layer *layer = layer_of(lo);
    size_t          dim = layer->head_dim, quarter = rows[0] / 4;
    size_t          group = lo->hp->heads / layer->kv_heads * dim, span = group + 2 * dim;

    switch (lo->hp->qkv_fuse[lo->binder.dialect]) {
    case MC_FUSE_STACKED:
        views[0] = (row_view){ rows[0], 0, 0, 0 };
        views[1] = (row_view){ rows[1], rows[0], 0, 0 };
        views[2] = (row_view){ rows[2], rows[0] + rows[1], 0, 0 };
        return MC_OK;
    case MC_FUSE_HEADS: /* groups of one */
    case MC_FUSE_GROUPS:
        views[0] = (row_view){ rows[0], 0, group, span };
        views[1] = (row_view){ rows[1], group, dim, span };
        views[2] = (row_view){ rows[2], group + dim, dim, span };
        return MC_OK;
    case MC_FUSE_QUARTERS:
        views[0] = (row_view){ rows[0], 0, quarter, 3 * quarter };
        views[1] = (row_view){ rows[1], 2 * quarter, quarter, 3 * quarter };
        views[2] = (row_view){ rows[2], quarter, quarter, 3 * quarter };
        if (lo->hp->heads % 4 == 0) return MC_OK;
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "%zu heads cannot be stored in quarters", lo->hp->heads);
    default: break;
    }
    return mc_fail(err, MC_ERR_INTERNAL, "report this", "no such form of q, k and v");
}

typedef struct heads {
    mc_operand q, k, v;
} heads;

static mc_status emit_clip(lowering *lo, mc_operand at, mc_error *err)
{
    mc_op op = { .kind = MC_OP_CLIP, .dst = at, .src = at };

    op.scale = (float)lo->hp->clip_qkv;
    return lo->hp->clip_qkv > 0.0 ? emit(lo, &op, err) : MC_OK;
}

/* Keys and values lie behind q, or in a buffer that lives on where other blocks use them. */
static void place_heads(lowering *lo, const size_t rows[3], heads *at)
{
    const mc_layer *layer  = layer_of(lo);
    int             buffer = BUFFER_QKV;
    size_t          first  = rows[0];

    if (layer->kv_kept || layer->kv_shared) {
        buffer                      = layer->slides ? BUFFER_KV_SLIDING : BUFFER_KV_FULL;
        first                       = 0;
        lo->out->persistent[buffer] = true;
    }
    at->q = columns(lo, BUFFER_QKV, 0, rows[0]);
    at->k = columns(lo, buffer, first, rows[1]);
    at->v = columns(lo, buffer, first + rows[1], rows[2]);
}

static mc_status stack_kv(lowering *lo, mc_op *op, const size_t rows[3], mc_error *err)
{
    mc_role v = layer_of(lo)->v_is_k ? MC_ROLE_K : MC_ROLE_V;

    MC_TRY(stack_linear(lo, op, MC_ROLE_K, rows[1], MC_BIAS_QKV, err));
    return stack_linear(lo, op, v, rows[2], MC_BIAS_QKV, err);
}

static mc_status emit_qkv(lowering *lo, mc_operand src, heads *at, mc_error *err)
{
    const mc_hparams *hp    = lo->hp;
    const mc_layer   *layer = layer_of(lo);
    size_t            rows[3];
    mc_op             op = { .kind = MC_OP_MATMUL, .src = src };
    row_view          views[3];

    rows[0] = hp->heads * layer->head_dim;
    rows[1] = layer->kv_heads * layer->head_dim;
    rows[2] = layer->kv_heads * layer->value_dim;
    place_heads(lo, rows, at);
    op.dst = at->q;
    if (hp->qkv_fuse[lo->binder.dialect] != MC_FUSE_NONE) {
        MC_TRY(view_qkv(lo, rows, views, err));
        MC_TRY(stack_views(lo, &op, MC_ROLE_QKV, views, 3, MC_BIAS_QKV, err));
    } else {
        MC_TRY(stack_linear(lo, &op, MC_ROLE_Q, rows[0], MC_BIAS_QKV, err));
        if (at->k.buffer == BUFFER_QKV) MC_TRY(stack_kv(lo, &op, rows, err));
    }
    if (op.stack == 3) op.dst = columns(lo, BUFFER_QKV, 0, rows[0] + rows[1] + rows[2]);
    MC_TRY(emit(lo, &op, err));
    MC_TRY(emit_clip(lo, op.dst, err));
    if (!layer->kv_kept) return MC_OK;
    op = (mc_op){ .kind = MC_OP_MATMUL, .src = src };
    MC_TRY(stack_kv(lo, &op, rows, err));
    op.dst = columns(lo, at->k.buffer, 0, rows[1] + rows[2]);
    return emit(lo, &op, err);
}

static mc_status emit_qk_norm(lowering *lo, mc_role role, mc_operand at, size_t count,
                              mc_error *err)
{
    size_t    dim  = layer_of(lo)->head_dim;
    norm_form form = { count, dim, 0, MC_BIAS_QK_NORM };

    switch (lo->hp->qk_norm) {
    case MC_QK_NORM_NONE: return MC_OK;
    case MC_QK_NORM_HEAD: return emit_norm(lo, role, at, at, form, err);
    case MC_QK_NORM_OWN: form.length = at.width; return emit_norm(lo, role, at, at, form, err);
    case MC_QK_NORM_ROW:
        form.groups = 1;
        form.length = at.width;
        return emit_norm(lo, role, at, at, form, err);
    case MC_QK_NORM_EACH: break;
    }
    form.groups = 1;
    for (; form.part < count; form.part++) {
        mc_operand head = columns(lo, at.buffer, at.offset + form.part * dim, dim);
        MC_TRY(emit_norm(lo, role, head, head, form, err));
    }
    return MC_OK;
}

static mc_status emit_value_norm(lowering *lo, mc_operand at, mc_error *err)
{
    mc_op op = { .kind = MC_OP_NORM, .dst = at, .src = at };

    op.norm = (mc_norm_params){ lo->hp->norm, (float)lo->hp->epsilon, layer_of(lo)->kv_heads };
    return lo->hp->v_norm ? emit(lo, &op, err) : MC_OK;
}

static mc_status emit_qk_norms(lowering *lo, const heads *at, mc_error *err)
{
    MC_TRY(emit_qk_norm(lo, MC_ROLE_Q_NORM, at->q, lo->hp->heads, err));
    if (layer_of(lo)->kv_shared) {
        mc_bind_ignore(&lo->binder, MC_ROLE_K, lo->block);
        mc_bind_ignore(&lo->binder, MC_ROLE_V, lo->block);
        mc_bind_ignore(&lo->binder, MC_ROLE_K_NORM, lo->block);
        return MC_OK;
    }
    MC_TRY(emit_qk_norm(lo, MC_ROLE_K_NORM, at->k, layer_of(lo)->kv_heads, err));
    return emit_value_norm(lo, at->v, err);
}

static mc_status emit_rope(lowering *lo, mc_operand at, size_t count, mc_error *err)
{
    const mc_layer *layer = layer_of(lo);
    mc_op           op    = { .kind = MC_OP_ROPE, .dst = at, .src = at };

    if (layer->rope == MC_ROPE_NONE) return MC_OK;
    op.rope      = (size_t)layer->rope;
    op.rope_kind = lo->hp->rope_kind[lo->binder.dialect];
    op.heads     = count;
    op.head_dim  = layer->head_dim;
    return emit(lo, &op, err);
}

static mc_status emit_attention(lowering *lo, const heads *at, mc_operand *attended,
                                mc_error *err)
{
    const mc_hparams *hp    = lo->hp;
    const mc_layer   *layer = layer_of(lo);
    mc_op op = { .kind = MC_OP_ATTENTION, .src = at->q, .src2 = at->k, .src3 = at->v };

    op.attention = (mc_attention_params){
        .heads     = hp->heads,
        .kv_heads  = layer->kv_heads,
        .head_dim  = layer->head_dim,
        .value_dim = layer->value_dim,
        .scale     = (float)layer->attn_scale,
        .softcap   = (float)hp->attn_softcap,
        .slopes    = lo->out->slopes,
        .window    = layer->window,
    };
    if (hp->alibi && hp->alibi_scaled) op.attention.slope_unit = op.attention.scale;
    op.dst    = columns(lo, BUFFER_QKV, 0, hp->heads * layer->value_dim); /* over q */
    *attended = op.dst;
    return emit(lo, &op, err);
}

static mc_status emit_add(lowering *lo, mc_operand src, mc_error *err)
{
    mc_op op = { .kind = MC_OP_ADD, .dst = whole(lo, MC_X), .src = src, .scale = 1.0f };

    if (lo->hp->residual_scale != 0.0) op.scale = (float)lo->hp->residual_scale;
    return emit(lo, &op, err);
}

/* What one half of a block starts from: x, or its norm in `buffer`. */
static mc_status emit_source(lowering *lo, unsigned bit, mc_role role, int buffer,
                             mc_operand *src, mc_error *err)
{
    *src = whole(lo, MC_X);
    if (!(lo->hp->norms & bit) || lo->hp->post_norm) return MC_OK;
    if (!lo->hp->norm_residual) *src = whole(lo, buffer);
    return emit_row_norm(lo, role, *src, whole(lo, MC_X), err);
}

/* x += out, with the norms that follow. */
static mc_status emit_sum(lowering *lo, mc_role role, mc_operand out, mc_error *err)
{
    MC_TRY(emit_add(lo, out, err));
    if (!lo->hp->post_norm) return MC_OK;
    return emit_row_norm(lo, role, whole(lo, MC_X), whole(lo, MC_X), err);
}

static mc_status emit_ropes(lowering *lo, const heads *at, mc_error *err)
{
    const mc_hparams *hp  = lo->hp;
    mc_op             far = { .kind = MC_OP_SCALE_FAR, .dst = at->q, .src = at->q };

    MC_TRY(emit_rope(lo, at->q, hp->heads, err));
    if (!layer_of(lo)->kv_shared) MC_TRY(emit_rope(lo, at->k, layer_of(lo)->kv_heads, err));
    if (!hp->far_scale) return MC_OK;
    far.scale           = (float)hp->far_scale_beta;
    far.position_offset = (size_t)hp->far_scale_original;
    return emit(lo, &far, err);
}

/* out = what attention adds to x, from `src`. */
static mc_status lower_attention(lowering *lo, mc_operand src, mc_operand out, mc_error *err)
{
    const mc_hparams *hp = lo->hp;
    mc_operand        attended;
    heads             at;

    MC_TRY(emit_qkv(lo, src, &at, err));
    if (!hp->qk_norm_late) MC_TRY(emit_qk_norms(lo, &at, err));
    MC_TRY(emit_ropes(lo, &at, err));
    if (hp->qk_norm_late) MC_TRY(emit_qk_norms(lo, &at, err));
    MC_TRY(emit_attention(lo, &at, &attended, err));
    MC_TRY(emit_linear(lo, MC_ROLE_O, out, attended, MC_BIAS_O, err));
    if (!(hp->norms & MC_NORM_AFTER_ATTN)) return MC_OK;
    return emit_row_norm(lo, MC_ROLE_ATTN_POST_NORM, out, out, err);
}

static double softplus(double x)
{
    return x > 30.0 ? x : log1p(exp(x));
}

/* One of the activation's parameters: a tensor of one value in each block, or a list with one
 * for each block in GGUF's metadata. *value is kept when there is none. */
static mc_status read_parameter(lowering *lo, const char *name, float *value, bool needed,
                                mc_error *err)
{
    mc_gguf_value list = { 0 };
    mc_weight     weight;
    double        number;
    char          text[32];

    snprintf(text, sizeof text, "xielu.%s", name);
    if (lo->binder.dialect == MC_DIALECT_GGUF) {
        if (mc_store_gguf(lo->binder.store, text, &list) &&
            mc_gguf_number(&list, lo->block, &number)) {
            *value = (float)number;
            return MC_OK;
        }
        if (!needed) return MC_OK;
        return mc_fail(err, MC_ERR_CONFIG, "fetch the file again",
                       "'%s' has no value for block %zu", text, lo->block + 1);
    }
    snprintf(text, sizeof text, ".%s", name);
    if (!needed && !mc_bind_find(&lo->binder, MC_ROLE_XIELU, lo->block, 0, text)) return MC_OK;
    MC_TRY(mc_bind_vector(&lo->binder, MC_ROLE_XIELU, lo->block, 0, text, 1, &weight, err));
    mc_weight_widen_vector(&weight, value);
    return MC_OK;
}

static mc_status set_xielu(lowering *lo, mc_op *op, mc_error *err)
{
    float positive = 0.0f, negative = 0.0f, beta = 0.5f, eps = -1e-6f;

    MC_TRY(read_parameter(lo, "alpha_p", &positive, true, err));
    MC_TRY(read_parameter(lo, "alpha_n", &negative, true, err));
    MC_TRY(read_parameter(lo, "beta", &beta, false, err));
    MC_TRY(read_parameter(lo, "eps", &eps, false, err));
    op->xielu[0] = (float)softplus((double)positive);
    op->xielu[1] = (float)((double)beta + softplus((double)negative));
    op->xielu[2] = beta;
    op->xielu[3] = eps;
    return MC_OK;
}

static mc_status stack_gate_up(lowering *lo, mc_op *op, size_t ffn, mc_error *err)
{
    const row_view views[2] = { { ffn, 0, 0, 0 }, { ffn, ffn, 0, 0 } };

    if (lo->hp->plain_ffn) return stack_linear(lo, op, MC_ROLE_UP, ffn, MC_BIAS_UP, err);
    if (lo->hp->gate_up_fused[lo->binder.dialect])
        return stack_views(lo, op, MC_ROLE_GATE_UP, views, 2, MC_BIAS_UP, err);
    MC_TRY(stack_linear(lo, op, MC_ROLE_GATE, ffn, MC_BIAS_UP, err));
    return stack_linear(lo, op, MC_ROLE_UP, ffn, MC_BIAS_UP, err);
}

/* wide = activation(gate) * up, one product, or activation(up); *hidden is where it lies. */
static mc_status emit_ffn_hidden(lowering *lo, mc_operand src, mc_operand *hidden,
                                 mc_error *err)
{
    bool   plain  = lo->hp->plain_ffn;
    size_t ffn    = layer_of(lo)->ffn;
    mc_op  matmul = { .kind = MC_OP_MATMUL, .src = src, .gated = !plain };
    mc_op  act    = { .kind = MC_OP_ACTIVATE };
    mc_op *last   = plain ? &act : &matmul;

    act.src = act.dst = matmul.dst = *hidden = columns(lo, BUFFER_WIDE, 0, ffn);
    last->activation                         = lo->hp->activation;
    if (last->activation == MC_ACT_XIELU) MC_TRY(set_xielu(lo, last, err));
    MC_TRY(stack_gate_up(lo, &matmul, ffn, err));
    MC_TRY(emit(lo, &matmul, err));
    return plain ? emit(lo, &act, err) : MC_OK;
}

/* out = what the feed-forward part adds to x, from `src`. */
static mc_status lower_ffn(lowering *lo, mc_operand src, mc_operand out, mc_error *err)
{
    mc_operand hidden;

    MC_TRY(emit_ffn_hidden(lo, src, &hidden, err));
    MC_TRY(emit_linear(lo, MC_ROLE_DOWN, out, hidden, MC_BIAS_DOWN, err));
    if (!(lo->hp->norms & MC_NORM_AFTER_FFN)) return MC_OK;
    return emit_row_norm(lo, MC_ROLE_FFN_POST_NORM, out, out, err);
}

static mc_status lower_parallel_block(lowering *lo, mc_error *err)
{
    mc_operand out = whole(lo, BUFFER_OUT), ffn_out = whole(lo, BUFFER_FFN_OUT), src, ffn_src;

    MC_TRY(emit_source(lo, MC_NORM_BEFORE_ATTN, MC_ROLE_ATTN_NORM, BUFFER_NORMED, &src, err));
    ffn_src = src;
    if (lo->hp->norms & MC_NORM_BEFORE_FFN)
        MC_TRY(emit_source(lo, MC_NORM_BEFORE_FFN, MC_ROLE_FFN_NORM, BUFFER_FFN_NORMED,
                           &ffn_src, err));
    MC_TRY(lower_attention(lo, src, out, err));
    MC_TRY(lower_ffn(lo, ffn_src, ffn_out, err));
    MC_TRY(emit_add(lo, out, err));
    return emit_add(lo, ffn_out, err);
}

static mc_status emit_scale(lowering *lo, mc_operand at, double scale, mc_error *err)
{
    mc_op op = { .kind = MC_OP_SCALE, .dst = at, .src = at, .scale = (float)scale };

    return emit(lo, &op, err);
}

/* The block's own input, weighed by x, is added to x. */
static mc_status lower_block_input(lowering *lo, mc_error *err)
{
    size_t     width = lo->hp->per_layer_width;
    mc_operand out = whole(lo, BUFFER_OUT), gate = columns(lo, BUFFER_WIDE, 0, width);
    mc_op      act = { .kind = MC_OP_ACTIVATE, .dst = gate, .src = gate };
    mc_op      mul = { .kind = MC_OP_MUL, .dst = gate };

    if (width == 0) return MC_OK;
    act.activation = lo->hp->activation;
    mul.src        = columns(lo, BUFFER_INPUTS, lo->block * width, width);
    columns(lo, BUFFER_INPUTS, 0, lo->hp->layers * width);
    MC_TRY(emit_linear(lo, MC_ROLE_INPUT_GATE, gate, whole(lo, MC_X), 0, err));
    MC_TRY(emit(lo, &act, err));
    MC_TRY(emit(lo, &mul, err));
    MC_TRY(emit_linear(lo, MC_ROLE_INPUT_PROJECT, out, gate, 0, err));
    MC_TRY(emit_row_norm(lo, MC_ROLE_INPUT_NORM, out, out, err));
    return emit_add(lo, out, err);
}

static mc_status lower_layer_scalar(lowering *lo, mc_error *err)
{
    mc_weight weight;
    float     scalar;

    if (!lo->hp->layer_scalar) return MC_OK;
    MC_TRY(
        mc_bind_vector(&lo->binder, MC_ROLE_LAYER_SCALAR, lo->block, 0, "", 1, &weight, err));
    mc_weight_widen_vector(&weight, &scalar);
    return emit_scale(lo, whole(lo, MC_X), (double)scalar, err);
}

static mc_status lower_block(lowering *lo, mc_error *err)
{
    mc_operand out = whole(lo, BUFFER_OUT), src;

    if (lo->hp->parallel) return lower_parallel_block(lo, err);
    MC_TRY(emit_source(lo, MC_NORM_BEFORE_ATTN, MC_ROLE_ATTN_NORM, BUFFER_NORMED, &src, err));
    MC_TRY(lower_attention(lo, src, out, err));
    MC_TRY(emit_sum(lo, MC_ROLE_ATTN_NORM, out, err));
    MC_TRY(emit_source(lo, MC_NORM_BEFORE_FFN, MC_ROLE_FFN_NORM, BUFFER_NORMED, &src, err));
    MC_TRY(lower_ffn(lo, src, out, err));
    MC_TRY(emit_sum(lo, MC_ROLE_FFN_NORM, out, err));
    MC_TRY(lower_block_input(lo, err));
    return lower_layer_scalar(lo, err);
}

static mc_status emit_positions(lowering *lo, mc_error *err)
{
    const mc_hparams *hp   = lo->hp;
    mc_op             op   = { .kind = MC_OP_POSITION, .stack = 1 };
    size_t            rows = hp->context + hp->position_offset;

    if (!hp->positions) return MC_OK;
    op.dst             = whole(lo, MC_X);
    op.position_offset = hp->position_offset;
    MC_TRY(mc_bind_matrix(&lo->binder, MC_ROLE_POSITION, 0, rows, hp->hidden, &op.weights[0],
                          err));
    lo->out->hard_context = hp->context;
    return emit(lo, &op, err);
}

/* Rows of a table of tokens; GGUF need not say how many. */
static size_t rows_of(const lowering *lo, mc_role role, size_t told)
{
    const mc_tensor *tensor = mc_bind_find(&lo->binder, role, 0, 0, ".weight");

    return told == 0 && tensor ? (size_t)tensor->shape[0] : told;
}

/* inputs = (rows for the token * sqrt(width) + norm(x * projection / sqrt(hidden))) / sqrt(2),
 * each block's part with its own norm. */
static mc_status lower_inputs(lowering *lo, mc_error *err)
{
    const mc_hparams *hp     = lo->hp;
    size_t            all    = hp->layers * hp->per_layer_width;
    mc_operand        inputs = columns(lo, BUFFER_INPUTS, 0, all);
    mc_operand        from_x = columns(lo, BUFFER_WIDE, 0, all);
    mc_op             embed  = { .kind = MC_OP_EMBED, .dst = inputs, .stack = 1 };
    mc_op             add  = { .kind = MC_OP_ADD, .dst = inputs, .src = from_x, .scale = 1.0f };
    norm_form         form = { hp->layers, hp->per_layer_width, 0, 0 };
    size_t            rows = rows_of(lo, MC_ROLE_PER_LAYER_EMBED, hp->per_layer_vocabulary);

    if (all == 0) return MC_OK;
    lo->out->persistent[BUFFER_INPUTS] = true;
    MC_TRY(mc_bind_matrix(&lo->binder, MC_ROLE_PER_LAYER_EMBED, 0, rows, all, &embed.weights[0],
                          err));
    if (rows < lo->out->vocabulary) lo->out->vocabulary = rows;
    MC_TRY(emit(lo, &embed, err));
    MC_TRY(emit_scale(lo, inputs, sqrt((double)hp->per_layer_width), err));
    MC_TRY(emit_linear(lo, MC_ROLE_PER_LAYER_PROJECT, from_x, whole(lo, MC_X), 0, err));
    MC_TRY(emit_scale(lo, from_x, 1.0 / sqrt((double)hp->hidden), err));
    MC_TRY(emit_norm(lo, MC_ROLE_PER_LAYER_NORM, from_x, from_x, form, err));
    MC_TRY(emit(lo, &add, err));
    return emit_scale(lo, inputs, sqrt(0.5), err);
}

static mc_status lower_embed(lowering *lo, mc_error *err)
{
    const mc_hparams *hp   = lo->hp;
    size_t            rows = rows_of(lo, MC_ROLE_EMBED, hp->vocabulary);
    mc_op             op   = { .kind = MC_OP_EMBED, .stack = 1 };

    op.dst = hp->embed_width ? columns(lo, BUFFER_OUT, 0, hp->embed_width) : whole(lo, MC_X);
    MC_TRY(
        mc_bind_matrix(&lo->binder, MC_ROLE_EMBED, 0, rows, op.dst.width, &op.weights[0], err));
    lo->out->vocabulary = rows;
    MC_TRY(emit(lo, &op, err));
    if (hp->embed_width)
        MC_TRY(emit_linear(lo, MC_ROLE_PROJECT_IN, whole(lo, MC_X), op.dst, 0, err));
    if (hp->embed_scale != 0.0) MC_TRY(emit_scale(lo, whole(lo, MC_X), hp->embed_scale, err));
    MC_TRY(emit_positions(lo, err));
    MC_TRY(lower_inputs(lo, err));
    if (!hp->embed_norm) return MC_OK;
    return emit_row_norm(lo, MC_ROLE_EMBED_NORM, whole(lo, MC_X), whole(lo, MC_X), err);
}

/* A model whose norms follow the sums has none here; what projects x back to the width of the
 * embedding belongs to the head. */
static mc_status lower_final(lowering *lo, mc_error *err)
{
    mc_operand x = whole(lo, MC_X);

    if (lo->hp->no_final_norm || lo->hp->post_norm) return MC_OK;
    return emit_row_norm(lo, MC_ROLE_FINAL_NORM, x, x, err);
}

static mc_status lower_slopes(lowering *lo, mc_error *err)
{
    const mc_hparams *hp = lo->hp;

    if (!hp->alibi) return MC_OK;
    lo->out->slopes = mc_alloc_array(hp->heads, sizeof(float));
    if (!lo->out->slopes) return mc_fail_memory(err, hp->heads * sizeof(float));
    mc_alibi_slopes(hp->heads, lo->out->slopes);
    for (size_t i = 0; hp->alibi_scaled && i < hp->heads; i++)
        lo->out->slopes[i] = mc_alibi_round(lo->out->slopes[i]);
    return MC_OK;
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
    MC_TRY(lower_slopes(lo, err));
    begin(lo, &out->embed, 0);
    MC_TRY(lower_embed(lo, err));
    out->blocks = mc_calloc(lo->hp->layers, sizeof *out->blocks);
    if (!out->blocks) return mc_fail_memory(err, lo->hp->layers * sizeof *out->blocks);
    for (; out->block_count < lo->hp->layers; out->block_count++) {
        begin(lo, &out->blocks[out->block_count], out->block_count);
        MC_TRY(lower_block(lo, err));
    }
    begin(lo, &out->final, 0);
    MC_TRY(lower_final(lo, err));
    return mc_bind_check_unused(&lo->binder, err);
}

mc_status mc_lower(const mc_store *store, const mc_arch *arch, const mc_hparams *hparams,
                   mc_lowered *lowered, mc_error *err)
{
    mc_lowered result = { .hidden       = hparams->hidden,
                          .final_width  = hparams->hidden,
                          .context      = hparams->context,
                          .buffer_names = { "x", "out", "normed", "qkv", "wide", "ffn_out",
                                            "ffn_normed", "inputs", "kv_full", "kv_sliding" } };
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
    mc_free(lowered->slopes);
    mc_free(lowered->embed.ops);
    mc_free(lowered->final.ops);
    *lowered = (mc_lowered){ 0 };
}
