/* lab.c - see lab.h. */
#include "support/lab.h"

#include <stdlib.h>

#include "support/check.h"

void mc_test_lab_clear(mc_test_lab *lab)
{
    for (size_t i = 0; i < lab->count; i++)
        free(lab->blocks[i]);
    free(lab->blocks);
    *lab = (mc_test_lab){ .seed = lab->seed };
}

void *mc_test_take(mc_test_lab *lab, size_t bytes)
{
    void *block = NULL;

    if (lab->count == lab->capacity) {
        lab->capacity = lab->capacity ? 2 * lab->capacity : 64;
        lab->blocks   = realloc(lab->blocks, lab->capacity * sizeof *lab->blocks);
        assert_non_null(lab->blocks);
    }
    assert_int_equal(posix_memalign(&block, 64, bytes ? bytes : 1), 0);
    memset(block, 0, bytes ? bytes : 1);
    lab->blocks[lab->count++] = block;
    return block;
}

/* splitmix64 (Steele, Lea & Flood 2014) */
static uint64_t next(mc_test_lab *lab)
{
    uint64_t z = lab->seed += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double mc_test_uniform(mc_test_lab *lab)
{
    return (double)(next(lab) >> 11) * 0x1p-52 - 1.0;
}

uint32_t mc_test_below(mc_test_lab *lab, uint32_t most)
{
    return (uint32_t)((next(lab) >> 32) * most >> 32);
}

float *mc_test_floats(mc_test_lab *lab, size_t count, double scale)
{
    float *out = mc_test_take(lab, count * sizeof *out);

    for (size_t i = 0; i < count; i++)
        out[i] = (float)(scale * mc_test_uniform(lab));
    return out;
}

mc_weight mc_test_weight(mc_test_lab *lab, size_t rows, size_t cols, double scale)
{
    mc_tensor *tensor = mc_test_take(lab, sizeof *tensor);
    float     *values = mc_test_floats(lab, rows * cols, scale);

    *tensor = (mc_tensor){
        .name  = "synthetic",
        .dtype = MC_DTYPE_F32,
        .rank  = cols > 1 ? 2 : 1,
        .shape = { rows, cols },
        .bytes = { (const uint8_t *)values, rows * cols * sizeof *values },
    };
    return (mc_weight){ .tensor = tensor, .rows = rows, .cols = cols };
}
