/* selftest_reference.c - reading a stored reference, and running a model against it. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/selftest.h"
#include "base/alloc.h"

enum { TYPE_NAME = 24 };

void mc_keep_worst(double *worst, double error)
{
    if (!(error <= *worst)) *worst = error;
}

double mc_row_error(const float *got, const float *want, size_t width)
{
    double distance = 0.0, size = 0.0;

    for (size_t i = 0; i < width; i++) {
        double off = (double)got[i] - (double)want[i];
        distance += off * off;
        size += (double)want[i] * (double)want[i];
    }
    if (size > 0.0) return sqrt(distance / size);
    return distance > 0.0 ? INFINITY : 0.0;
}

/* ---- states ---- */

static mc_status fail_reference(mc_error *err)
{
    return mc_fail(err, MC_ERR_CORRUPT, "install the program's share/ folder again",
                   "the stored reference is not as it was made");
}

static const mc_tensor *tensor_of(const mc_store *store, const char *name, mc_dtype dtype,
                                  int rank)
{
    const mc_tensor *tensor = mc_store_find(store, name);

    return tensor && tensor->dtype == dtype && tensor->rank == rank ? tensor : NULL;
}

static mc_status read_texts(mc_reference *r, mc_error *err)
{
    const mc_tensor *ids     = tensor_of(r->store, "token_ids", MC_DTYPE_I32, 1);
    const mc_tensor *offsets = tensor_of(r->store, "text_offsets", MC_DTYPE_I64, 1);
    size_t           count;

    if (!ids || !offsets || offsets->shape[0] < 2) return fail_reference(err);
    count      = (size_t)offsets->shape[0];
    r->offsets = mc_alloc_array(count, sizeof *r->offsets);
    if (!r->offsets) return mc_fail_memory(err, count * sizeof *r->offsets);
    for (size_t i = 0; i < count; i++) {
        int64_t offset;
        memcpy(&offset, offsets->bytes.data + i * sizeof offset, sizeof offset);
        if (offset < 0 || (uint64_t)offset > ids->shape[0] ||
            (i > 0 && (size_t)offset < r->offsets[i - 1]))
            return fail_reference(err);
        r->offsets[i] = (size_t)offset;
    }
    if (r->offsets[count - 1] != ids->shape[0]) return fail_reference(err);
    r->texts =
        (mc_texts){ (const int32_t *)(const void *)ids->bytes.data, r->offsets, count - 1 };
    return MC_OK;
}

static mc_status open_file(const char *path, mc_reference *r, mc_error *err)
{
    MC_TRY(mc_file_map_open(path, &r->map, err));
    return mc_safetensors_open(r->map.bytes, path, &r->store, err);
}

mc_status mc_reference_open(const char *folder, mc_reference *reference, mc_error *err)
{
    char        *path   = mc_path_join(folder, "golden.safetensors");
    mc_reference result = { 0 };
    mc_status    status = path ? open_file(path, &result, err) : mc_fail_memory(err, 0);

    if (status == MC_OK) status = read_texts(&result, err);
    mc_free(path);
    if (status == MC_OK)
        *reference = result;
    else
        mc_reference_close(&result);
    return status;
}

void mc_reference_close(mc_reference *reference)
{
    mc_store_close(reference->store);
    mc_free(reference->offsets);
    if (reference->map.path) mc_file_map_close(&reference->map);
    *reference = (mc_reference){ 0 };
}

typedef struct comparison {
    const mc_reference *reference;
    mc_comparison_sum  *sum;
} comparison;

