/* backend_table.c - the backends by name. */
#include "backend/backend.h"

#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"

const char *mc_backend_cpu_tier_name(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (!mc_cpu_tiers[i].name) return NULL;
    return mc_cpu_tiers[index].name;
}

const mc_backend *mc_backend_cpu_tier(const char *tier)
{
    for (const mc_cpu_tier *t = mc_cpu_tiers; t->name; t++)
        if (strcmp(t->name, tier) == 0) return t->available() ? t->backend : NULL;
    return NULL;
}

static const mc_backend *widest(void)
{
    const mc_backend *best = NULL;

    for (const mc_cpu_tier *t = mc_cpu_tiers; t->name; t++)
        if (t->available()) best = t->backend;
    return best;
}

static mc_status find_cpu(const mc_backend **backend, mc_error *err)
{
    const char *tier = getenv("MC_CPU");

    if (!tier || !*tier) {
        *backend = widest();
        return MC_OK;
    }
    for (const mc_cpu_tier *t = mc_cpu_tiers; t->name; t++) {
        if (strcmp(t->name, tier) != 0) continue;
        if (!t->available())
            return mc_fail(err, MC_ERR_UNSUPPORTED,
                           "unset MC_CPU to use the best tier there is",
                           "MC_CPU=%s: this machine does not have these instructions", tier);
        *backend = t->backend;
        return MC_OK;
    }
    return mc_fail(err, MC_ERR_ARGUMENT,
                   "mc system status lists them; unset it to use the best",
                   "MC_CPU=%s: unknown instruction set", tier);
}

mc_status mc_backend_find(const char *name, const mc_backend **backend, mc_error *err)
{
    if (!name || strcmp(name, "cpu") == 0) return find_cpu(backend, err);
    if (strcmp(name, "ref") == 0) {
        *backend = &mc_backend_ref;
        return MC_OK;
    }
    return mc_fail(err, MC_ERR_ARGUMENT, "use cpu or ref", "unknown backend '%s'", name);
}
