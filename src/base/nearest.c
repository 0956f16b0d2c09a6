/* nearest.c - edit distance for suggestions. */
#include "base/nearest.h"

#include <string.h>

enum { LENGTH_MAX = 128 };

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t mc_edit_distance(const char *a, const char *b)
{
    size_t rows[3][LENGTH_MAX + 1]; /* of the dynamic program: two before, before, this */
    size_t m = least(strlen(a), LENGTH_MAX), n = least(strlen(b), LENGTH_MAX);

    for (size_t j = 0; j <= n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t replace = before[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));
            now[j]         = least(replace, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

void mc_nearest_offer(mc_nearest *nearest, const char *name)
{
    size_t length   = strlen(nearest->typed);
    size_t distance = mc_edit_distance(nearest->typed, name);

    /* Further than a third of what was typed is not what was meant. */
    if (distance > (length + 2) / 3) return;
    if (nearest->best && distance >= nearest->distance) return;
    nearest->best     = name;
    nearest->distance = distance;
}
