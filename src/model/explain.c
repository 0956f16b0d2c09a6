/* explain.c - programs as text, for people: one operation a line, blocks that are alike once.
 */
#include "base/buffer.h"
#include "model/model.h"
#include <inttypes.h>

static const char *const activation_names[MC_ACT_COUNT] = {
    [MC_ACT_SILU] = "silu",           [MC_ACT_GELU] = "gelu",
    [MC_ACT_GELU_TANH] = "gelu_tanh", [MC_ACT_GELU_QUICK] = "gelu_quick",
    [MC_ACT_RELU] = "relu",           [MC_ACT_RELU2] = "relu_squared",
    [MC_ACT_XIELU] = "xielu",         [MC_ACT_TANH] = "tanh",
    [MC_ACT_SIGMOID] = "sigmoid",
};

static void print_operand(mc_buffer *out, const mc_lowered *model, const mc_program *program,
                          mc_operand at)
{
    mc_buffer_add_text(out, model->buffer_names[at.buffer]);
    if (at.offset == 0 && at.width == program->widths[at.buffer]) return;
    mc_buffer_printf(out, "[%zu..%zu]", at.offset, at.offset + at.width - 1);
}

static void print_weight(mc_buffer *out, const mc_weight *weight)
{
    const mc_tensor *tensor = weight->tensor;

    mc_buffer_printf(out, "%s", tensor->name);
    if (weight->cols > 1)
        mc_buffer_printf(out, " (%zu x %zu %s", weight->rows, weight->cols,
                         mc_weight_type_name(weight));
    else
        mc_buffer_printf(out, " (%zu %s", weight->rows, mc_weight_type_name(weight));
    if (weight->transposed) mc_buffer_add_text(out, ", transposed");
    if (weight->row_block)
        mc_buffer_printf(out, ", %zu rows of every %zu from row %zu", weight->row_block,
                         weight->row_stride, weight->row_first);
    else if (weight->row_first)
        mc_buffer_printf(out, ", from row %zu", weight->row_first);
    if (weight->add != 0.0f) mc_buffer_printf(out, ", %g added", (double)weight->add);
    mc_buffer_add_char(out, ')');
}

static void print_stack(mc_buffer *out, const mc_weight *weights, size_t count)
{
    const char *between = "";

    for (size_t i = 0; i < count; i++) {
        if (!mc_weight_present(&weights[i])) continue;
        mc_buffer_add_text(out, between);
        print_weight(out, &weights[i]);
        between = " | ";
    }
}

typedef struct printer {
    mc_buffer        *out;
    const mc_lowered *model;
    const mc_program *program;
} printer;

static void put_operand(const printer *p, mc_operand at)
{
    print_operand(p->out, p->model, p->program, at);
}

static void print_embed(const printer *p, const mc_op *op)
{
    mc_buffer_add_text(p->out, "rows of ");
    print_weight(p->out, &op->weights[0]);
}

static void print_position(const printer *p, const mc_op *op)
{
    mc_buffer_printf(p->out, "itself + rows position + %zu of ", op->position_offset);
    print_weight(p->out, &op->weights[0]);
}

static void print_norm(const printer *p, const mc_op *op)
{
    mc_buffer_add_text(p->out, op->norm.kind == MC_NORM_RMS ? "rms_norm(" : "layer_norm(");
    put_operand(p, op->src);
    mc_buffer_printf(p->out, ", epsilon %g", (double)op->norm.epsilon);
    if (op->norm.groups > 1) mc_buffer_printf(p->out, ", %zu heads each", op->norm.groups);
    mc_buffer_add_char(p->out, ')');
    if (mc_weight_present(&op->weights[0])) {
        mc_buffer_add_text(p->out, " * ");
        print_weight(p->out, &op->weights[0]);
    }
    if (mc_weight_present(&op->biases[0])) {
        mc_buffer_add_text(p->out, " + ");
        print_weight(p->out, &op->biases[0]);
    }
}

/* src times `count` of the weights from `first` on. */
static void print_product(const printer *p, const mc_op *op, size_t first, size_t count)
{
    bool any = false;

    put_operand(p, op->src);
    mc_buffer_add_text(p->out, " * [");
    print_stack(p->out, op->weights + first, count);
    mc_buffer_add_text(p->out, "]");
    for (size_t i = first; i < first + count; i++)
        any = any || mc_weight_present(&op->biases[i]);
    if (!any) return;
    mc_buffer_add_text(p->out, " + [");
    print_stack(p->out, op->biases + first, count);
    mc_buffer_add_text(p->out, "]");
}

