/* capture_fit.c - forecasts of the same run in pieces, or with other options, until one fits.
 *
 * What a pass takes is what mc_engine_forecast() says, to the byte, the rows of a layer on
 * their way out or into the cache, and what the receiver keeps. The states of the texts are
 * most of it; the widened weights of two blocks and the workers' buffers remain whatever the
 * texts. */
#include "analysis/capture_fit.h"

#include <stdio.h>
#include <string.h>

#include "analysis/capture_cache.h"
#include "base/alloc.h"
#include "base/direct.h"
#include "base/log.h"
#include "base/machine.h"
#include "model/model.h"

/* ---- what it takes ---- */

/* The buffers that the rows of every token go through; those of little, not all of them. */
static uint64_t written_through(const mc_capture_run *run)
{
    const uint64_t layer = (uint64_t)run->tokens.offsets[run->tokens.text_count] *
                           mc_model_get_info(run->model)->hidden_size * sizeof(float);

    if (run->options->pooling != MC_POOLING_ALL) return 0;
    return MC_DIRECT_PIECES * (layer < MC_DIRECT_PIECE ? layer : MC_DIRECT_PIECE);
}

/* Beside the engine's: rows on their way to the sink and into the cache. */
static uint64_t beside(const mc_capture_run *run)
{
    return mc_capture_row_floats(run) * sizeof(float) + written_through(run) +
           (run->caches ? mc_capture_cache_memory(run) : 0);
}

static mc_status pass_memory(const mc_capture_run *run, uint64_t *bytes, mc_error *err)
{
    mc_engine_stats stats  = { 0 };
    mc_status       status = mc_capture_forecast_pass(run, &stats, err);

    if (status != MC_OK) return mc_fail_about(err, status, "%s", run->options->model);
    *bytes = stats.bytes + beside(run);
    return MC_OK;
}

static size_t probe_tokens(const mc_probe_tokens *tokens, size_t probe)
{
    size_t count = 0, text = 0;

    for (size_t part = 0; part < tokens->part_count; part++) {
        const int64_t *offsets = tokens->probe_offsets + part * (tokens->probe_count + 1);
        count += tokens->offsets[text + (size_t)offsets[probe + 1]] -
                 tokens->offsets[text + (size_t)offsets[probe]];
        text += tokens->part_texts[part];
    }
    return count;
}

/* Whole probes, about as many tokens in each pass: `begins` [passes + 1]. */
static void cut(const mc_probe_tokens *tokens, size_t passes, size_t *begins)
{
    const size_t total = tokens->offsets[tokens->text_count];
    size_t       done = 0, pass = 1;

    begins[0] = 0;
    for (size_t probe = 0; probe < tokens->probe_count && pass < passes; probe++) {
        done += probe_tokens(tokens, probe);
        /* As many probes must be left as passes. */
        if ((double)done * (double)passes >= (double)total * (double)pass ||
            tokens->probe_count - probe - 1 == passes - pass)
            begins[pass++] = probe + 1;
    }
    begins[passes] = tokens->probe_count;
}

static mc_status most_of_passes(const mc_capture_run *run, size_t passes, size_t *begins,
                                uint64_t *bytes, mc_error *err)
{
    mc_status status = MC_OK;

    if (passes == 1) return pass_memory(run, bytes, err);
    *bytes = 0;
    cut(&run->tokens, passes, begins);
    for (size_t i = 0; i < passes && status == MC_OK; i++) {
        mc_capture_run piece = *run;
        uint64_t       here  = 0;

        status = mc_probe_tokens_slice(&run->tokens, begins[i], begins[i + 1] - begins[i],
                                       &piece.tokens, err);
        if (status != MC_OK) break;
        status = pass_memory(&piece, &here, err);
        if (here > *bytes) *bytes = here;
        mc_probe_tokens_clear(&piece.tokens);
    }
    return status;
}

/* The most that any of so many passes takes, with what is kept of all. */
static mc_status memory_of(const mc_capture_run *run, size_t passes, size_t *begins,
                           uint64_t *bytes, mc_error *err)
{
    MC_TRY(most_of_passes(run, passes, begins, bytes, err));
    if (run->sink_memory) *bytes += run->sink_memory(run);
    return MC_OK;
}

