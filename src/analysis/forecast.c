/* forecast.c - what a build will take, before it begins.
 *
 * Counts and bytes come from the functions that the build itself allocates and writes by.
 * Seconds are those counts over speeds measured here and now. */
#include <modelcypher/system.h>

#include <math.h>

#include "analysis/capture_fit.h"
#include "analysis/capture_store.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/machine.h"
#include "cache/content.h"
#include "capture/crm.h"
#include "model/model.h"

/* How long the two speeds are measured. */
#define PRODUCT_SECONDS 0.12
#define READING_SECONDS 0.06
/* Of the speed of its largest product, what a whole pass reaches: norms, attention, narrower
 * products and the ends of tiles take the rest. docs/speed-log.md has the measurements. */
#define PASS_SHARE 0.95
/* A second time the pages are in memory; faults are what is left. */
#define CACHED_BYTES_PER_SECOND 2.5e9
/* Reading slower than this is reading from a disk. */
#define CACHED_LEAST 1e9
/* Writing a file and syncing it; an ordinary disk, for want of a measurement. */
#define WRITTEN_BYTES_PER_SECOND 400e6
/* Of the available memory, what the system keeps files in. */
#define CACHE_SHARE 0.8
enum { SAMPLE_BYTES = 2 << 20, SAMPLES_MOST = 24 };
/* Touching a byte of a mapped file brings in the pages around it (fault_around_bytes of
 * Documentation/filesystems/proc.rst, 64 KiB unless somebody changed it). */
enum { FAULT_BYTES = 64 << 10 };

/* ---- reading ---- */

static uint64_t tensor_bytes(const mc_store *store)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < mc_store_tensor_count(store); i++)
        bytes += mc_store_tensor(store, i)->bytes.size;
    return bytes;
}

/* A piece of the tensor in which byte `at` of all lies, from there on. */
static mc_span piece_at(const mc_store *store, uint64_t at, const mc_tensor **tensor)
{
    for (size_t i = 0; i < mc_store_tensor_count(store); i++) {
        mc_span bytes = mc_store_tensor(store, i)->bytes;
        *tensor       = mc_store_tensor(store, i);
        if (at < bytes.size) {
            bytes.data += at;
            bytes.size -= at;
            if (bytes.size > SAMPLE_BYTES) bytes.size = SAMPLE_BYTES;
            return bytes;
        }
        at -= bytes.size;
    }
    return (mc_span){ 0 };
}

/* Bytes a second of hashing weights, as a build begins: pieces from all over the files, from
 * other places each time, for what was read once may be in memory now. */
static double measure_reading(const mc_store *store)
{
    double   total = (double)tensor_bytes(store), bytes = 0.0, started = mc_clock();
    double   place = started * 1e3;
    unsigned used  = 0;

    for (int i = 0; i < SAMPLES_MOST && mc_clock() - started < READING_SECONDS; i++) {
        const mc_tensor *tensor = NULL;
        mc_span          piece;
        place += 0.6180339887498949; /* the golden ratio: evenly over the files at any count */
        piece = piece_at(store, (uint64_t)((place - floor(place)) * total), &tensor);
        if (piece.size == 0) continue;
        used ^= (unsigned)mc_hash_bytes(piece.data, piece.size).low;
        bytes += (double)piece.size;
        mc_file_map_advise(mc_store_file(store, tensor->file), piece, MC_ADVICE_DONE);
    }
    mc_log(MC_LOG_TRACE, "sample of the weights: %08x", used);
    return bytes / (mc_clock() - started + 1e-9);
}

/* ---- counts ---- */

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What is mapped when the marked rows are read: whole windows of FAULT_BYTES, each once. */
static uint64_t windows_read(const bool *seen, size_t rows, uint64_t row)
{
    uint64_t next = 0, count = 0; /* the first window not yet mapped */

    for (size_t id = 0; id < rows; id++) {
        const uint64_t first = id * row / FAULT_BYTES,
                       last  = (id * row + row - 1) / FAULT_BYTES;

        if (!seen[id] || row == 0 || last < next) continue;
        count += last + 1 - (first > next ? first : next);
        next = last + 1;
    }
    return count * FAULT_BYTES;
}

/* Pages of the matrices that single rows are read from: those of every token that occurs. */
static mc_status count_rows_read(const mc_capture_run *run, uint64_t *bytes, mc_error *err)
{
    const mc_lowered *lowered = mc_model_lowered(run->model);
    const mc_texts    texts   = mc_capture_texts(run);
    bool             *seen    = mc_calloc(lowered->vocabulary, sizeof *seen);

    if (!seen) return mc_fail_memory(err, lowered->vocabulary);
    for (size_t i = 0; i < texts.offsets[texts.count]; i++) {
        const size_t id = (size_t)texts.tokens[i];
        if (id < lowered->vocabulary) seen[id] = true; /* others the engine refuses */
    }
    *bytes = 0;
    for (size_t i = 0; i < lowered->embed.count; i++) {
        const mc_op *op   = &lowered->embed.ops[i];
        const size_t rows = op->kind == MC_OP_EMBED ? op->weights[0].rows : 0;
        if (rows == 0) continue;
        *bytes += windows_read(seen, rows < lowered->vocabulary ? rows : lowered->vocabulary,
                               mc_weight_stored_size(&op->weights[0]) / rows);
    }
    mc_free(seen);
    return MC_OK;
}