static void print_matmul(const printer *p, const mc_op *op)
{
    if (!op->gated) {
        print_product(p, op, 0, op->stack);
        return;
    }
    mc_buffer_printf(p->out, "%s(", activation_names[op->activation]);
    print_product(p, op, 0, 1);
    mc_buffer_add_text(p->out, ") * (");
    print_product(p, op, 1, 1);
    mc_buffer_add_char(p->out, ')');
}

static void print_rope(const printer *p, const mc_op *op)
{
    const mc_rope *rope = &p->model->ropes[op->rope];

    mc_buffer_printf(p->out, "rope %zu: %zu of %zu columns of %zu heads, %s", op->rope,
                     rope->rotary, op->head_dim, op->heads,
                     op->rope_kind == MC_ROPE_HALVES ? "halves" : "adjacent pairs");
    if (op->rope_offset) mc_buffer_printf(p->out, ", from column %zu", op->rope_offset);
}

static void print_attention(const printer *p, const mc_op *op)
{
    const mc_attention_params *a   = &op->attention;
    mc_buffer                 *out = p->out;

    mc_buffer_add_text(out, "attention(");
    put_operand(p, op->src);
    mc_buffer_add_text(out, ", ");
    put_operand(p, op->src2);
    mc_buffer_add_text(out, ", ");
    put_operand(p, op->src3);
    mc_buffer_printf(out, "; %zu heads of %zu", a->heads, a->head_dim);
    if (a->kv_heads != a->heads) mc_buffer_printf(out, ", %zu of keys and values", a->kv_heads);
    if (a->value_dim != a->head_dim) mc_buffer_printf(out, ", values of %zu", a->value_dim);
    mc_buffer_printf(out, ", scale %g", (double)a->scale);
    if (a->softcap > 0.0f) mc_buffer_printf(out, ", soft cap %g", (double)a->softcap);
    if (a->window) mc_buffer_printf(out, ", window %zu", a->window);
    if (a->slopes) mc_buffer_add_text(out, ", linear biases");
    if (a->sinks) mc_buffer_add_text(out, ", sinks");
    mc_buffer_add_char(out, ')');
}

static void print_activate(const printer *p, const mc_op *op)
{
    mc_buffer_printf(p->out, "%s(", activation_names[op->activation]);
    put_operand(p, op->src);
    mc_buffer_add_char(p->out, ')');
}

static void print_add(const printer *p, const mc_op *op)
{
    mc_buffer_add_text(p->out, "itself + ");
    if (op->scale != 1.0f) mc_buffer_printf(p->out, "%g * ", (double)op->scale);
    put_operand(p, op->src);
}

static void print_mul(const printer *p, const mc_op *op)
{
    if (mc_weight_present(&op->weights[0])) {
        put_operand(p, op->src);
        mc_buffer_add_text(p->out, " * ");
        print_weight(p->out, &op->weights[0]);
    } else {
        mc_buffer_add_text(p->out, "itself * ");
        put_operand(p, op->src);
    }
}

static void print_scale(const printer *p, const mc_op *op)
{
    mc_buffer_printf(p->out, "%g * ", (double)op->scale);
    put_operand(p, op->src);
}

static void print_scale_far(const printer *p, const mc_op *op)
{
    put_operand(p, op->src);
    mc_buffer_printf(p->out, " * (1 + %g ln(1 + floor(position / %zu)))", (double)op->scale,
                     op->position_offset);
}

static void print_clip(const printer *p, const mc_op *op)
{
    mc_buffer_add_text(p->out, "clip(");
    put_operand(p, op->src);
    mc_buffer_printf(p->out, ", %g)", (double)op->scale);
}

/* What stands right of "dst = ". */
static void (*const printers[MC_OP_COUNT])(const printer *p, const mc_op *op) = {
    [MC_OP_EMBED]     = print_embed,
    [MC_OP_POSITION]  = print_position,
    [MC_OP_NORM]      = print_norm,
    [MC_OP_MATMUL]    = print_matmul,
    [MC_OP_ROPE]      = print_rope,
    [MC_OP_ATTENTION] = print_attention,
    [MC_OP_ACTIVATE]  = print_activate,
    [MC_OP_ADD]       = print_add,
    [MC_OP_MUL]       = print_mul,
    [MC_OP_SCALE]     = print_scale,
    [MC_OP_SCALE_FAR] = print_scale_far,
    [MC_OP_CLIP]      = print_clip,
};

