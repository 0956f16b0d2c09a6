/* profile.c - counters and events, each thread's its own until they are read. */
#include "base/profile.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/new_file.h"

enum { EVENTS_MAX = 1 << 20, CHUNK = 1 << 20 };

typedef struct event {
    uint32_t row; /* of the same recorder */
    float    flop;
    double   begun, ended;
} event;

/* One thread's, and then another's when that has ended. */
typedef struct recorder {
    struct recorder *next;
    unsigned         thread; /* 1: the one that started the profile */
    bool             idle;
    double           bytes, flop; /* of all its operations until now */
    mc_profile_row   rows[MC_PROFILE_ROWS];
    size_t           row_count;
    event           *events;
    size_t           event_count, event_room;
} recorder;

static struct {
    atomic_bool      on;
    bool             events;
    atomic_uint      run; /* counts starts: recorders of an earlier one are gone */
    double           begun;
    atomic_ulong     lost;
    pthread_mutex_t  mutex; /* of the list */
    struct recorder *first;
    unsigned         threads;
} profile = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static _Thread_local struct {
    recorder *recorder;
    unsigned  run;
} own;

bool mc_profile_is_on(void)
{
    return atomic_load_explicit(&profile.on, memory_order_relaxed);
}

static double thread_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* An idle one, else a new one; NULL: no memory. */
static recorder *take_recorder(void)
{
    recorder *r = profile.first;

    while (r && !r->idle)
        r = r->next;
    if (r) {
        r->idle = false;
        return r;
    }
    r = mc_calloc(1, sizeof *r);
    if (!r) return NULL;
    r->thread     = ++profile.threads;
    r->next       = profile.first;
    profile.first = r;
    return r;
}

static recorder *own_recorder(void)
{
    unsigned run = atomic_load(&profile.run);

    if (own.recorder && own.run == run) return own.recorder;
    pthread_mutex_lock(&profile.mutex);
    own.recorder = take_recorder();
    pthread_mutex_unlock(&profile.mutex);
    own.run = run;
    return own.recorder;
}

mc_profile_mark mc_profile_begin(void)
{
    const recorder *r;

    if (!mc_profile_is_on()) return (mc_profile_mark){ 0 };
    r = own_recorder();
    return (mc_profile_mark){ mc_clock(), thread_seconds(), r ? r->bytes : 0, r ? r->flop : 0 };
}

void mc_profile_leave(void)
{
    if (!own.recorder || own.run != atomic_load(&profile.run)) return;
    pthread_mutex_lock(&profile.mutex);
    own.recorder->idle = true;
    pthread_mutex_unlock(&profile.mutex);
    own.recorder = NULL;
}

static bool same_thing(const mc_profile_row *row, const mc_profile_row *other)
{
    return row->kind == other->kind && row->columns == other->columns &&
           row->depth == other->depth && strcmp(row->name, other->name) == 0;
}

/* Add `other` to the row of the same thing; NULL: there is no room for another. */
static mc_profile_row *add_to(mc_profile_row *rows, size_t *count, const mc_profile_row *other)
{
    mc_profile_row *row = rows;

    while (row < rows + *count && !same_thing(row, other))
        row++;
    if (row == rows + MC_PROFILE_ROWS) return NULL;
    if (row == rows + *count) {
        ++*count;
        *row = *other;
        return row;
    }
    row->calls += other->calls;
    row->wall += other->wall;
    row->cpu += other->cpu;
    row->bytes += other->bytes;
    row->flop += other->flop;
    return row;
}

static void keep_event(recorder *r, event happened)
{
    void *events = r->events;

    if (r->event_count == EVENTS_MAX ||
        mc_grow(&events, &r->event_room, r->event_count, sizeof happened, NULL) != MC_OK) {
        atomic_fetch_add(&profile.lost, 1);
        return;
    }
    r->events                   = events;
    r->events[r->event_count++] = happened;
}

/* A stage has done what this thread's operations did since it began. */
static void add_up(recorder *r, mc_profile_mark begun, mc_profile_row *row)
{
    if (row->kind == MC_PROFILE_STAGE) {
        row->bytes += r->bytes - begun.bytes;
        row->flop += r->flop - begun.flop;
    } else {
        r->bytes += row->bytes;
        r->flop += row->flop;
    }
}

void mc_profile_end(mc_profile_mark begun, const mc_profile_call *call)
{
    mc_profile_row  one = { call->kind, call->name,           call->columns,     call->depth,
                            .calls = 1, .bytes = call->bytes, .flop = call->flop };
    mc_profile_row *row = NULL;
    recorder       *r;

    if (!mc_profile_is_on() || begun.wall == 0.0) return;
    one.wall = mc_clock() - begun.wall;
    one.cpu  = thread_seconds() - begun.cpu;
    r        = own_recorder();
    if (r) {
        add_up(r, begun, &one);
        row = add_to(r->rows, &r->row_count, &one);
    }
    if (!row)
        atomic_fetch_add(&profile.lost, 1);
    else if (profile.events)
        keep_event(r, (event){ (uint32_t)(row - r->rows), (float)one.flop, begun.wall,
                               begun.wall + one.wall });
}

void mc_profile_end_stage(mc_profile_mark begun, const char *name)
{
    mc_profile_end(begun, &(mc_profile_call){ .kind = MC_PROFILE_STAGE, .name = name });
}

