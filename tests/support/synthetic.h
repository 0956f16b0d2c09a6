/* synthetic.h - a lowered model without a file: one block of every kind of operation that the
 * engine treats in its own way, of seeded weights; and texts for it. */
#ifndef MC_TEST_SYNTHETIC_H
#define MC_TEST_SYNTHETIC_H

#include "engine/engine.h"
#include "model/program.h"
#include "support/lab.h"

typedef struct mc_test_model {
    mc_lowered lowered;
    mc_program blocks[4];
    mc_rope    ropes[2];
} mc_test_model;

enum { MC_TEST_VOCABULARY = 50 };

/* Four blocks of hidden 24: grouped heads with narrower values, windows and ALiBi in turn, one
 * rope for all lengths and one that changes beyond 220 tokens, learned positions up to
 * `hard_context` (0: none), a persistent buffer, and a `final` of width 10. */
void mc_test_model_make(mc_test_lab *lab, size_t hard_context, mc_test_model *model);

/* One block of hidden 8 whose attention looks `window` keys back. */
void mc_test_model_make_small(mc_test_lab *lab, size_t window, mc_test_model *model);

/* Texts of the given lengths; about half of them begin like the text before, one in eight is a
 * copy of it as far as the lengths allow. */
mc_texts mc_test_texts(mc_test_lab *lab, const size_t *lengths, size_t count,
                       uint32_t vocabulary);

#endif
