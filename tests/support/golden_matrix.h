/* golden_matrix.h - matrices and numbers out of tests/golden/metrics/<name>.json. */
#ifndef MC_TEST_GOLDEN_MATRIX_H
#define MC_TEST_GOLDEN_MATRIX_H

#include <modelcypher/geometry.h>

#include "base/json.h"

/* The parsed file; fails the test when it cannot be read. Free with mc_json_free. */
mc_json *mc_test_golden(const char *name);
/* An array of rows as a matrix; data belongs to the caller (free). */
mc_matrix mc_test_matrix(mc_json_value rows);
/* A number that must be there. */
double mc_test_number(mc_json_value object, const char *key);

#endif
