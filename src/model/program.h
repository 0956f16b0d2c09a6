/* program.h - what a model is lowered to: short lists of operations on named buffers.
 *
 * A model is three kinds of program over the same operations: `embed` makes state 0 from token
 * ids, one per block makes state k from state k-1, `final` applies what stands behind the last
 * block. An architecture has no code of its own: everything that distinguishes it is in these
 * lists.
 *
 * Buffers are matrices [rows, width] of float32, one row a token. Buffer 0 is the residual
 * stream `x` and lives through all blocks; a `persistent` buffer does too (it is filled by
 * `embed`); every other buffer is scratch of one block. An operand is a run of columns of a
 * buffer. Operations act on each row alone, except attention, which looks at the rows of the
 * same text up to its own position. Unless said otherwise dst may be the same columns as src.
 */
#ifndef MC_MODEL_PROGRAM_H
#define MC_MODEL_PROGRAM_H

#include <stdbool.h>

#include "base/error.h"
#include "model/weight.h"

enum { MC_BUFFERS_MAX = 16, MC_STACK_MAX = 4, MC_X = 0 };

typedef struct mc_operand {
    int    buffer;
    size_t offset, width; /* columns offset .. offset + width - 1 */
} mc_operand;

typedef enum mc_op_kind {
    MC_OP_EMBED,    /* dst = row `token id` of weights[0] */
    MC_OP_POSITION, /* dst += row `position + position_offset` of weights[0] (learned positions)
                     */
    MC_OP_NORM,     /* dst = norm(src) * weights[0] + biases[0], see mc_norm_params */
    MC_OP_MATMUL,   /* dst = src * stacked(weights)^T + stacked(biases); dst differs from src.
                       `gated`: of two weights, dst = activation(first result) * second */
    MC_OP_ROPE,     /* rotate dst in place: `heads` heads of head_dim columns */
    MC_OP_ATTENTION, /* dst = causal attention of src = q over k and v */
    MC_OP_ACTIVATE,  /* dst = activation(src) */
    MC_OP_ADD,       /* dst += scale * src */
    MC_OP_MUL,       /* dst *= src; with weights[0]: dst = src * vector */
    MC_OP_SCALE,     /* dst = scale * src */
    MC_OP_SCALE_FAR, /* dst = src * (1 + scale * ln(1 + floor(position / position_offset))) */
    MC_OP_CLIP,      /* dst = min(max(src, -limit), limit); limit in `scale` */
    MC_OP_COUNT
} mc_op_kind;

typedef enum mc_norm_kind { MC_NORM_RMS, MC_NORM_LAYER } mc_norm_kind;

typedef enum mc_activation {
    MC_ACT_SILU,
    MC_ACT_GELU,       /* x Phi(x), by erf */
    MC_ACT_GELU_TANH,  /* Hendrycks & Gimpel 2016, the tanh form */
    MC_ACT_GELU_QUICK, /* x sigmoid(1.702 x) */
    MC_ACT_RELU,
    MC_ACT_RELU2, /* max(x, 0)^2 */
    MC_ACT_XIELU, /* Huang & Schlag 2024; parameters in mc_op.xielu */
    MC_ACT_TANH,
    MC_ACT_SIGMOID,
    MC_ACT_COUNT
} mc_activation;

/* Each of `groups` equal parts of the row is normalised by itself (heads of QK norm). The
 * weight and bias vectors have either the width of one part, shared by all, or of the whole
 * row. */
typedef struct mc_norm_params {
    mc_norm_kind kind;
    float        epsilon;
    size_t       groups; /* 1 for a whole row */
} mc_norm_params;

typedef enum mc_rope_kind {
    MC_ROPE_HALVES, /* pairs (i, i + rotary/2): most Hugging Face files */
    MC_ROPE_PAIRS   /* pairs (2i, 2i + 1): GGUF files of the llama family, GPT-J, Cohere, ... */
} mc_rope_kind;

/* Rotary embedding (Su et al. 2021). The angle of pair i at position p is the float32 product
 * p * frequency[i], as the reference implementation rounds it. Programs share these by index.
 */
typedef struct mc_rope {
    size_t rotary;    /* columns of a head that are rotated, even; the rest are left alone */
    float *frequency; /* [rotary / 2], owned by the model */
    float  scale;     /* cos and sin are multiplied by it (yarn, longrope); usually 1 */
    /* Texts longer than `switch_length` tokens use other values (longrope); 0: never. */
    size_t switch_length;
    float *long_frequency;
    float  long_scale;
    /* Dynamic NTK: for a text of n > switch_length tokens the base becomes
     * base * (factor * n / switch_length - (factor - 1)) ^ (rotary / (rotary - 2)). */
    bool   dynamic;
    double base, factor;
} mc_rope;

/* frequency and scale for a text of `length` tokens; `out` has rotary / 2 elements. */
void mc_rope_for_length(const mc_rope *rope, size_t length, float *out, float *scale);

typedef struct mc_attention_params {
    size_t heads, kv_heads;
    size_t head_dim, value_dim; /* of q and k; of v and the output */
    float  scale;               /* scores = scale * q.k, then */
    float  softcap;             /* softcap * tanh(scores / softcap) when > 0, then */
    float *slopes;    /* + slope[head] * (key position - query position); NULL: no ALiBi.
                         [heads], owned by the model */
    float slope_unit; /* > 0: slope * position is rounded to bfloat16, of the key and of the
                         query, and their difference counts so much */
    size_t window;    /* keys at most window - 1 positions back; 0: all */
    float *sinks;     /* [heads] extra logits that take weight and add nothing; NULL */
} mc_attention_params;

typedef struct mc_op {
    mc_op_kind     kind;
    mc_operand     dst, src, src2, src3; /* attention: src q, src2 k, src3 v */
    size_t         stack;                /* weights in use */
    mc_weight      weights[MC_STACK_MAX];
    mc_weight      biases[MC_STACK_MAX]; /* each absent or as long as its weight has rows */
    float          scale;
    size_t         position_offset;
    mc_activation  activation;
    bool           gated;
    float          xielu[4]; /* alpha_p, alpha_n (after softplus), beta, eps */
    mc_norm_params norm;
    mc_attention_params attention;
    /* Of MC_OP_ROPE: index into mc_lowered.ropes, that rope's kind, the first rotated column
     * inside a head, and the heads of dst. */
    size_t       rope;
    mc_rope_kind rope_kind;
    size_t       rope_offset;
    size_t       heads, head_dim;
    int          stage; /* all tiles meet between stages; 0 everywhere in a dense block */
} mc_op;

typedef struct mc_program {
    mc_op *ops;
    size_t count;
    size_t widths[MC_BUFFERS_MAX]; /* of the buffers this program uses; 0: not used */
} mc_program;

typedef struct mc_lowered {
    size_t hidden;      /* width of x: of every state 0..L */
    size_t final_width; /* of `final`: hidden, unless the model projects it */
    size_t vocabulary;  /* rows of the embedding: token ids must be below */
    size_t block_count;
    size_t context;      /* longest text the model was made for, in tokens; 0: no limit known */
    size_t hard_context; /* longer texts cannot be run (learned positions); 0: no such limit */
    mc_program embed,
        final; /* `final` reads x and writes x (or buffer 1 when the width differs) */
    mc_program *blocks;
    mc_rope    *ropes;
    size_t      rope_count;
    float      *slopes; /* of every attention with linear biases; NULL: none has */
    bool        persistent[MC_BUFFERS_MAX];
    const char *buffer_names[MC_BUFFERS_MAX]; /* "x", "normed", "qkv", ... for explain */
} mc_lowered;

#endif
