/* fuzz_fingerprint.c - any bytes as a saved fingerprint, with memory and without. */
#include <stdlib.h>

#include "analysis/fingerprint_form.h"
#include "base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read can be printed, summed up, and compared with itself. */
static void use(const mc_fingerprint *f)
{
    const mc_compare_options   few  = { .permutations = 3, .half_samples = 3, .threads = 1 };
    mc_fingerprint_comparison *c    = NULL;
    mc_buffer                  text = { 0 };
    mc_error                   err  = { 0 };

    if (mc_fingerprint_print(f, &text, &err) != MC_OK) abort();
    if (mc_fingerprint_summarise(f).layers != f->layer_count) abort();
    mc_buffer_clear(&text);
    if (mc_fingerprint_compare(f, f, &few, &c, &err) != MC_OK && !err.reason[0]) abort();
    mc_fingerprint_comparison_free(c);
}

static mc_status parse(const char *text, size_t size, uint64_t fail_at)
{
    mc_fingerprint *f   = NULL;
    mc_error        err = { 0 };
    mc_status       status;

    mc_alloc_fail_at(fail_at, 1);
    status = mc_fingerprint_parse(text, size, &f, &err);
    mc_alloc_fail_at(0, 0);
    if (status == MC_OK) use(f);
    if (status != MC_OK && (f || !err.reason[0])) abort();
    mc_fingerprint_free(f);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse((const char *)data, size, 0);
    parse((const char *)data, size, 1 + size % 29);
    return 0;
}
