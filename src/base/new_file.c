/* new_file.c - temporary file, lock, sync, rename. */
#define _GNU_SOURCE /* fallocate, sync_file_range */
#include "base/new_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file_map.h"

enum {
    NAME_KEPT = 200, /* bytes of the name in the temporary one: 255 is the most there can be */
    TRIES     = 1000,
    DIRECT_LEAST = 1 << 20 /* less is not worth a buffer's turn */
};
#define SUFFIX ".part"

static const char hint_place[] = "choose another path, or make its folder writable";
static const char hint_space[] = "make room on the disk, or write to another one";

static const char *hint_of(int error)
{
    return error == EFBIG ? "a limit of file sizes is set here (ulimit -f)" : hint_space;
}

/* ---- where it goes ---- */

/* Follow a link, so that the file behind it is replaced and not the link. Allocated. */
static char *resolve(const char *path)
{
    char  found[PATH_MAX];
    char *copy = NULL;

    if (realpath(path, found)) copy = mc_strdup(found);
    return copy ? copy : mc_strdup(path);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The folder of `path`, "." for none. Allocated. */
static char *folder_name(const char *path)
{
    size_t length = (size_t)(base_name(path) - path);

    if (length == 0) return mc_strdup(".");
    return mc_strndup(path, length > 1 ? length - 1 : 1);
}

/* Who prints into a file has it open: another one under its name would cost what is printed. */
static bool is_printed_to(const struct stat *file)
{
    struct stat open_one;

    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &open_one) == 0 && open_one.st_dev == file->st_dev &&
            open_one.st_ino == file->st_ino)
            return true;
    return false;
}

static mc_status check_target(const char *path, mc_error *err)
{
    struct stat info;

    if (!path[0] || !base_name(path)[0])
        return mc_fail(err, MC_ERR_ARGUMENT, "give a file name", "names no file");
    if (stat(path, &info) != 0) return MC_OK;
    if (S_ISDIR(info.st_mode))
        return mc_fail(err, MC_ERR_IO, "give a file name in it", "is a folder");
    if (!S_ISREG(info.st_mode))
        return mc_fail(err, MC_ERR_IO, hint_place,
                       "is a device or a pipe, which would be replaced by a file");
    if (is_printed_to(&info))
        return mc_fail(err, MC_ERR_ARGUMENT,
                       "give the result another name than what is printed",
                       "is where standard output or standard error goes: what is printed would "
                       "be lost");
    if (access(path, W_OK) != 0 && errno != ENOENT) /* somebody may remove it meanwhile */
        return mc_fail_errno(err, hint_place, "the file that is there may not be replaced");
    return MC_OK;
}

mc_status mc_new_file_refuse_source(const char *path, mc_error *err)
{
    mc_fail(err, MC_ERR_ARGUMENT, "give the result another name",
            "is a file that the result is made from");
    return mc_fail_about(err, MC_ERR_ARGUMENT, "%s", path);
}

mc_status mc_new_file_check_source(const char *path, const char *source, mc_error *err)
{
    return mc_path_is_same(path, source) ? mc_new_file_refuse_source(path, err) : MC_OK;
}

/* ---- leftovers ---- */

/* ".<name>.<digits>-<digits>.part", of this name; "": of any. */
static int is_leftover(const char *entry, const char *prefix)
{
    size_t length = strlen(prefix), digits;

    if (strncmp(entry, prefix, length) != 0) return 0;
    if (length == 0) {
        const char *last = strrchr(entry, '-');
        if (entry[0] != '.' || !last) return 0;
        while (last > entry && last[-1] != '.')
            last--;
        length = (size_t)(last - entry);
    }
    entry += length;
    digits = strspn(entry, "0123456789");
    if (digits == 0 || entry[digits] != '-') return 0;
    entry += digits + 1;
    digits = strspn(entry, "0123456789");
    return digits > 0 && strcmp(entry + digits, SUFFIX) == 0;
}

static int remove_unlocked(int folder, const char *name)
{
    int fd = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int removed;

    if (fd < 0) return 0;
    removed = flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(folder, name, 0) == 0;
    close(fd);
    return removed;
}

