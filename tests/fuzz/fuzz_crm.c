/* fuzz_crm.c - any bytes as a concept response matrix of either form, with memory and without.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "capture/crm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t bits(const float *value)
{
    uint32_t word;

    memcpy(&word, value, sizeof word);
    return word;
}

/* The last value of every part of every layer is there to be read. */
static uint64_t touch_values(const mc_crm *crm)
{
    const mc_crm_info *info = mc_crm_get_info(crm);
    uint64_t           sum  = 0;

    for (size_t i = 0; i < info->layers.count; i++) {
        for (int part = 0; part < MC_CRM_PART_COUNT; part++) {
            const float *values = mc_crm_values(crm, info->layers.items[i], (mc_crm_part)part);
            size_t       rows   = part < MC_CRM_CONTROL ? info->rows : info->control_rows;

            if (part == MC_CRM_STATE && !values) abort();
            if (!values) continue;
            sum += bits(values);
            sum +=
                bits(values + mc_crm_part_halves((mc_crm_part)part) * rows * info->hidden - 1);
        }
    }
    return sum;
}

static uint64_t touch_texts(const mc_crm_texts *texts, size_t probes)
{
    if (!texts->token_ids) return 0;
    if (!mc_crm_texts_hold(texts, probes)) abort();
    return texts->token_count ? (uint64_t)texts->token_ids[texts->token_count - 1] : 0;
}

static void touch(const mc_crm *crm)
{
    const mc_crm_info *info = mc_crm_get_info(crm);
    mc_crm_summary     summary;
    uint64_t           sum = touch_values(crm);

    sum += touch_texts(&info->texts, info->probe_count);
    sum += touch_texts(&info->control_texts, info->probe_count);
    for (size_t i = 0; i < info->probe_count; i++)
        sum += strlen(info->probe_ids[i]);
    for (size_t i = 0; i < info->note_count; i++)
        if (!info->notes[i][0]) abort();
    if (info->rows == 0 || info->hidden == 0 || sum == UINT64_MAX) abort();
    if (mc_crm_summarise(crm, &summary, NULL) == MC_OK) mc_crm_summary_clear(&summary);
}

static void read_once(const uint8_t *copy, size_t size)
{
    mc_crm   *crm    = NULL;
    mc_error  err    = { 0 };
    mc_status status = mc_crm_read((mc_span){ copy, size }, "fuzz.crm", &crm, &err);

    if (status == MC_OK)
        touch(crm);
    else if (!err.reason[0] || !err.subject[0] || err.status != status || crm)
        abort();
    mc_crm_close(crm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(size ? size : 1, 1);

    if (!copy) return 0;
    if (size > 0) memcpy(copy, data, size);
    read_once(copy, size);
    if (size % 8 == 0) { /* now and then: it takes as long */
        mc_alloc_fail_at(1 + size / 8 % 32, size / 8 % 2);
        read_once(copy, size);
        mc_alloc_fail_at(0, 0);
    }
    free(copy);
    return 0;
}
