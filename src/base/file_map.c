/* file_map.c - mapping and reading whole files. */
#include "base/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static mc_status open_regular(const char *path, int *descriptor, struct stat *info,
                              mc_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) return mc_fail_errno(err, "check the path and its permissions", "cannot open");
    if (fstat(fd, info) != 0) {
        mc_status status = mc_fail_errno(err, "", "cannot stat");
        close(fd);
        return status;
    }
    if (!S_ISREG(info->st_mode)) {
        close(fd);
        if (S_ISDIR(info->st_mode))
            return mc_fail(err, MC_ERR_ARGUMENT, "name a file in it", "is a folder");
        return mc_fail(err, MC_ERR_ARGUMENT, "name a regular file", "is a pipe or a device");
    }
    *descriptor = fd;
    return MC_OK;
}

mc_status mc_file_map_open(const char *path, mc_file_map *map, mc_error *err)
{
    mc_file_map result = { .descriptor = -1 };
    struct stat info;
    mc_status   status = open_regular(path, &result.descriptor, &info, err);

    if (status != MC_OK) return mc_fail_about(err, status, "%s", path);
    result.bytes.size  = (size_t)info.st_size;
    result.modified_ns = nanoseconds(info.st_mtim);
    result.inode       = (uint64_t)info.st_ino;
    result.path        = mc_strdup(path);
    if (!result.path) {
        status = mc_fail_memory(err, strlen(path) + 1);
        goto fail;
    }
    if (result.bytes.size > 0) {
        void *data = mmap(NULL, result.bytes.size, PROT_READ, MAP_SHARED, result.descriptor, 0);
        if (data == MAP_FAILED) {
            status = mc_fail_errno(err, "", "cannot map %zu bytes", result.bytes.size);
            goto fail;
        }
        result.bytes.data = data;
        status            = mc_map_guard_create(data, result.bytes.size, &result.guard, err);
        if (status != MC_OK) goto fail;
        result.reader = mc_read_ahead_create();
        if (!result.reader) {
            status = mc_fail_memory(err, 0);
            goto fail;
        }
    }
    *map = result;
    return MC_OK;

fail:
    mc_fail_about(err, status, "%s", path);
    mc_file_map_close(&result);
    return status;
}

void mc_file_map_close(mc_file_map *map)
{
    mc_read_ahead_free(map->reader);
    mc_map_guard_release(map->guard);
    if (map->bytes.data) munmap((void *)(uintptr_t)map->bytes.data, map->bytes.size);
    if (map->descriptor >= 0) close(map->descriptor);
    mc_free(map->path);
    *map = (mc_file_map){ .descriptor = -1 };
}

void mc_file_map_advise(const mc_file_map *map, mc_span range, mc_file_advice advice)
{
    static const int flags[] = { MADV_WILLNEED, MADV_DONTNEED, MADV_DONTNEED };
    uintptr_t        page    = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t        base    = (uintptr_t)map->bytes.data;
    uintptr_t        first   = (uintptr_t)range.data;
    uintptr_t        last    = first + range.size;

    if (!map->bytes.data || first < base || last > base + map->bytes.size || range.size == 0)
        return;
    if (advice != MC_ADVICE_WILL_NEED)
        mc_read_ahead_drop(map->reader, range);
    else if (mc_read_ahead_add(map->reader, range))
        return;
    first = first / page * page;
    /* A page that another range shares is dropped only to be read again: harmless. */
    madvise((void *)first, last - first, flags[advice]);
    if (advice == MC_ADVICE_FORGET)
        (void)!posix_fadvise(map->descriptor, (off_t)(first - base), (off_t)(last - first),
                             POSIX_FADV_DONTNEED);
}

mc_status mc_file_map_check(const mc_file_map *map, mc_error *err)
{
    struct stat info;
    mc_status   status;

    if (fstat(map->descriptor, &info) != 0)
        status = mc_fail_errno(err, "", "cannot stat");
    else if ((size_t)info.st_size != map->bytes.size ||
             nanoseconds(info.st_mtim) != map->modified_ns)
        status =
            mc_fail(err, MC_ERR_IO, "leave the file alone while it is read, and run again",
                    "the file changed while it was being read (%zu bytes at first, %lld now)",
                    map->bytes.size, (long long)info.st_size);
    else if (mc_map_guard_hit(map->guard))
        status = mc_fail(err, MC_ERR_IO, "check the disk (dmesg), then run again",
                         "a part of the file could not be read");
    else
        return MC_OK;
    return mc_fail_about(err, status, "%s", map->path);
}

static mc_status read_all(int fd, char *text, size_t size, mc_error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, text + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return mc_fail_errno(err, "", "cannot read");
        if (got == 0)
            return mc_fail(err, MC_ERR_TRUNCATED,
                           "the file changed while it was read; run again",
                           "ends after %zu of %zu bytes", done, size);
        done += (size_t)got;
    }
    return MC_OK;
}

mc_status mc_file_read(const char *path, size_t limit, char **text, size_t *size, mc_error *err)
{
    struct stat info;
    int         fd;
    char       *bytes;
    mc_status   status = open_regular(path, &fd, &info, err);

    if (status != MC_OK) return mc_fail_about(err, status, "%s", path);
    if ((uint64_t)info.st_size > limit) {
        close(fd);
        mc_fail(err, MC_ERR_CORRUPT, "is this the right file?",
                "has %lld bytes, at most %zu are expected", (long long)info.st_size, limit);
        return mc_fail_about(err, MC_ERR_CORRUPT, "%s", path);
    }
    bytes  = mc_alloc((size_t)info.st_size + 1);
    status = bytes ? read_all(fd, bytes, (size_t)info.st_size, err)
                   : mc_fail_memory(err, (size_t)info.st_size + 1);
    close(fd);
    if (status != MC_OK) {
        mc_free(bytes);
        return mc_fail_about(err, status, "%s", path);
    }
    bytes[info.st_size] = '\0';
    *text               = bytes;
    *size               = (size_t)info.st_size;
    return MC_OK;
}

/* Not with stdio, which takes memory: having none must not make another kind of a file. */
size_t mc_file_start(const char *path, void *bytes, size_t size)
{
    int     fd = mc_path_is_file(path) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    ssize_t got;

    if (fd < 0) return 0;
    got = read(fd, bytes, size);
    close(fd);
    return got > 0 ? (size_t)got : 0;
}

int mc_path_is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

int mc_path_is_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

int mc_path_is_same(const char *a, const char *b)
{
    struct stat one, other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

int mc_path_exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0;
}

char *mc_path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    size_t need   = length + strlen(name) + 2;
    char  *path   = mc_alloc(need);

    if (!path) return NULL;
    memcpy(path, folder, length);
    if (length > 0 && folder[length - 1] != '/') path[length++] = '/';
    memcpy(path + length, name, strlen(name) + 1);
    return path;
}

mc_status mc_path_find(const char *folder, const char *name, char **path, mc_error *err)
{
    char *joined = mc_path_join(folder, name);

    if (!joined) return mc_fail_memory(err, strlen(folder) + strlen(name) + 2);
    *path = mc_path_exists(joined) ? joined : NULL;
    if (!*path) mc_free(joined);
    return MC_OK;
}