static mc_status compare_state(void *context, const mc_states *states, mc_error *err)
{
    comparison        *c    = context;
    mc_comparison_sum *sum  = c->sum;
    const size_t       rows = c->reference->offsets[c->reference->texts.count];
    const mc_tensor   *want;
    char               name[32];

    if (states->layer == MC_ENGINE_FINAL)
        snprintf(name, sizeof name, "final");
    else
        snprintf(name, sizeof name, "state.%d", states->layer);
    want = tensor_of(c->reference->store, name, MC_DTYPE_F32, 2);
    if (!want || want->shape[0] != rows || want->shape[1] != states->width)
        return fail_reference(err);
    for (size_t row = 0; row < rows; row++)
        mc_keep_worst(&sum->worst, mc_row_error(states->all + row * states->width,
                                                (const float *)(const void *)want->bytes.data +
                                                    row * states->width,
                                                states->width));
    sum->values += rows * states->width;
    sum->states++;
    sum->bits = mc_hash_join(
        sum->bits, mc_hash_bytes(states->all, rows * states->width * sizeof *states->all));
    return MC_OK;
}

mc_status mc_reference_compare(const mc_model *model, const mc_reference *reference,
                               const mc_backend *backend, size_t threads,
                               mc_comparison_sum *sum, mc_error *err)
{
    const mc_lowered *lowered = mc_model_lowered(model);
    const size_t      layers  = lowered->block_count + 2;
    bool             *wanted  = mc_calloc(layers, sizeof *wanted);
    comparison        c       = { reference, sum };
    mc_engine_options options = { .backend = backend,
                                  .threads = threads,
                                  .keep    = MC_KEEP_ALL,
                                  .wanted  = wanted,
                                  .states  = compare_state,
                                  .context = &c };
    mc_status         status;

    if (!wanted) return mc_fail_memory(err, layers);
    memset(wanted, 1, layers * sizeof *wanted);
    status =
        mc_engine_run(lowered, mc_model_store(model), &reference->texts, &options, NULL, err);
    mc_free(wanted);
    return status;
}

/* ---- types ---- */

/* "q4_k.safetensors" is Q4_K. */
static mc_dtype type_of(const char *path, char name[TYPE_NAME])
{
    const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    size_t      at   = 0;

    for (; file[at] && file[at] != '.' && at + 1 < TYPE_NAME; at++)
        name[at] = (char)toupper((unsigned char)file[at]);
    name[at] = '\0';
    for (int type = 1; type < MC_DTYPE_COUNT; type++)
        if (strcmp(mc_dtype_get((mc_dtype)type)->name, name) == 0) return (mc_dtype)type;
    return (mc_dtype)0;
}

static double value_error(float got, float want)
{
    uint32_t bits[2];

    memcpy(&bits[0], &got, sizeof got);
    memcpy(&bits[1], &want, sizeof want);
    if (bits[0] == bits[1]) return 0.0;
    return want != 0.0f ? fabs((double)got - (double)want) / fabs((double)want) : INFINITY;
}

static mc_status compare_values(const mc_reference *r, const mc_dtype_info *info,
                                size_t *values, double *error, mc_error *err)
{
    const mc_tensor *stored = mc_store_find(r->store, "stored");
    const mc_tensor *want   = tensor_of(r->store, "values", MC_DTYPE_F32, 1);
    size_t           count;
    float           *got;

    if (!stored || !want || !info->widen) return fail_reference(err);
    count = stored->bytes.size / info->block_size * info->block_length;
    if (count == 0 || count != want->shape[0]) return fail_reference(err);
    got = mc_alloc_array(count, sizeof *got);
    if (!got) return mc_fail_memory(err, count * sizeof *got);
    info->widen(stored->bytes.data, got, count);
    *error = 0.0;
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, want->bytes.data + i * sizeof value, sizeof value);
        mc_keep_worst(error, value_error(got[i], value));
    }
    *values = count;
    mc_free(got);
    return MC_OK;
}

mc_status mc_reference_compare_type(const char *path, char *type, size_t type_size,
                                    size_t *values, double *error, mc_error *err)
{
    mc_reference r = { 0 };
    char         name[TYPE_NAME];
    mc_dtype     dtype  = type_of(path, name);
    mc_status    status = open_file(path, &r, err);

    snprintf(type, type_size, "%s", name);
    if (status == MC_OK && !dtype)
        status = mc_fail(err, MC_ERR_DTYPE, "", "'%s' is no type that is known", name);
    if (status == MC_OK) status = compare_values(&r, mc_dtype_get(dtype), values, error, err);
    mc_reference_close(&r);
    return status;
}
