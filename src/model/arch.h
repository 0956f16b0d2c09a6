/* arch.h - an architecture is a row of data: how its files name things, which keys of its
 * configuration mean what, and what its blocks are made of. hparams.c turns a row and a file's
 * configuration into mc_hparams, lower.c those into block programs; neither knows a name. */
#ifndef MC_MODEL_ARCH_H
#define MC_MODEL_ARCH_H

#include <math.h>

#include "format/format.h"
#include "model/hparams.h"

typedef enum mc_role {
    MC_ROLE_EMBED,
    MC_ROLE_EMBED_NORM,
    MC_ROLE_POSITION,
    MC_ROLE_PROJECT_IN, /* embedding to x, where their widths differ */
    MC_ROLE_FINAL_NORM,
    MC_ROLE_PER_LAYER_EMBED, /* inputs of every block for each token, and what x adds to them */
    MC_ROLE_PER_LAYER_PROJECT,
    MC_ROLE_PER_LAYER_NORM,
    MC_ROLE_BLOCK_FIRST, /* from here on the names hold "%d", the block */
    MC_ROLE_ATTN_NORM = MC_ROLE_BLOCK_FIRST,
    MC_ROLE_ATTN_POST_NORM, /* on what attention adds */
    MC_ROLE_FFN_NORM,
    MC_ROLE_FFN_POST_NORM,
    MC_ROLE_Q,
    MC_ROLE_K,
    MC_ROLE_V,
    MC_ROLE_QKV,    /* the three in one tensor, see mc_fuse */
    MC_ROLE_Q_NORM, /* a second "%d" is the head */
    MC_ROLE_K_NORM,
    MC_ROLE_O,
    MC_ROLE_GATE,
    MC_ROLE_UP,
    MC_ROLE_GATE_UP, /* the two in one tensor, gate first */
    MC_ROLE_DOWN,
    MC_ROLE_XIELU,      /* parameters of that activation */
    MC_ROLE_INPUT_GATE, /* from x, to weigh the block's own input; back to x; norm of that */
    MC_ROLE_INPUT_PROJECT,
    MC_ROLE_INPUT_NORM,
    MC_ROLE_LAYER_SCALAR, /* one value that x is multiplied with */
    MC_ROLE_COUNT
} mc_role;

/* Role -> name without ".weight" or ".bias"; "%d" is the block; "a|b": whichever the file has.
 * Hugging Face names are relative
 * to the language model's part of the file: the first of `prefixes` that leads to an embedding
 * is that part's. NULL ends the prefixes. */
typedef struct mc_names {
    const char *const *prefixes;
    const char        *stems[MC_ROLE_COUNT][MC_DIALECT_COUNT];
} mc_names;

/* What a key of the configuration sets in mc_hparams. */
typedef enum mc_key_kind {
    MC_KEY_SIZE,       /* size_t */
    MC_KEY_NUMBER,     /* double */
    MC_KEY_FLAG,       /* bool */
    MC_KEY_NOT,        /* bool, the opposite of the key's value */
    MC_KEY_BITS,       /* true sets `bits` of an unsigned, false clears them */
    MC_KEY_ACTIVATION, /* mc_activation by name */
    MC_KEY_GELU_TANH,  /* the same, but the name "gelu" means its tanh form */
    MC_KEY_PATTERN,    /* size_t; also as text: "LLLG" is 4 */
    MC_KEY_FIXED,      /* anything but the value `otherwise` is refused by name */
    MC_KEY_GIVEN       /* the same, and it must be there */
} mc_key_kind;

/* The value of an absent key is `otherwise`; or the key is required, or what stands in the
 * row's `base` holds. */
#define MC_REQUIRED ((double)INFINITY)
#define MC_KEEP ((double)-INFINITY)

typedef struct mc_key {
    const char *name; /* NULL ends a list; "a.b" is b of the object a */
    mc_key_kind kind;
    size_t      field; /* offset in mc_hparams */
    double      otherwise;
    unsigned    bits;
} mc_key;

typedef struct mc_arch {
    const char     *name; /* `model_type` of config.json; NULL ends the table */
    const char     *gguf; /* `general.architecture`; NULL: not a GGUF architecture */
    const char     *title;
    const mc_names *names;
    const mc_key   *keys;      /* of config.json */
    const mc_key   *gguf_keys; /* beyond those that all GGUF architectures have; may be NULL */
    mc_hparams      base;      /* what the keys change */
} mc_arch;

extern const mc_arch mc_arch_table[];

/* By `model_type` or `general.architecture`; NULL: unknown. */
const mc_arch *mc_arch_find(mc_dialect dialect, const char *name, size_t size);
/* What an architecture is that is known and not read ("a mixture of experts"); NULL: unknown.
 */
const char *mc_arch_unread(const char *name, size_t size);
/* MC_ERR_ARCHITECTURE with what it is, or the nearest known name and the list. */
mc_status mc_arch_fail(mc_dialect dialect, const char *name, size_t size, mc_error *err);

#endif
