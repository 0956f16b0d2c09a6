/* golden_matrix.c - see golden_matrix.h. */
#include "support/golden_matrix.h"

#include <stdlib.h>

#include "support/check.h"

mc_json *mc_test_golden(const char *name)
{
    char     path[512];
    mc_json *json;
    mc_error err = { 0 };

    snprintf(path, sizeof path, MC_TEST_FOLDER "/golden/metrics/%s", name);
    CHECK_OK(name, mc_json_load(path, (size_t)64 << 20, &json, &err));
    return json;
}

mc_matrix mc_test_matrix(mc_json_value rows)
{
    mc_matrix    matrix = { .rows = mc_json_count(rows) };
    mc_json_iter row    = mc_json_iterate(rows);
    float       *data   = NULL;
    size_t       at     = 0;

    while (mc_json_next(&row)) {
        if (!data) {
            matrix.cols = matrix.stride = mc_json_count(row.value);
            data                        = calloc(matrix.rows * matrix.cols, sizeof *data);
        }
        for (mc_json_iter it = mc_json_iterate(row.value); mc_json_next(&it);) {
            double value;
            CHECK("golden matrix", data && at < matrix.rows * matrix.cols);
            CHECK("golden matrix", mc_json_double(it.value, &value));
            data[at++] = (float)value;
        }
    }
    CHECK("golden matrix", at > 0 && at == matrix.rows * matrix.cols);
    matrix.data = data;
    return matrix;
}

double mc_test_number(mc_json_value object, const char *key)
{
    double value = 0;

    CHECK(key, mc_json_double(mc_json_get(object, key), &value));
    return value;
}