/* ---- passes ---- */

static size_t most_passes(const mc_capture_run *run)
{
    return run->one_pass ? 1 : run->tokens.probe_count;
}

/* The fewest passes that fit into `room`, and rather one widened block than two passes; *bytes
 * is what they take, or, when even the most do not fit, what those would. */
static mc_status find_passes(mc_capture_run *run, uint64_t room, size_t *begins,
                             uint64_t *bytes, mc_error *err)
{
    size_t few = 0, many = 1;

    for (run->one_block = false;;) {
        MC_TRY(memory_of(run, many, begins, bytes, err));
        if (*bytes > room && !run->one_block) {
            run->one_block = true;
            continue;
        }
        if (*bytes <= room || many == most_passes(run)) break;
        few  = many;
        many = many * 2 < most_passes(run) ? many * 2 : most_passes(run);
    }
    while (*bytes <= room && many - few > 1) {
        size_t   middle = few + (many - few) / 2;
        uint64_t here;

        MC_TRY(memory_of(run, middle, begins, &here, err));
        if (here > room) {
            few = middle;
            continue;
        }
        many   = middle;
        *bytes = here;
    }
    run->passes = many;
    if (many > 1) cut(&run->tokens, many, begins);
    return MC_OK;
}

/* ---- options that would fit ---- */

typedef struct search {
    const mc_capture_run *run;
    uint64_t              room;
    size_t               *begins; /* [probes + 1] */
    char                  found[256];
} search;

static void add_text(search *s, const char *text)
{
    size_t used = strlen(s->found);

    snprintf(s->found + used, sizeof s->found - used, "%s%s", used ? ", or " : "", text);
}

static void add_option(search *s, const char *option, size_t number)
{
    char text[64];

    snprintf(text, sizeof text, "%s%zu", option, number);
    add_text(s, text);
}

static bool fits(const search *s, const mc_capture_run *run)
{
    uint64_t bytes;

    return memory_of(run, most_passes(run), s->begins, &bytes, NULL) == MC_OK &&
           bytes <= s->room;
}

/* The run with one option changed. */
static bool fits_with(const search *s, size_t threads, size_t batch_size)
{
    mc_crm_build_options options = *s->run->options;
    mc_capture_run       other   = *s->run;

    if (threads) options.threads = threads;
    if (batch_size) options.batch_size = batch_size;
    other.options = &options;
    return fits(s, &other);
}

/* Each worker needs memory of its own: halve the range until the most that fit are found. */
static void try_threads(search *s, size_t threads)
{
    size_t fit = 0;

    while (threads - fit > 1) {
        size_t middle = fit + (threads - fit) / 2;

        if (fits_with(s, middle, 0))
            fit = middle;
        else
            threads = middle;
    }
    if (fit) add_option(s, "--threads ", fit);
}

static void try_batch_size(search *s)
{
    size_t most =
        s->run->options->batch_size ? s->run->options->batch_size : s->run->tokens.text_count;

    for (size_t size = most / 2; size > 0; size /= 2)
        if (fits_with(s, 0, size)) {
            add_option(s, "--batch-size ", size);
            return;
        }
}

static void try_texts_per_probe(search *s)
{
    const mc_capture_run *run   = s->run;
    mc_capture_run        other = *run;
    size_t                most  = 0;

    for (size_t i = 0; i < run->tokens.probe_count; i++) {
        size_t texts =
            (size_t)(run->tokens.probe_offsets[i + 1] - run->tokens.probe_offsets[i]);
        if (texts > most) most = texts;
    }
    while (most-- > 1) {
        bool fit;
        if (mc_probe_tokens_create(run->atlas, run->tokenizer, most, run->options->control,
                                   &other.tokens, NULL) != MC_OK)
            return;
        fit = fits(s, &other);
        mc_probe_tokens_clear(&other.tokens);
        if (!fit) continue;
        add_option(s, "--texts-per-probe ", most);
        return;
    }
}

