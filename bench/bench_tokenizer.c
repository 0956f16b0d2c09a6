/* bench_tokenizer.c - seconds to open a tokenizer: the best and the median of several times.
 *
 *     bench_tokenizer TOKENIZER...      tokenizer.json files, folders or .gguf files */
#include <modelcypher/tokenizer.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

enum { TIMES = 7 };

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static int measure(const char *path)
{
    double   seconds[TIMES];
    size_t   vocabulary = 0;
    mc_error err        = { 0 };

    for (int i = 0; i < TIMES; i++) {
        mc_tokenizer *tokenizer = NULL;
        double        started   = mc_clock();
        if (mc_tokenizer_open(path, &tokenizer, &err) != MC_OK) {
            fprintf(stderr, "%s: %s\n", err.subject, err.reason);
            return 1;
        }
        seconds[i] = mc_clock() - started;
        vocabulary = mc_tokenizer_get_info(tokenizer)->vocabulary;
        mc_tokenizer_close(tokenizer);
    }
    qsort(seconds, TIMES, sizeof *seconds, compare);
    printf("%-40s %8zu tokens  best %.3f s  median %.3f s\n", path, vocabulary, seconds[0],
           seconds[TIMES / 2]);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= measure(argv[i]);
    return failed;
}
