/* rope.c - the angles of a rotary embedding for a text of a given length. */
#include <math.h>
#include <string.h>

#include "model/program.h"

void mc_rope_for_length(const mc_rope *rope, size_t length, float *out, float *scale)
{
    size_t pairs = rope->rotary / 2;
    double base, n = (double)length, original = (double)rope->switch_length;

    *scale = rope->scale;
    memcpy(out, rope->frequency, pairs * sizeof *out);
    if (!rope->switch_length || length <= rope->switch_length) return;
    if (!rope->dynamic) {
        *scale = rope->long_scale;
        memcpy(out, rope->long_frequency, pairs * sizeof *out);
        return;
    }
    base = rope->base * pow(rope->factor * n / original - (rope->factor - 1.0),
                            (double)rope->rotary / ((double)rope->rotary - 2.0));
    for (size_t i = 0; i < pairs; i++)
        out[i] = (float)(1.0 / pow(base, 2.0 * (double)i / (double)rope->rotary));
}