/* Blocks differ in size, and the embedding has none: an earlier end may need less. */
static void try_layers(search *s)
{
    const size_t   blocks = mc_model_get_info(s->run->model)->layer_count;
    mc_capture_run other  = *s->run;
    size_t         last   = blocks;

    while (last > 0 && !s->run->wanted[last] && !s->run->wanted[blocks + 1])
        last--;
    other.wanted = mc_calloc(blocks + 2, sizeof *other.wanted);
    while (other.wanted && last-- > 0) {
        memset(other.wanted, 0, (blocks + 2) * sizeof *other.wanted);
        memset(other.wanted, true, (last + 1) * sizeof *other.wanted);
        if (!fits(s, &other)) continue;
        add_option(s, last ? "--layers 0.." : "--layers ", last);
        break;
    }
    mc_free(other.wanted);
}

/* One pass is what the form of the output asks for. */
static void try_form(search *s)
{
    mc_capture_run other = *s->run;

    other.one_pass = false;
    if (s->run->more_passes && fits(s, &other)) add_text(s, s->run->more_passes);
}

static void try_all(search *s, size_t threads)
{
    try_form(s);
    try_threads(s, threads);
    try_batch_size(s);
    try_texts_per_probe(s);
    try_layers(s);
    if (!s->found[0] && fits_with(s, 1, 1)) add_text(s, "--threads 1 --batch-size 1");
}

static const char *print_size(uint64_t bytes, char text[32])
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
    double                   size    = (double)bytes / 1024.0;
    int                      unit    = 0;

    for (; size >= 1024.0 && unit < 3; unit++)
        size /= 1024.0;
    snprintf(text, 32, "%.1f %s", size, units[unit]);
    return text;
}

/* Operations of a core in the time in which a disk of 1 GB/s reads a byte, at most. */
#define CORE_FLOP_PER_BYTE 128.0

bool mc_capture_must_stream(const mc_engine_stats *stats, uint64_t pass_memory, size_t passes,
                            uint64_t room)
{
    uint64_t bytes   = stats->weights + pass_memory;
    double   reading = CORE_FLOP_PER_BYTE * (double)stats->threads * (double)stats->weights;

    return bytes > room || (bytes > room / 2 && stats->flop > reading * (double)passes);
}

static mc_status choose_streaming(mc_capture_run *run, mc_error *err)
{
    mc_engine_stats stats = { 0 };

    MC_TRY(mc_capture_forecast_pass(run, &stats, err));
    run->streams = mc_capture_must_stream(&stats, run->pass_memory, run->passes,
                                          mc_machine_read().memory_available);
    return MC_OK;
}

static mc_status refuse(search *s, uint64_t needed, mc_error *err)
{
    mc_engine_stats stats = { 0 };
    char            hint[sizeof err->hint], one[32], other[32];

    MC_TRY(mc_capture_forecast_pass(s->run, &stats, err));
    try_all(s, stats.threads);
    snprintf(hint, sizeof hint, "%s%s--max-memory %lluMiB", s->found,
             s->found[0] ? " would fit; or allow it " : "no other options would fit; allow it ",
             (unsigned long long)needed / 1048576 + 1);
    return mc_fail(err, MC_ERR_MEMORY, hint, "needs %s beside the mapped weights, %s %s",
                   print_size(needed, one), print_size(s->room, other),
                   s->run->options->max_memory ? "are allowed" : "are available");
}

mc_status mc_capture_fit(mc_capture_run *run, mc_error *err)
{
    search    s      = { .run  = run,
                         .room = run->options->max_memory ? run->options->max_memory
                                                          : mc_machine_read().memory_available };
    uint64_t  needed = 0;
    mc_status status;

    s.begins = mc_alloc_array(run->tokens.probe_count + 1, sizeof *s.begins);
    if (!s.begins) return mc_fail_memory(err, run->tokens.probe_count * sizeof *s.begins);
    status = find_passes(run, s.room, s.begins, &needed, err);
    if (status == MC_OK && needed > s.room)
        status = mc_fail_about(err, refuse(&s, needed, err), "%s", run->options->model);
    run->pass_memory = needed;
    if (status == MC_OK) status = choose_streaming(run, err);
    if (status == MC_OK) {
        run->pass_begins = s.begins;
        mc_log(MC_LOG_DEBUG, "%zu pass%s of at most %llu bytes", run->passes,
               run->passes == 1 ? "" : "es", (unsigned long long)needed);
    } else {
        mc_free(s.begins);
    }
    return status;
}
