/* op_profile.c - what an operation reads, writes and computes. */
#include "engine/op_profile.h"

static const char *const names[MC_OP_COUNT] = {
    [MC_OP_EMBED]     = "embed",
    [MC_OP_POSITION]  = "position",
    [MC_OP_NORM]      = "norm",
    [MC_OP_MATMUL]    = "matmul",
    [MC_OP_ROPE]      = "rope",
    [MC_OP_ATTENTION] = "attention",
    [MC_OP_ACTIVATE]  = "activate",
    [MC_OP_ADD]       = "add",
    [MC_OP_MUL]       = "mul",
    [MC_OP_SCALE]     = "scale",
    [MC_OP_SCALE_FAR] = "scale far",
    [MC_OP_CLIP]      = "clip",
};

/* Pairs of a query and a key that it sees; unwanted queries ask nothing. */
static double count_keys(const mc_op *op, const mc_tile *tile)
{
    const size_t window = op->attention.window;
    double       keys   = 0.0;

    for (size_t t = 0; t < tile->text_count; t++) {
        const mc_text_rows *text = &tile->texts[t];
        for (size_t i = 0; i < text->own; i++) {
            size_t seen = text->first + i + 1;
            if (tile->wanted && !tile->wanted[text->row + i]) continue;
            keys += (double)(window && seen > window ? window : seen);
        }
    }
    return keys;
}

static double flop_of(const mc_op *op, const mc_tile *tile)
{
    const mc_attention_params *a = &op->attention;

    if (op->kind == MC_OP_MATMUL)
        return 2.0 * (double)tile->rows * (double)mc_op_stacked_rows(op) *
               (double)op->weights[0].cols;
    if (op->kind == MC_OP_ATTENTION)
        return 2.0 * count_keys(op, tile) * (double)a->heads *
               (double)(a->head_dim + a->value_dim);
    return 0.0;
}

mc_profile_call mc_op_profile_call(const mc_op *op, const mc_tile *tile)
{
    const bool      product = op->kind == MC_OP_MATMUL;
    mc_profile_call call    = { .kind = MC_PROFILE_OPERATION, .name = names[op->kind] };
    const size_t    touched = op->dst.width + op->src.width + op->src2.width + op->src3.width;

    if (!mc_profile_is_on()) return call;
    call.columns = product ? mc_op_stacked_rows(op) : 0;
    call.depth   = product ? op->weights[0].cols : 0;
    call.bytes   = (double)sizeof(float) * ((double)tile->rows * (double)touched +
                                          (double)call.columns * (double)call.depth);
    call.flop    = flop_of(op, tile);
    return call;
}

void mc_op_profile_end_stage(mc_profile_mark begun, const mc_backend *backend, const mc_op *op)
{
    mc_profile_call call = { .kind = MC_PROFILE_OPERATION, .name = "widen" };

    if (begun.wall == 0.0) return;
    call.bytes = (double)backend->staged_size(op) / (double)backend->stage_jobs(op);
    mc_profile_end(begun, &call);
}
