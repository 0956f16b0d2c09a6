/* model.h (model) - an open model, as the engine and the analyses see it. */
#ifndef MC_MODEL_MODEL_H
#define MC_MODEL_MODEL_H

#include <modelcypher/model.h>

#include "format/format.h"
#include "model/program.h"

const mc_store   *mc_model_store(const mc_model *model);
const mc_lowered *mc_model_lowered(const mc_model *model);

/* Kinds, parameters and bytes of what the programs read, added to *sum. */
void mc_lowered_count(const mc_lowered *lowered, mc_model_inventory *sum);
/* The programs as text. */
mc_status mc_lowered_print(const mc_lowered *lowered, char **text, mc_error *err);

#endif
