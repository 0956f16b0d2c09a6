/* golden.c - see golden.h. */
#include "support/golden.h"

#include "base/alloc.h"
#include "engine/engine.h"
#include "format/store.h"
#include "model/model.h"
#include "support/check.h"

typedef struct comparison {
    const mc_store *golden;
    double          worst;
    size_t          states;
} comparison;

/* !(a <= b) keeps a NaN. */
static void keep_worst(double *worst, double error)
{
    if (!(error <= *worst)) *worst = error;
}

static mc_status compare(void *context, const mc_states *states, mc_error *err)
{
    comparison      *cmp = context;
    char             name[32];
    const mc_tensor *want;

    if (states->layer == MC_ENGINE_FINAL)
        strcpy(name, "final");
    else
        snprintf(name, sizeof name, "state.%d", states->layer);
    want = mc_store_find(cmp->golden, name);
    if (!want || want->shape[1] != states->width)
        return mc_fail(err, MC_ERR_ARGUMENT, "", "the golden file has no %s of width %zu", name,
                       states->width);
    for (uint64_t row = 0; row < want->shape[0]; row++) {
        const float *got      = states->all + row * states->width;
        double       distance = 0.0, size = 0.0;
        for (size_t i = 0; i < states->width; i++) {
            float value;
            memcpy(&value, want->bytes.data + (row * states->width + i) * sizeof value,
                   sizeof value);
            distance += ((double)got[i] - (double)value) * ((double)got[i] - (double)value);
            size += (double)value * (double)value;
        }
        keep_worst(&cmp->worst, sqrt(distance / size));
    }
    cmp->states++;
    return MC_OK;
}

static void *copy_tensor(const mc_store *store, const char *name, size_t *count, size_t size)
{
    const mc_tensor *tensor = mc_store_find(store, name);
    void            *copy;

    CHECK(name, tensor && tensor->rank == 1);
    *count = (size_t)tensor->shape[0];
    copy   = mc_alloc_array(*count, size);
    CHECK(name, copy && tensor->bytes.size == *count * size);
    memcpy(copy, tensor->bytes.data, tensor->bytes.size);
    return copy;
}

static void run(const mc_model *model, comparison *cmp, const mc_backend *backend,
                mc_error *err)
{
    const mc_lowered *lowered = mc_model_lowered(model);
    size_t            layers  = lowered->block_count + 2, tokens, ends;
    bool             *wanted  = mc_calloc(layers, sizeof *wanted);
    int32_t          *ids     = copy_tensor(cmp->golden, "token_ids", &tokens, sizeof *ids);
    int64_t *offsets = copy_tensor(cmp->golden, "text_offsets", &ends, sizeof *offsets);
    size_t  *begins  = mc_alloc_array(ends, sizeof *begins);
    mc_texts texts   = { ids, begins, ends - 1 };
    mc_engine_options options = { .backend = backend,
                                  .threads = 1,
                                  .keep    = MC_KEEP_ALL,
                                  .wanted  = wanted,
                                  .states  = compare,
                                  .context = cmp };
    mc_engine_stats   stats;

    for (size_t i = 0; i < ends; i++)
        begins[i] = (size_t)offsets[i];
    memset(wanted, 1, layers * sizeof *wanted);
    if (mc_engine_run(lowered, mc_model_store(model), &texts, &options, &stats, err) != MC_OK) {
        print_error("%s: %s: %s\n", mc_model_get_info(model)->path, err->subject, err->reason);
        cmp->worst = NAN;
    } else if (cmp->states != layers) {
        cmp->worst = NAN;
    }
    mc_free(wanted);
    mc_free(ids);
    mc_free(offsets);
    mc_free(begins);
}

double mc_test_golden_error(const char *path, const char *golden, const mc_backend *backend)
{
    mc_file_map map;
    mc_store   *store = NULL;
    mc_model   *model = NULL;
    mc_error    err   = { 0 };
    comparison  cmp   = { 0 };

    CHECK_OK(path, mc_file_map_open(golden, &map, &err));
    CHECK_OK(path, mc_store_open_bytes(&mc_format_safetensors, map.bytes, &store, &err));
    cmp.golden = store;
    if (mc_model_open(path, &model, &err) == MC_OK) {
        run(model, &cmp, backend, &err);
    } else {
        print_error("%s: %s (%s)\n", err.subject, err.reason, err.hint);
        cmp.worst = NAN;
    }
    mc_model_close(model);
    mc_store_close(store);
    mc_file_map_close(&map);
    return cmp.worst;
}
