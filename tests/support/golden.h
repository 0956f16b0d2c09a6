/* golden.h - hidden states that another implementation computed, and ours beside them. */
#ifndef MC_TEST_GOLDEN_H
#define MC_TEST_GOLDEN_H

#include "backend/backend.h"

/* Run the model at `path` over the texts of a golden file (make_arch.py says what is in it) and
 * return the largest relative L2 distance of any token's row in any state; NAN, with a message,
 * when the model does not run or a state is missing. */
double mc_test_golden_error(const char *path, const char *golden, const mc_backend *backend);

#endif
