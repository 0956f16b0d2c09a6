/* bench_crm.c - how fast concept response matrices are written and read: a CRM, written again
 * in both forms and read back, as JSON. Medians; writing ends with the file safe on the disk,
 * `layers` are the seconds until the last layer has been handed over.
 *
 *     bench_crm CRM OUT [rounds]      makes OUT.json and OUT.safetensors, and removes them */
#include <modelcypher/capture.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "median.h"

enum { ROUNDS_MAX = 9 };

typedef struct times {
    double   layers[ROUNDS_MAX], write[ROUNDS_MAX], read[ROUNDS_MAX];
    uint64_t bytes;
} times;

static mc_crm_plan plan_of(const mc_crm_info *info, const char *path)
{
    return (mc_crm_plan){ .path          = path,
                          .model         = info->model,
                          .created_at    = info->created_at,
                          .provenance    = info->provenance,
                          .block_count   = info->block_count,
                          .hidden        = info->hidden,
                          .layers        = info->layers,
                          .pooling       = info->pooling,
                          .probe_ids     = info->probe_ids,
                          .probe_count   = info->probe_count,
                          .texts         = info->texts,
                          .split         = info->has_split,
                          .control       = info->has_control,
                          .control_texts = info->control_texts };
}

static mc_status put_layers(mc_crm_writer *writer, const mc_crm *crm, mc_error *err)
{
    const mc_layers *layers = &mc_crm_get_info(crm)->layers;

    for (size_t i = 0; i < layers->count; i++) {
        const float *parts[MC_CRM_PART_COUNT];

        for (int part = 0; part < MC_CRM_PART_COUNT; part++)
            parts[part] = mc_crm_values(crm, layers->items[i], (mc_crm_part)part);
        MC_TRY(mc_crm_writer_put(writer, layers->items[i], parts, err));
    }
    return MC_OK;
}

static mc_status write_once(const mc_crm *crm, const char *path, times *t, size_t round,
                            mc_error *err)
{
    const mc_crm_plan plan    = plan_of(mc_crm_get_info(crm), path);
    double            started = mc_clock();
    mc_crm_writer    *writer;
    mc_status         status;

    MC_TRY(mc_crm_writer_open(&plan, &writer, err));
    status           = put_layers(writer, crm, err);
    t->layers[round] = mc_clock() - started;
    if (status == MC_OK) status = mc_crm_writer_finish(writer, &t->bytes, err);
    t->write[round] = mc_clock() - started;
    mc_crm_writer_close(writer);
    return status;
}

static mc_status read_once(const char *path, times *t, size_t round, mc_error *err)
{
    double  started = mc_clock();
    mc_crm *crm;

    MC_TRY(mc_crm_open(path, &crm, err));
    t->read[round] = mc_clock() - started;
    mc_crm_close(crm);
    return MC_OK;
}

static mc_status run_form(const mc_crm *crm, const char *out, const char *form, size_t rounds,
                          mc_error *err)
{
    mc_buffer path   = { 0 };
    times     t      = { 0 };
    mc_status status = MC_OK;

    mc_buffer_printf(&path, "%s.%s", out, form);
    MC_TRY(mc_buffer_status(&path, err));
    for (size_t round = 0; round < rounds && status == MC_OK; round++) {
        status = write_once(crm, path.data, &t, round, err);
        if (status == MC_OK) status = read_once(path.data, &t, round, err);
    }
    unlink(path.data);
    mc_buffer_clear(&path);
    if (status == MC_OK)
        printf("\"%s\": {\"bytes\": %llu, \"layers\": %.5f, \"write\": %.5f, \"read\": %.5f}",
               form, (unsigned long long)t.bytes, mc_median(t.layers, rounds),
               mc_median(t.write, rounds), mc_median(t.read, rounds));
    return status;
}

int main(int argc, char **argv)
{
    size_t    rounds = argc > 3 ? (size_t)strtoull(argv[3], NULL, 10) : 5;
    mc_crm   *crm    = NULL;
    mc_error  err    = { 0 };
    mc_status status;

    if (argc < 3 || rounds == 0 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench_crm CRM OUT [rounds]\n");
        return 2;
    }
    status = mc_crm_open(argv[1], &crm, &err);
    printf("{");
    if (status == MC_OK) status = run_form(crm, argv[2], "json", rounds, &err);
    printf(", ");
    if (status == MC_OK) status = run_form(crm, argv[2], "safetensors", rounds, &err);
    printf("}\n");
    if (status != MC_OK) fprintf(stderr, "%s: %s\n", err.subject, err.reason);
    mc_crm_close(crm);
    return status != MC_OK;
}
