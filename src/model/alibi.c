/* alibi.c - see alibi.h. */
#include "model/alibi.h"

#include <math.h>

void mc_alibi_slopes(size_t heads, float *slopes)
{
    size_t power = 1;

    while (power * 2 <= heads)
        power *= 2;
    for (size_t i = 0; i < heads; i++) {
        /* 2^(-8/n), 2^(-16/n), ... for the n heads up to the power of two; the others take
         * every second one of the sequence for 2 n. */
        double step = i < power ? 8.0 / (double)power * (double)(i + 1)
                                : 4.0 / (double)power * (double)(2 * (i - power) + 1);
        slopes[i]   = (float)exp2(-step);
    }
}
