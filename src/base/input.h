/* input.h - what a user names to be read: a file, a pipe, or "-" for standard input.
 *
 * Not for the files of a model: there a pipe would be waited for, so they must be regular. */
#ifndef MC_BASE_INPUT_H
#define MC_BASE_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* As messages call it. Borrowed from `path`, or lives for ever. */
const char *mc_input_name(const char *path);

/* "-", or a path that is there and neither a regular file nor a folder. */
bool mc_input_is_stream(const char *path);

/* A stream, to be read once. Waits until somebody writes to a pipe that has a name. */
mc_status mc_input_open(const char *path, int *descriptor, mc_error *err);
/* Leaves standard input open. */
void mc_input_close(int descriptor);
/* What is there now (waited for) is added to `into`; *more is false at the end. */
mc_status mc_input_some(int descriptor, mc_buffer *into, bool *more, mc_error *err);

/* All of a file or stream, as mc_file_read(). */
mc_status mc_input_read(const char *path, size_t limit, char **text, size_t *size,
                        mc_error *err);

#endif
