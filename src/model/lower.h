/* lower.h - a model's description and its tensors to block programs. */
#ifndef MC_MODEL_LOWER_H
#define MC_MODEL_LOWER_H

#include "model/arch.h"
#include "model/program.h"

/* Every tensor that the programs need is found and checked here, and none is left over. */
mc_status mc_lower(const mc_store *store, const mc_arch *arch, const mc_hparams *hparams,
                   mc_lowered *lowered, mc_error *err);
void      mc_lowered_clear(mc_lowered *lowered);

#endif
