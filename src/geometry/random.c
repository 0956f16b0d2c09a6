/* random.c - see random.h for the sources. */
#include "geometry/random.h"

#include <math.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

mc_random mc_random_init(uint64_t seed, uint64_t purpose, uint64_t job)
{
    uint64_t  state = seed;
    mc_random random;

    /* Each part goes through the mixer before the next is added: (1, 2) is not (2, 1). */
    state = splitmix(&state) ^ purpose;
    state = splitmix(&state) ^ job;
    for (size_t i = 0; i < 4; i++)
        random.state[i] = splitmix(&state);
    return random;
}

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t mc_random_next(mc_random *random)
{
    uint64_t      *s      = random->state;
    const uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* High and low words of x * y. */
static uint64_t multiply(uint64_t x, uint64_t y, uint64_t *low)
{
    const uint64_t x0 = x & 0xffffffff, x1 = x >> 32, y0 = y & 0xffffffff, y1 = y >> 32;
    const uint64_t a = x0 * y0, b = x1 * y0 + (a >> 32), c = x0 * y1 + (b & 0xffffffff);

    *low = x * y;
    return x1 * y1 + (b >> 32) + (c >> 32);
}

uint64_t mc_random_below(mc_random *random, uint64_t bound)
{
    uint64_t       low, high = multiply(mc_random_next(random), bound, &low);
    const uint64_t reject = (0 - bound) % bound;

    while (low < reject)
        high = multiply(mc_random_next(random), bound, &low);
    return high;
}

double mc_random_uniform(mc_random *random)
{
    return (double)(mc_random_next(random) >> 11) * 0x1p-53;
}

double mc_random_normal(mc_random *random)
{
    const double u = 1 - mc_random_uniform(random), v = mc_random_uniform(random);

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

void mc_random_order(mc_random *random, size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t other = mc_random_below(random, i), swap = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swap;
    }
}

/* Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S). */
void mc_random_subset(mc_random *random, size_t n, size_t m, size_t *subset)
{
    size_t count = 0;

    for (size_t i = 0; i < n && count < m; i++)
        if (mc_random_below(random, n - i) < m - count) subset[count++] = i;
}
