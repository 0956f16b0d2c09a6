/* entry.c - entries: names, writing, checked reading. */
#include "cache/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/log.h"

#define MAGIC "MCCACHE\n"
enum {
    VERSION   = 2,
    CHUNK     = 1 << 20,
    NAME_KEPT = 120 /* bytes of a model's name: with label, key and ".part" below 255 */
};

typedef struct header {
    char     magic[8];
    uint32_t version, kind;
    mc_hash  key;
    uint64_t size;
    int64_t  written;
    mc_hash  sum;
} header;
_Static_assert(sizeof(header) == 64, "the layout in entry.h");

/* ---- names ---- */

/* Letters, digits and ".-_" stay, whatever else becomes '_'; no name is hidden. */
static void add_name(mc_buffer *out, const char *name)
{
    for (size_t i = 0; name[i] && i < NAME_KEPT; i++) {
        bool plain = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
                     (name[i] >= '0' && name[i] <= '9') || strchr("-_.", name[i]);
        mc_buffer_add_char(out, plain && (i > 0 || name[i] != '.') ? name[i] : '_');
    }
}

mc_status mc_cache_path(const mc_cache_id *id, char **path, mc_error *err)
{
    char      key[MC_HASH_TEXT];
    mc_buffer text   = { 0 };
    char     *folder = NULL, *result;

    MC_TRY(mc_cache_folder(id->kind, &folder, err));
    mc_hash_print(id->key, key);
    mc_buffer_printf(&text, "%s/", folder);
    add_name(&text, id->model);
    if (id->label) mc_buffer_printf(&text, "-%s", id->label);
    mc_buffer_printf(&text, "-%s.%s", key, mc_cache_kind_name(id->kind));
    mc_free(folder);
    result = mc_buffer_take(&text);
    if (!result) return mc_fail_memory(err, NAME_KEPT);
    *path = result;
    return MC_OK;
}

/* ---- writing ---- */

static mc_hash seal(const header *head, mc_hash payload)
{
    return mc_hash_join(mc_hash_bytes(head, offsetof(header, sum)), payload);
}

static mc_status open_file(const mc_cache_id *id, mc_new_file *file, mc_error *err)
{
    char     *path = NULL, *folder = NULL;
    mc_status status = mc_cache_path(id, &path, err);

    if (status == MC_OK) status = mc_cache_folder(id->kind, &folder, err);
    if (status == MC_OK) status = mc_folder_create(folder, err);
    if (status == MC_OK) status = mc_new_file_open(path, file, err);
    mc_free(path);
    mc_free(folder);
    return status;
}

mc_status mc_cache_writer_open(const mc_cache_id *id, mc_cache_writer *writer, mc_error *err)
{
    mc_cache_writer result = { .id = *id, .hasher = mc_hasher_create() };
    mc_status       status;

    if (!result.hasher) return mc_fail_memory(err, sizeof(header));
    status = open_file(id, &result.file, err);
    if (status == MC_OK)
        *writer = result;
    else
        mc_hasher_free(result.hasher);
    return status;
}

mc_status mc_cache_writer_add(mc_cache_writer *writer, const void *bytes, size_t size,
                              mc_error *err)
{
    MC_TRY(mc_new_file_write(&writer->file, sizeof(header) + writer->size, bytes, size, err));
    mc_hasher_add(writer->hasher, bytes, size);
    writer->size += size;
    return MC_OK;
}

mc_status mc_cache_writer_finish(mc_cache_writer *writer, mc_error *err)
{
    header    head = { .magic   = MAGIC,
                       .version = VERSION,
                       .kind    = (uint32_t)writer->id.kind,
                       .key     = writer->id.key,
                       .size    = writer->size,
                       .written = (int64_t)time(NULL) };
    mc_status status;

    head.sum = seal(&head, mc_hasher_sum(writer->hasher));
    status   = mc_new_file_write(&writer->file, 0, &head, sizeof head, err);
    if (status == MC_OK)
        status = mc_cache_is_synced(writer->id.kind)
                     ? mc_new_file_finish(&writer->file, err)
                     : mc_new_file_finish_unsynced(&writer->file, err);
    mc_cache_writer_discard(writer);
    return status;
}