static void print_program(mc_buffer *out, const mc_lowered *model, const mc_program *program)
{
    printer p = { out, model, program };

    for (size_t i = 0; i < program->count; i++) {
        mc_buffer_add_text(out, "  ");
        put_operand(&p, program->ops[i].dst);
        mc_buffer_add_text(out, " = ");
        printers[program->ops[i].kind](&p, &program->ops[i]);
        mc_buffer_add_char(out, '\n');
    }
}

static bool same_weight(const mc_weight *a, const mc_weight *b)
{
    if (mc_weight_present(a) != mc_weight_present(b)) return false;
    return !mc_weight_present(a) ||
           (a->tensor->dtype == b->tensor->dtype && a->rows == b->rows && a->cols == b->cols &&
            a->row_first == b->row_first && a->scheme == b->scheme && a->bits == b->bits &&
            a->group == b->group);
}

static bool same_operand(mc_operand a, mc_operand b)
{
    return a.buffer == b.buffer && a.offset == b.offset && a.width == b.width;
}

static bool same_attention(const mc_attention_params *a, const mc_attention_params *b)
{
    return a->heads == b->heads && a->kv_heads == b->kv_heads && a->head_dim == b->head_dim &&
           a->value_dim == b->value_dim && a->scale == b->scale && a->softcap == b->softcap &&
           a->window == b->window && !a->slopes == !b->slopes && !a->sinks == !b->sinks;
}

/* Alike but for the tensors' names. */
static bool same_op(const mc_op *a, const mc_op *b)
{
    for (size_t i = 0; i < MC_STACK_MAX; i++)
        if (!same_weight(&a->weights[i], &b->weights[i]) ||
            !same_weight(&a->biases[i], &b->biases[i]))
            return false;
    return a->kind == b->kind && a->stack == b->stack && same_operand(a->dst, b->dst) &&
           same_operand(a->src, b->src) && same_operand(a->src2, b->src2) &&
           same_operand(a->src3, b->src3) && a->scale == b->scale &&
           a->position_offset == b->position_offset && a->activation == b->activation &&
           a->gated == b->gated && a->norm.kind == b->norm.kind &&
           a->norm.epsilon == b->norm.epsilon && a->norm.groups == b->norm.groups &&
           same_attention(&a->attention, &b->attention) && a->rope == b->rope &&
           a->rope_kind == b->rope_kind && a->rope_offset == b->rope_offset &&
           a->heads == b->heads && a->head_dim == b->head_dim && a->stage == b->stage;
}

static bool same_program(const mc_program *a, const mc_program *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_op(&a->ops[i], &b->ops[i])) return false;
    return true;
}

/* "blocks 1, 3, 5..8": those that are like block `first` (from 0). */
static void print_numbers(mc_buffer *out, const mc_lowered *model, size_t first)
{
    const char *between = " ";

    for (size_t i = first; i < model->block_count; i++) {
        size_t last = i;
        if (!same_program(&model->blocks[first], &model->blocks[i])) continue;
        while (last + 1 < model->block_count &&
               same_program(&model->blocks[first], &model->blocks[last + 1]))
            last++;
        mc_buffer_printf(out, "%s%zu", between, i + 1);
        if (last > i) mc_buffer_printf(out, "..%zu", last + 1);
        between = ", ";
        i       = last;
    }
}

static void print_blocks(mc_buffer *out, const mc_lowered *model)
{
    for (size_t i = 0; i < model->block_count; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = same_program(&model->blocks[j], &model->blocks[i]);
        if (seen) continue;
        mc_buffer_add_text(out, "block");
        print_numbers(out, model, i);
        mc_buffer_printf(out, " (tensors of block %zu)\n", i + 1);
        print_program(out, model, &model->blocks[i]);
    }
}

mc_status mc_lowered_print(const mc_lowered *lowered, char **text, mc_error *err)
{
    mc_buffer out = { 0 };
    mc_status status;

    mc_buffer_add_text(&out, "state 0\n");
    print_program(&out, lowered, &lowered->embed);
    print_blocks(&out, lowered);
    mc_buffer_add_text(&out, "final\n");
    print_program(&out, lowered, &lowered->final);
    status = mc_buffer_status(&out, err);
    if (status == MC_OK)
        *text = mc_buffer_take(&out);
    else
        mc_buffer_clear(&out);
    return status;
}
