/* read_ahead.c - one thread and a short queue. */
#include "base/read_ahead.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/thread.h"

/* What the tensors of a block are at most, parts of quantised ones included; and what is read
 * before the queue is looked at again. */
enum { RANGES = 64, PIECE = 1 << 20 };

struct mc_read_ahead {
    pthread_mutex_t mutex;
    pthread_cond_t  changed;
    pthread_t       thread;
    bool            running, closing;
    mc_span         ranges[RANGES]; /* what is left of each */
    size_t          count;
};

static void remove_range(mc_read_ahead *reader, size_t index)
{
    mc_span *at = reader->ranges + index;

    reader->count--;
    memmove(at, at + 1, (reader->count - index) * sizeof *at);
}

static mc_span take_piece(mc_read_ahead *reader)
{
    mc_span *left  = &reader->ranges[0];
    mc_span  piece = { left->data, left->size < PIECE ? left->size : PIECE };

    left->data += piece.size;
    left->size -= piece.size;
    if (left->size == 0) remove_range(reader, 0);
    return piece;
}

/* A page that cannot be read is the guard's business (map_guard.h). */
static void touch(mc_span piece)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    for (size_t at = 0; at < piece.size; at += page)
        (void)*(const volatile uint8_t *)(piece.data + at);
}

static void *read_ranges(void *argument)
{
    mc_read_ahead *reader = argument;

    pthread_mutex_lock(&reader->mutex);
    while (!reader->closing) {
        if (reader->count == 0) {
            pthread_cond_wait(&reader->changed, &reader->mutex);
        } else {
            mc_span piece = take_piece(reader);
            pthread_mutex_unlock(&reader->mutex);
            touch(piece);
            pthread_mutex_lock(&reader->mutex);
        }
    }
    pthread_mutex_unlock(&reader->mutex);
    return NULL;
}

mc_read_ahead *mc_read_ahead_create(void)
{
    mc_read_ahead *reader = mc_calloc(1, sizeof *reader);

    if (!reader) return NULL;
    pthread_mutex_init(&reader->mutex, NULL);
    pthread_cond_init(&reader->changed, NULL);
    return reader;
}

void mc_read_ahead_free(mc_read_ahead *reader)
{
    if (!reader) return;
    if (reader->running) {
        pthread_mutex_lock(&reader->mutex);
        reader->closing = true;
        pthread_cond_signal(&reader->changed);
        pthread_mutex_unlock(&reader->mutex);
        pthread_join(reader->thread, NULL);
    }
    pthread_cond_destroy(&reader->changed);
    pthread_mutex_destroy(&reader->mutex);
    mc_free(reader);
}

static bool start(mc_read_ahead *reader)
{
    reader->running = mc_thread_start(&reader->thread, read_ranges, reader) == 0;
    return reader->running;
}

bool mc_read_ahead_add(mc_read_ahead *reader, mc_span range)
{
    bool taken = false;

    pthread_mutex_lock(&reader->mutex);
    if (reader->count < RANGES && (reader->running || start(reader))) {
        reader->ranges[reader->count++] = range;
        taken                           = true;
        pthread_cond_signal(&reader->changed);
    }
    pthread_mutex_unlock(&reader->mutex);
    return taken;
}

void mc_read_ahead_drop(mc_read_ahead *reader, mc_span range)
{
    const uintptr_t first = (uintptr_t)range.data, last = first + range.size;

    pthread_mutex_lock(&reader->mutex);
    for (size_t i = reader->count; i-- > 0;) {
        uintptr_t begin = (uintptr_t)reader->ranges[i].data;
        if (begin < last && begin + reader->ranges[i].size > first) remove_range(reader, i);
    }
    pthread_mutex_unlock(&reader->mutex);
}