void mc_cache_writer_discard(mc_cache_writer *writer)
{
    mc_new_file_discard(&writer->file);
    mc_hasher_free(writer->hasher);
    *writer = (mc_cache_writer){ .file.descriptor = -1 };
}

static void warn(const char *what, const mc_error *err)
{
    mc_log(MC_LOG_WARN, "%s: %s%s%s", what, err->subject, err->subject[0] ? ": " : "",
           err->reason);
}

bool mc_cache_put(const mc_cache_id *id, const void *payload, size_t size)
{
    mc_cache_writer writer = { .file.descriptor = -1 };
    mc_error        err    = { 0 };
    mc_status       status = mc_cache_writer_open(id, &writer, &err);

    if (status == MC_OK) status = mc_cache_writer_add(&writer, payload, size, &err);
    if (status == MC_OK) status = mc_cache_writer_finish(&writer, &err);
    mc_cache_writer_discard(&writer);
    if (status != MC_OK) {
        char what[64];
        snprintf(what, sizeof what, "%s not kept", mc_cache_kind_name(id->kind));
        warn(what, &err);
    }
    return status == MC_OK;
}

/* ---- reading ---- */

static mc_status read_at(int fd, uint64_t offset, void *bytes, size_t size, mc_error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(fd, (char *)bytes + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return mc_fail_errno(err, "", "cannot read");
        if (got == 0)
            return mc_fail(err, MC_ERR_TRUNCATED, "", "ends after %llu bytes",
                           (unsigned long long)(offset + done));
        done += (size_t)got;
    }
    return MC_OK;
}

/* The header says what was asked for, and the file has the size that it gives. */
static mc_status check_header(int fd, const mc_cache_id *id, header *head, mc_error *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0) return mc_fail_errno(err, "", "cannot stat");
    if (!S_ISREG(info.st_mode))
        return mc_fail(err, MC_ERR_CORRUPT, "", "is not a regular file");
    MC_TRY(read_at(fd, 0, head, sizeof *head, err));
    if (memcmp(head->magic, MAGIC, sizeof head->magic) != 0)
        return mc_fail(err, MC_ERR_CORRUPT, "", "is no cache entry");
    if (head->version != VERSION)
        return mc_fail(err, MC_ERR_CORRUPT, "", "has form %u of another mc, this one reads %d",
                       (unsigned)head->version, VERSION);
    if (head->kind != (uint32_t)id->kind || !mc_hash_equal(head->key, id->key))
        return mc_fail(err, MC_ERR_CORRUPT, "", "is an entry of something else");
    if ((uint64_t)info.st_size - sizeof *head != head->size)
        return mc_fail(err, MC_ERR_CORRUPT, "", "has %lld bytes, its header says %llu",
                       (long long)info.st_size, (unsigned long long)head->size + sizeof *head);
    return MC_OK;
}

/* All of an entry through its checksum; into `payload` where that is given. */
static mc_status check_entry(int fd, const mc_cache_id *id, header *head, char **payload,
                             mc_error *err)
{
    mc_hasher *hasher = mc_hasher_create();
    size_t     room   = CHUNK;
    char      *bytes  = NULL;
    mc_status  status = hasher ? MC_OK : mc_fail_memory(err, room);

    if (status == MC_OK) status = check_header(fd, id, head, err);
    if (status == MC_OK) {
        if (payload) room = (size_t)head->size;
        bytes = mc_alloc(room);
        if (!bytes) status = mc_fail_memory(err, room);
    }
    for (uint64_t at = 0; status == MC_OK && at < head->size; at += CHUNK) {
        size_t here = head->size - at < CHUNK ? (size_t)(head->size - at) : CHUNK;
        char  *to   = payload ? bytes + at : bytes;
        status      = read_at(fd, sizeof *head + at, to, here, err);
        if (status == MC_OK) mc_hasher_add(hasher, to, here);
    }
    if (status == MC_OK && !mc_hash_equal(head->sum, seal(head, mc_hasher_sum(hasher))))
        status = mc_fail(err, MC_ERR_CORRUPT, "", "its checksum does not hold");
    mc_hasher_free(hasher);
    if (status == MC_OK && payload)
        *payload = bytes;
    else
        mc_free(bytes);
    return status;
}