static size_t remove_leftovers(const char *folder, const char *prefix)
{
    DIR           *list = opendir(folder);
    struct dirent *entry;
    size_t         count = 0;

    if (!list) return 0;
    while ((entry = readdir(list)))
        if (is_leftover(entry->d_name, prefix))
            count += (size_t)remove_unlocked(dirfd(list), entry->d_name);
    closedir(list);
    return count;
}

size_t mc_new_file_sweep(const char *folder)
{
    return remove_leftovers(folder, "");
}

/* ---- opening ---- */

/* Create and lock. 1: done; 0: try another name; -1: errno says why not. Between creating and
 * locking somebody may take the file for a leftover: then it has no name any more. */
static int create_locked(mc_new_file *file)
{
    struct stat info;
    int         fd = open(file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0) return errno == EEXIST ? 0 : -1;
    if ((flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) || fstat(fd, &info) != 0 ||
        info.st_nlink == 0) {
        unlink(file->temporary);
        close(fd);
        return 0;
    }
    file->descriptor = fd;
    return 1;
}

static mc_status create(mc_new_file *file, const char *folder, const char *prefix,
                        mc_error *err)
{
    static atomic_uint counter;
    size_t             size = strlen(folder) + strlen(prefix) + 64;

    file->temporary = mc_alloc(size);
    if (!file->temporary) return mc_fail_memory(err, size);
    for (int i = 0; i < TRIES; i++) {
        int made;

        snprintf(file->temporary, size, "%s/%s%ld-%u" SUFFIX, folder, prefix, (long)getpid(),
                 atomic_fetch_add(&counter, 1));
        made = create_locked(file);
        if (made > 0) return MC_OK;
        if (made < 0) break;
    }
    return mc_fail_errno(err, hint_place, "cannot create a file in '%.200s'", folder);
}

mc_status mc_new_file_open(const char *path, mc_new_file *file, mc_error *err)
{
    mc_new_file result = { .descriptor = -1 };
    char        prefix[NAME_KEPT + 3];
    char       *folder = NULL;
    mc_status   status = check_target(path, err);

    if (status != MC_OK) return mc_fail_about(err, status, "%s", path);
    result.path = resolve(path);
    if (result.path) folder = folder_name(result.path);
    if (folder) {
        snprintf(prefix, sizeof prefix, ".%.*s.", NAME_KEPT, base_name(result.path));
        remove_leftovers(folder, prefix);
        status = create(&result, folder, prefix, err);
    } else {
        status = mc_fail_memory(err, strlen(path) + 1);
    }
    mc_free(folder);
    if (status != MC_OK) {
        mc_free(result.temporary); /* nothing was created under this name */
        mc_free(result.path);
        return mc_fail_about(err, status, "%s", path);
    }
    *file = result;
    return MC_OK;
}

/* ---- writing ---- */

mc_status mc_new_file_reserve(mc_new_file *file, uint64_t size, mc_error *err)
{
    int failed;

    if (size > INT64_MAX)
        return mc_fail(err, MC_ERR_ARGUMENT, "ask for less at once",
                       "the file would be too large");
    do
        failed = fallocate(file->descriptor, 0, 0, (off_t)size);
    while (failed && errno == EINTR);
    /* Where the file system has no such call, at least the size is set. */
    if (failed && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)) {
        mc_status status = mc_new_file_check_space(file, size, err);

        if (status != MC_OK) return status;
        failed = ftruncate(file->descriptor, (off_t)size);
    }
    if (!failed) return MC_OK;
    return mc_fail_about(err,
                         mc_fail_errno(err, hint_of(errno), "cannot reserve %llu bytes",
                                       (unsigned long long)size),
                         "%s", file->path);
}

mc_status mc_new_file_check_space(const mc_new_file *file, uint64_t size, mc_error *err)
{
    struct statvfs info;
    uint64_t       left;

    if (fstatvfs(file->descriptor, &info) != 0 || info.f_blocks == 0) return MC_OK;
    left = (uint64_t)info.f_bavail * info.f_frsize;
    if (left >= size) return MC_OK;
    mc_fail(err, MC_ERR_DISK_FULL, hint_space, "needs about %llu bytes, the disk has %llu left",
            (unsigned long long)size, (unsigned long long)left);
    return mc_fail_about(err, MC_ERR_DISK_FULL, "%s", file->path);
}

