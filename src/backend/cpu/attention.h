/* attention.h - causal attention of one tile, blocked over keys. */
#ifndef MC_BACKEND_CPU_ATTENTION_H
#define MC_BACKEND_CPU_ATTENTION_H

#include "backend/backend.h"

mc_op_run mc_attention_cpu;
size_t    mc_attention_cpu_scratch(const mc_op *op, size_t rows);

#endif
