/* fuzz_atlas.c - any bytes as an atlas file and as plain texts, with memory and without. */
#include <stdlib.h>
#include <string.h>

#include "atlas/atlas.h"
#include "base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const mc_atlas *atlas)
{
    size_t texts = 0, bytes = 0;

    if (mc_atlas_count(atlas) == 0) abort();
    for (size_t i = 0; i < mc_atlas_count(atlas); i++) {
        const mc_probe *probe = mc_atlas_probe(atlas, i), *found;

        if (mc_atlas_search(atlas, probe->full_id, &found, NULL) != MC_OK) abort();
        if (strcmp(found->full_id, probe->full_id) != 0) abort();
        for (size_t j = 0; j < probe->text_count; j++, texts++) {
            if (probe->texts[j].size == 0) abort();
            bytes += (size_t)(unsigned char)probe->texts[j].bytes[probe->texts[j].size - 1];
        }
        mc_atlas_control(atlas, i);
    }
    if (texts != mc_atlas_get_info(atlas)->text_count || bytes == SIZE_MAX) abort();
}

static void read_as(int plain, const char *copy, size_t size)
{
    mc_atlas *atlas  = NULL;
    mc_error  err    = { 0 };
    mc_status status = plain ? mc_atlas_read_texts(copy, size, &atlas, &err)
                             : mc_atlas_read_file(copy, size, "fuzz.json", &atlas, &err);

    if (status == MC_OK)
        touch(atlas);
    else if (!err.reason[0] || !err.subject[0] || err.status != status || atlas)
        abort();
    mc_atlas_close(atlas);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = calloc(size ? size : 1, 1);

    if (!copy) return 0;
    if (size > 0) memcpy(copy, data, size);
    for (int plain = 0; plain < 2; plain++) {
        read_as(plain, copy, size);
        if (size % 8 != 0) continue; /* now and then: it takes as long */
        mc_alloc_fail_at(1 + size / 8 % 24, size / 8 % 2);
        read_as(plain, copy, size);
        mc_alloc_fail_at(0, 0);
    }
    free(copy);
    return 0;
}