static mc_status count(mc_capture_run *run, mc_engine_stats *stats, mc_crm_forecast *f,
                       mc_error *err)
{
    static const char hash[] = "00000000000000000000000000000000"; /* as long as any */
    const mc_texts    texts  = mc_capture_texts(run);
    mc_crm_plan       plan;
    uint64_t          own = mc_memory_active(), rows;

    MC_TRY(mc_capture_plan(run, &plan, err));
    run->one_pass = mc_crm_plan_in_order(&plan);
    MC_TRY(mc_capture_fit(run, err));
    MC_TRY(mc_capture_describe(run, hash, err));
    plan.provenance = run->provenance;
    MC_TRY(mc_crm_plan_size(&plan, &f->output_size, err));
    MC_TRY(mc_capture_forecast(run, stats, err));
    MC_TRY(count_rows_read(run, &rows, err));
    f->layer_count     = run->layers.count;
    f->probes          = run->tokens.probe_count;
    f->texts           = run->tokens.text_count;
    f->tokens_asked    = stats->tokens_asked;
    f->tokens_computed = stats->tokens_computed;
    f->blocks_run      = stats->blocks_run;
    f->threads         = stats->threads;
    f->flop            = stats->flop;
    if (run->options->pooling != MC_POOLING_ALL)
        f->cache_size = mc_capture_store_size(mc_model_lowered(run->model), run->wanted,
                                              texts.count, texts.offsets[texts.count]);
    f->weights     = stats->weights;
    f->passes      = run->passes;
    f->pass_memory = run->pass_memory;
    /* Once while weights are hashed; then, from the embedding's pages on, in the pass. */
    f->memory = greater(own + stats->threads * MC_HASH_PIECE,
                        own + f->pass_memory + greater(stats->window, rows));
    f->memory = greater(f->memory, mc_memory_peak());
    return MC_OK;
}

/* ---- seconds ---- */

/* All threads hash. What is in memory already, they share out; a disk is as fast for one. */
static double hash_speed(const mc_crm_forecast *f)
{
    const bool in_memory = f->bytes_per_second > CACHED_LEAST;

    return f->bytes_per_second * (in_memory ? (double)f->threads : 1.0);
}

/* The hash, where it is not known, reads everything once. Then the blocks read their weights:
 * from memory where the files stay there, else while the block before computes. */
static void count_seconds(const mc_capture_run *run, const mc_engine_stats *stats,
                          const mc_engine_speed *speed, double opened, mc_crm_forecast *f)
{
    const mc_store *store  = mc_model_store(run->model);
    double          files  = (double)tensor_bytes(store);
    double          room   = CACHE_SHARE * (double)mc_machine_read().memory_available;
    bool            cached = files < room - (double)f->pass_memory;
    double          again  = (double)f->weights / CACHED_BYTES_PER_SECOND;

    f->flop_per_second = PASS_SHARE * speed->flop_per_second;
    f->seconds_open    = opened;
    if (!mc_content_is_known(store)) f->seconds_open += files / hash_speed(f);
    f->seconds_compute = f->flop / f->flop_per_second;
    f->seconds_read    = stats->values / speed->values_per_second;
    if (!cached)
        again = fmax(again, (double)f->weights / f->bytes_per_second - f->seconds_compute);
    f->seconds_read += again;
    f->seconds_write = (double)f->output_size / WRITTEN_BYTES_PER_SECOND;
    f->seconds = f->seconds_open + f->seconds_read + f->seconds_compute + f->seconds_write;
}

static mc_status make(mc_capture_run *run, double started, mc_crm_forecast *f, mc_error *err)
{
    mc_engine_stats   stats  = { 0 };
    mc_engine_speed   speed  = { 0 };
    mc_engine_options engine = mc_capture_engine(run);
    double            opened = mc_clock() - started;

    MC_TRY(count(run, &stats, f, err));
    f->bytes_per_second = measure_reading(mc_model_store(run->model));
    MC_TRY(mc_engine_measure_speed(mc_model_lowered(run->model), &engine, PRODUCT_SECONDS,
                                   &speed, err));
    count_seconds(run, &stats, &speed, opened, f);
    return MC_OK;
}

mc_status mc_crm_build_forecast(const mc_crm_build_options *options, mc_crm_forecast *forecast,
                                mc_error *err)
{
    double          started = mc_clock();
    mc_capture_run  run;
    mc_crm_forecast result = { 0 };
    mc_status       status = mc_capture_open(options, &run, err);

    if (status == MC_OK) status = make(&run, started, &result, err);
    mc_capture_close(&run);
    if (status == MC_OK) *forecast = result;
    return status;
}