void mc_new_file_go_direct(mc_new_file *file)
{
    file->direct = mc_direct_open(file->temporary, file->descriptor);
}

static mc_status fail_write(const mc_new_file *file, int failed, mc_error *err)
{
    errno = failed;
    return mc_fail_about(err, mc_fail_errno(err, hint_of(errno), "cannot write"), "%s",
                         file->path);
}

/* What is no whole page at either end goes the ordinary way: no page is written in both. */
static int write_direct(mc_new_file *file, uint64_t offset, const char *bytes, size_t size)
{
    const size_t head = (size_t)(-offset % MC_DIRECT_ALIGNMENT);
    const size_t body = (size - head) / MC_DIRECT_ALIGNMENT * MC_DIRECT_ALIGNMENT;
    const size_t tail = head + body;
    int          failed;

    failed = mc_direct_write(file->direct, offset + head, bytes + head, body);
    if (!failed) failed = mc_write_at(file->descriptor, offset, bytes, head);
    if (failed) return failed;
    return mc_write_at(file->descriptor, offset + tail, bytes + tail, size - tail);
}

mc_status mc_new_file_write(mc_new_file *file, uint64_t offset, const void *bytes, size_t size,
                            mc_error *err)
{
    const bool large  = file->direct && size >= DIRECT_LEAST;
    int        failed = large ? write_direct(file, offset, bytes, size)
                              : mc_write_at(file->descriptor, offset, bytes, size);

    return failed ? fail_write(file, failed, err) : MC_OK;
}

void mc_new_file_push(mc_new_file *file)
{
    (void)!sync_file_range(file->descriptor, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* ---- ending ---- */

static void clear(mc_new_file *file)
{
    mc_direct_close(file->direct);
    close(file->descriptor);
    mc_free(file->path);
    mc_free(file->temporary);
    *file = (mc_new_file){ .descriptor = -1 };
}

/* The new name is safe on disk once its folder is; not every file system can promise that. */
static void sync_folder(const char *path)
{
    char *folder = folder_name(path);
    int   fd     = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    mc_free(folder);
    if (fd < 0) return;
    (void)!fsync(fd);
    close(fd);
}

static mc_status finish(mc_new_file *file, bool sync, mc_error *err)
{
    mc_status status = MC_OK;
    int       failed = file->direct ? mc_direct_wait(file->direct) : 0;

    if (failed)
        status = fail_write(file, failed, err);
    else if (sync && fsync(file->descriptor) != 0)
        status = mc_fail_errno(err, hint_of(errno), "cannot write to the disk");
    else if (rename(file->temporary, file->path) != 0)
        status = mc_fail_errno(err, hint_place, "cannot rename '%.150s'", file->temporary);
    if (status != MC_OK) {
        mc_fail_about(err, status, "%s", file->path);
        mc_new_file_discard(file);
        return status;
    }
    if (sync) sync_folder(file->path);
    clear(file);
    return MC_OK;
}

mc_status mc_new_file_finish(mc_new_file *file, mc_error *err)
{
    return finish(file, true, err);
}

mc_status mc_new_file_finish_unsynced(mc_new_file *file, mc_error *err)
{
    return finish(file, false, err);
}

mc_status mc_new_file_save(const char *path, const mc_buffer *content, mc_error *err)
{
    mc_new_file file   = { 0 };
    mc_status   status = mc_buffer_status(content, err);

    if (status == MC_OK) status = mc_new_file_open(path, &file, err);
    if (status == MC_OK)
        status = mc_new_file_write(&file, 0, content->data, content->size, err);
    if (status == MC_OK) status = mc_new_file_finish(&file, err);
    mc_new_file_discard(&file);
    return status;
}

void mc_new_file_discard(mc_new_file *file)
{
    if (!file->temporary) return;
    unlink(file->temporary);
    clear(file);
}
