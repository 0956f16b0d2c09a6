/* alibi.h - slopes of attention with linear biases. */
#ifndef MC_MODEL_ALIBI_H
#define MC_MODEL_ALIBI_H

#include <stddef.h>

/* Press et al. 2022, "Train Short, Test Long", arXiv:2108.12409, section 3, and the authors'
 * code for numbers of heads that are no power of two. */
void mc_alibi_slopes(size_t heads, float *slopes);

#endif
