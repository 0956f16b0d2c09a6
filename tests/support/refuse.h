/* refuse.h - what the name of a file to refuse promises. */
#ifndef MC_TEST_REFUSE_H
#define MC_TEST_REFUSE_H

#include <modelcypher/error.h>

/* "tensor_past_end(truncated).gguf" must give MC_ERR_TRUNCATED, with subject, reason and hint.
 */
void mc_test_refused(const char *name, mc_status status, const mc_error *err);

#endif