/* Damaged for good, and not only unreadable for now. */
static bool is_damaged(mc_status status)
{
    return status == MC_ERR_CORRUPT || status == MC_ERR_TRUNCATED;
}

/* Written longer ago than `age`; what the clock has not reached yet was written now. */
static bool is_expired(const header *head, int64_t age)
{
    return age > 0 && (int64_t)time(NULL) - head->written > age;
}

/* A descriptor when there is an entry and it is whole; else -1, said if that is a surprise. */
static int open_entry(const mc_cache_id *id, int64_t age, header *head, char **payload)
{
    mc_error  err    = { 0 };
    char     *path   = NULL;
    mc_status status = mc_cache_path(id, &path, &err);
    int       fd     = status == MC_OK ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

    if (status == MC_OK && fd < 0) status = mc_fail_errno(&err, "", "cannot open");
    if (status == MC_OK) status = check_entry(fd, id, head, payload, &err);
    if (path && is_damaged(status)) unlink(path);
    if (status != MC_OK && status != MC_ERR_NOT_FOUND) {
        mc_fail_about(&err, status, "%s", path ? path : id->model);
        warn(is_damaged(status) ? "a damaged cache entry is removed"
                                : "a cache entry is not used",
             &err);
    }
    if (status == MC_OK && is_expired(head, age)) {
        unlink(path);
        if (payload) mc_free(*payload);
        status = MC_ERR_NOT_FOUND;
    }
    /* The time of use, by which the least recently used goes first: kept by hand, because file
     * systems are often mounted without it. */
    if (status == MC_OK)
        (void)!futimens(
            fd, (struct timespec[]){ { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } });
    if (status != MC_OK && fd >= 0) close(fd);
    mc_free(path);
    return status == MC_OK ? fd : -1;
}

bool mc_cache_find(const mc_cache_id *id, char **payload, size_t *size)
{
    header head;
    int    fd = open_entry(id, 0, &head, payload);

    if (fd < 0) return false;
    close(fd);
    *size = (size_t)head.size;
    return true;
}

bool mc_cache_open(const mc_cache_id *id, int64_t age, mc_cache_reader *reader)
{
    header head;
    int    fd = open_entry(id, age, &head, NULL);

    if (fd < 0) return false;
    *reader = (mc_cache_reader){ true, fd, head.size, head.written };
    return true;
}

mc_status mc_cache_read(const mc_cache_reader *reader, uint64_t offset, void *bytes,
                        size_t size, mc_error *err)
{
    mc_status status;

    if (offset > reader->size || size > reader->size - offset)
        return mc_fail(err, MC_ERR_CORRUPT, "run 'mc cache verify'",
                       "a cache entry is shorter than it says");
    status = read_at(reader->descriptor, sizeof(header) + offset, bytes, size, err);
    return status == MC_OK ? status : mc_fail_about(err, status, "a cache entry");
}

void mc_cache_close(mc_cache_reader *reader)
{
    if (reader->is_open) close(reader->descriptor);
    *reader = (mc_cache_reader){ 0 };
}

void mc_cache_remove(const mc_cache_id *id)
{
    char    *path = NULL;
    mc_error err  = { 0 };

    if (mc_cache_path(id, &path, &err) == MC_OK) unlink(path);
    mc_free(path);
}

mc_status mc_cache_check_file(const char *path, const mc_cache_id *id, mc_error *err)
{
    header    head;
    int       fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    mc_status status;

    if (fd < 0) {
        status = mc_fail_errno(err, "", "cannot open");
    } else {
        status = check_entry(fd, id, &head, NULL, err);
        close(fd);
    }
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", path);
}
