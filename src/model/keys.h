/* keys.h (private to model) - one key of a configuration applied to mc_hparams, whichever
 * dialect it was written in. */
#ifndef MC_MODEL_KEYS_H
#define MC_MODEL_KEYS_H

#include "model/arch.h"

typedef enum mc_setting_kind {
    MC_SETTING_ABSENT,
    MC_SETTING_NULL,
    MC_SETTING_NUMBER,
    MC_SETTING_FLAG,
    MC_SETTING_TEXT,
    MC_SETTING_OTHER
} mc_setting_kind;

typedef struct mc_setting {
    mc_setting_kind kind;
    double          number;
    bool            flag;
    const char     *text;
    size_t          size;
} mc_setting;

mc_setting mc_setting_of_json(mc_json_value value);
mc_setting mc_setting_of_gguf(const mc_store *store, const char *key);

/* `name` is the key as the file has it, for errors. */
mc_status mc_key_apply(const mc_key *key, const char *name, mc_setting setting,
                       mc_hparams *hparams, mc_error *err);

/* "silu", "gelu_new", ... */
bool mc_activation_find(const char *name, size_t size, mc_activation *activation);

/* The readers of the two dialects: scalars, ropes, windows of the blocks. */
mc_status mc_hparams_read_config(mc_json_value config, const mc_arch *arch, mc_hparams *hparams,
                                 mc_error *err);
mc_status mc_hparams_read_ropes(mc_json_value config, mc_hparams *hparams, mc_error *err);
mc_status mc_hparams_read_gguf(const mc_store *store, const mc_arch *arch, mc_hparams *hparams,
                               mc_error *err);

/* Shared by them. First the sizes that follow from others, and the blocks' array with what the
 * row's rules say; then, when a list has changed the blocks, what follows from those. */
mc_status mc_hparams_derive(mc_hparams *hparams, mc_error *err);
mc_status mc_hparams_finish(mc_hparams *hparams, mc_error *err);
/* A block that sees everything gets the heads that the family has for such blocks. */
void mc_hparams_set_full_heads(const mc_hparams *hparams, mc_layer *layer);
/* Columns of a head in the first block that slides, or that does not. */
size_t mc_hparams_head_dim(const mc_hparams *hparams, bool slides);
/* The rope's numbers make sense. */
mc_status mc_rope_spec_check(const mc_rope_spec *spec, size_t head_dim, mc_error *err);

#endif
