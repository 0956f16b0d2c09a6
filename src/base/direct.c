/* direct.c - buffers in turn, each with a thread while it is written. */
#define _GNU_SOURCE /* O_DIRECT */
#include "base/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/thread.h"

typedef struct piece {
    const mc_direct *direct;
    char            *bytes; /* [MC_DIRECT_PIECE] */
    uint64_t         offset;
    size_t           size;
    int              failed; /* an errno */
    bool             has_thread;
    pthread_t        thread;
} piece;

struct mc_direct {
    int    descriptor, ordinary;
    int    failed; /* the first errno */
    size_t next;
    piece  pieces[MC_DIRECT_PIECES];
};

int mc_write_at(int descriptor, uint64_t offset, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t done = pwrite(descriptor, at, size, (off_t)offset);

        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return errno;
        at += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return 0;
}

/* A device may ask for a larger alignment, and what is left of a short write has none. */
static void *write_piece(void *context)
{
    piece           *p = context;
    const mc_direct *d = p->direct;

    p->failed = mc_write_at(d->descriptor, p->offset, p->bytes, p->size);
    if (p->failed == EINVAL) p->failed = mc_write_at(d->ordinary, p->offset, p->bytes, p->size);
    return NULL;
}

static void finish_piece(mc_direct *direct, piece *p)
{
    if (p->has_thread) pthread_join(p->thread, NULL);
    p->has_thread = false;
    if (!direct->failed) direct->failed = p->failed;
}

mc_direct *mc_direct_open(const char *path, int descriptor)
{
    mc_direct *direct = mc_calloc(1, sizeof *direct);

    if (!direct) return NULL;
    direct->ordinary   = descriptor;
    direct->descriptor = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);
    for (size_t i = 0; i < MC_DIRECT_PIECES && direct->descriptor >= 0; i++) {
        direct->pieces[i].direct = direct;
        direct->pieces[i].bytes  = mc_alloc_aligned(MC_DIRECT_PIECE);
        if (!direct->pieces[i].bytes) break;
    }
    if (direct->pieces[MC_DIRECT_PIECES - 1].bytes) return direct;
    mc_direct_close(direct);
    return NULL;
}

int mc_direct_write(mc_direct *direct, uint64_t offset, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        piece *p = &direct->pieces[direct->next++ % MC_DIRECT_PIECES];

        finish_piece(direct, p);
        if (direct->failed) return direct->failed;
        p->offset = offset;
        p->size   = size < MC_DIRECT_PIECE ? size : MC_DIRECT_PIECE;
        memcpy(p->bytes, at, p->size);
        p->has_thread = mc_thread_start(&p->thread, write_piece, p) == 0;
        if (!p->has_thread) write_piece(p);
        at += p->size;
        offset += p->size;
        size -= p->size;
    }
    return 0;
}

int mc_direct_wait(mc_direct *direct)
{
    for (size_t i = 0; i < MC_DIRECT_PIECES; i++)
        finish_piece(direct, &direct->pieces[i]);
    return direct->failed;
}

void mc_direct_close(mc_direct *direct)
{
    if (!direct) return;
    (void)mc_direct_wait(direct);
    for (size_t i = 0; i < MC_DIRECT_PIECES; i++)
        mc_free_aligned(direct->pieces[i].bytes, MC_DIRECT_PIECE);
    if (direct->descriptor >= 0) close(direct->descriptor);
    mc_free(direct);
}
