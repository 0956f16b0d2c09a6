/* bench_peak.c - the float32 fused multiply-add peak of all cores (or of `threads`), as JSON.
 */
#include <stdio.h>
#include <stdlib.h>

#include "backend/cpu/peak.h"

int main(int argc, char **argv)
{
    const mc_backend *backend = NULL;
    mc_pool          *pool    = NULL;
    mc_error          err     = { 0 };

    if (mc_backend_find(NULL, &backend, &err) != MC_OK ||
        mc_pool_create(argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 0, &pool, &err) !=
            MC_OK) {
        fprintf(stderr, "%s\n", err.reason);
        return 1;
    }
    printf("{\"tier\": \"%s\", \"threads\": %zu, \"flopPerSecond\": %.0f}\n", backend->tier,
           mc_pool_size(pool), mc_cpu_fma_peak(backend, pool, 0.3));
    mc_pool_free(pool);
    return 0;
}