void mc_profile_start(bool events)
{
    mc_profile_stop();
    while (profile.first) {
        recorder *r   = profile.first;
        profile.first = r->next;
        mc_free(r->events);
        mc_free(r);
    }
    profile.threads = 0;
    profile.events  = events;
    profile.begun   = mc_clock();
    atomic_store(&profile.lost, 0);
    atomic_fetch_add(&profile.run, 1);
    atomic_store(&profile.on, true);
    (void)own_recorder();
}

void mc_profile_stop(void)
{
    atomic_store(&profile.on, false);
}

static int by_wall(const void *a, const void *b)
{
    const mc_profile_row *x = a, *y = b;

    return (x->wall < y->wall) - (x->wall > y->wall);
}

size_t mc_profile_read(mc_profile_row rows[MC_PROFILE_ROWS], uint64_t *lost)
{
    size_t   count   = 0;
    uint64_t dropped = atomic_load(&profile.lost);

    for (const recorder *r = profile.first; r; r = r->next)
        for (size_t i = 0; i < r->row_count; i++)
            if (!add_to(rows, &count, &r->rows[i])) dropped += r->rows[i].calls;
    qsort(rows, count, sizeof *rows, by_wall);
    if (lost) *lost = dropped;
    return count;
}

/* ---- the trace ---- */

static const char *const kind_names[] = { [MC_PROFILE_STAGE]     = "stage",
                                          [MC_PROFILE_OPERATION] = "operation",
                                          [MC_PROFILE_WAIT]      = "wait" };

/* Whole nanoseconds since the start: where both ends are rounded, what lies inside another
 * stays inside it. */
static double nanoseconds(double clock)
{
    return round((clock - profile.begun) * 1e9);
}

/* What every event has; the object stays open. */
static void begin_event(mc_json_writer *json, const char *name, const char *phase,
                        unsigned thread)
{
    mc_json_begin_object(json);
    mc_json_add_text(json, "name", name);
    mc_json_add_text(json, "ph", phase);
    mc_json_add_uint(json, "pid", 1);
    mc_json_add_uint(json, "tid", thread);
}

/* A metadata event: `what` of the process or the thread is `name`. */
static void put_name(mc_json_writer *json, const char *what, unsigned thread, const char *name)
{
    begin_event(json, what, "M", thread);
    mc_json_key(json, "args");
    mc_json_begin_object(json);
    mc_json_add_text(json, "name", name);
    mc_json_end_object(json);
    mc_json_end_object(json);
}

static void put_names(mc_json_writer *json)
{
    put_name(json, "process_name", 1, "modelcypher");
    for (const recorder *r = profile.first; r; r = r->next) {
        char name[32] = "main";

        if (r->thread > 1) snprintf(name, sizeof name, "worker %u", r->thread - 1);
        put_name(json, "thread_name", r->thread, name);
    }
}

static void put_event(mc_json_writer *json, const recorder *r, const event *e)
{
    const mc_profile_row *row     = &r->rows[e->row];
    const double          seconds = e->ended - e->begun;

    begin_event(json, row->name, "X", r->thread);
    mc_json_add_text(json, "cat", kind_names[row->kind]);
    mc_json_add_double(json, "ts", nanoseconds(e->begun) / 1e3);
    mc_json_add_double(json, "dur", (nanoseconds(e->ended) - nanoseconds(e->begun)) / 1e3);
    if (e->flop > 0 && seconds > 0) {
        mc_json_key(json, "args");
        mc_json_begin_object(json);
        mc_json_add_double(json, "gflops", round((double)e->flop / seconds / 1e6) / 1e3);
        if (row->columns) {
            mc_json_add_uint(json, "columns", row->columns);
            mc_json_add_uint(json, "depth", row->depth);
        }
        mc_json_end_object(json);
    }
    mc_json_end_object(json);
}

/* What is in the buffer goes to the file. */
static mc_status flush(mc_new_file *file, uint64_t *at, mc_buffer *out, mc_error *err)
{
    MC_TRY(mc_buffer_status(out, err));
    MC_TRY(mc_new_file_write(file, *at, out->data, out->size, err));
    *at += out->size;
    out->size = 0;
    return MC_OK;
}

static mc_status put_events(mc_new_file *file, mc_buffer *out, mc_error *err)
{
    mc_json_writer json = mc_json_writer_init(out, 0);
    uint64_t       at   = 0;

    mc_json_begin_object(&json);
    mc_json_add_text(&json, "displayTimeUnit", "ms");
    mc_json_key(&json, "traceEvents");
    mc_json_begin_array(&json);
    put_names(&json);
    for (const recorder *r = profile.first; r; r = r->next)
        for (size_t i = 0; i < r->event_count; i++) {
            put_event(&json, r, &r->events[i]);
            if (out->size > CHUNK) MC_TRY(flush(file, &at, out, err));
        }
    mc_json_end_array(&json);
    mc_json_end_object(&json);
    return flush(file, &at, out, err);
}

mc_status mc_profile_write_trace(const char *path, mc_error *err)
{
    mc_new_file file   = { 0 };
    mc_buffer   out    = { 0 };
    mc_status   status = mc_new_file_open(path, &file, err);

    if (status == MC_OK) status = put_events(&file, &out, err);
    if (status == MC_OK) status = mc_new_file_finish(&file, err);
    mc_new_file_discard(&file);
    mc_buffer_clear(&out);
    return status;
}
