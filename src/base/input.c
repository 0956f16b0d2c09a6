/* input.c - streams read to their end, and files as they are. */
#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file_map.h"
#include "base/interrupt.h"

enum { READ_AT_ONCE = 1 << 16 };

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

const char *mc_input_name(const char *path)
{
    return is_standard(path) ? "standard input" : path;
}

bool mc_input_is_stream(const char *path)
{
    return is_standard(path) ||
           (mc_path_exists(path) && !mc_path_is_file(path) && !mc_path_is_folder(path));
}

mc_status mc_input_open(const char *path, int *descriptor, mc_error *err)
{
    if (is_standard(path)) {
        *descriptor = STDIN_FILENO;
        return MC_OK;
    }
    while ((*descriptor = open(path, O_RDONLY | O_CLOEXEC)) < 0 && errno == EINTR)
        MC_TRY(mc_interrupt_check(err));
    if (*descriptor >= 0) return MC_OK;
    return mc_fail_about(
        err, mc_fail_errno(err, "check the path and its permissions", "cannot open"), "%s",
        path);
}

void mc_input_close(int descriptor)
{
    if (descriptor != STDIN_FILENO) close(descriptor);
}

mc_status mc_input_some(int descriptor, mc_buffer *into, bool *more, mc_error *err)
{
    char   *room = mc_buffer_reserve(into, READ_AT_ONCE);
    ssize_t got;

    if (!room) return mc_buffer_status(into, err);
    MC_TRY(mc_interrupt_check(err));
    got = read(descriptor, room, READ_AT_ONCE);
    if (got < 0 && errno != EINTR) return mc_fail_errno(err, "", "cannot read");
    *more = got != 0;
    if (got > 0) into->size += (size_t)got;
    return MC_OK;
}

static mc_status read_stream(int descriptor, size_t limit, mc_buffer *into, mc_error *err)
{
    for (bool more = true; more;) {
        MC_TRY(mc_input_some(descriptor, into, &more, err));
        if (into->size > limit)
            return mc_fail(err, MC_ERR_CORRUPT, "is this the right input?",
                           "has more than %zu bytes", limit);
    }
    return MC_OK;
}

mc_status mc_input_read(const char *path, size_t limit, char **text, size_t *size,
                        mc_error *err)
{
    mc_buffer all = { 0 };
    int       descriptor;
    mc_status status;

    if (!mc_input_is_stream(path)) return mc_file_read(path, limit, text, size, err);
    MC_TRY(mc_input_open(path, &descriptor, err));
    status = read_stream(descriptor, limit, &all, err);
    mc_input_close(descriptor);
    if (status != MC_OK) {
        mc_buffer_clear(&all);
        return mc_fail_about(err, status, "%s", mc_input_name(path));
    }
    *size = all.size;
    *text = mc_buffer_take(&all);
    return MC_OK;
}
