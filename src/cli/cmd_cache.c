/* cmd_cache.c - mc cache ls, verify, gc, clear: what is kept between runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "cache/inventory.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/question.h"

typedef struct cache_args {
    const char *model;
    int         kind; /* 0: all */
    bool        files, remove;
} cache_args;

#define FIELD(name) offsetof(cache_args, name)

static const char *const kind_choices[] = { "all",        "fingerprint", "activations",
                                            "checkpoint", "hashes",      NULL };

#define CHOICE_OPTIONS                                                                       \
    {                                                                                        \
        MC_OPT_TEXT,                                                                         \
        'm',                                                                                 \
        "model",                                                                             \
        "NAME",                                                                              \
        "only entries whose model's name contains this",                                     \
        NULL,                                                                                \
        FIELD(model)                                                                         \
    },                                                                                       \
    {                                                                                        \
        MC_OPT_CHOICE, 'k', "kind", "KIND", "only entries of this kind", "all", FIELD(kind), \
            .choices = kind_choices                                                          \
    }

static bool is_chosen(const cache_args *args, const mc_cache_item *item)
{
    if (args->kind && strcmp(kind_choices[args->kind], mc_cache_kind_name(item->kind)) != 0)
        return false;
    return !args->model || strstr(item->model, args->model);
}

/* ---- ls ---- */

static const mc_option ls_options[] = {
    CHOICE_OPTIONS,
    { MC_OPT_FLAG, 'f', "files", NULL, "name every file", NULL, FIELD(files) },
    { .name = NULL },
};

static const mc_field entry_fields[] = {
    MC_TEXT_FIELD("model", "as the files' names have it"),
    MC_TEXT_FIELD("kind", "fingerprint, activations, checkpoint or hashes"),
    MC_COUNT_FIELD("files", "how many"),
    { "size", MC_VALUE_INTEGER, "of all of them", MC_UNIT_BYTES },
    { "written", MC_VALUE_TEXT, "the last one, UTC", MC_UNIT_TIME },
    { "used", MC_VALUE_TEXT, "the last time, UTC", MC_UNIT_TIME },
    { 0 },
};
static const mc_field ls_fields[] = {
    MC_LIST_FIELD("entries", "by model and kind", entry_fields),
    { "size", MC_VALUE_INTEGER, "of what is listed", MC_UNIT_BYTES },
    { "paths", MC_VALUE_ARRAY, "with --files", MC_UNIT_LINE, .element = MC_VALUE_TEXT,
      .flags = MC_FIELD_OPTIONAL },
    { 0 },
};
static const mc_schema ls_schema = { "mc.cache.ls.v1", ls_fields };

static int compare_groups(const void *left, const void *right)
{
    const mc_cache_item *a = left, *b = right;
    int                  sign = strcmp(a->model, b->model);

    if (sign == 0) sign = (a->kind > b->kind) - (a->kind < b->kind);
    return sign ? sign : strcmp(a->path, b->path);
}

static void add_group(mc_value *list, const mc_cache_item *items, size_t count)
{
    mc_value *row      = mc_value_add_object(list, NULL);
    uint64_t  size     = 0;
    int64_t   times[2] = { 0, 0 };

    for (size_t i = 0; i < count; i++) {
        size += items[i].size;
        if (items[i].written > times[0]) times[0] = items[i].written;
        if (items[i].used > times[1]) times[1] = items[i].used;
    }
    mc_value_add_text(row, "model", items[0].model);
    mc_value_add_text(row, "kind", mc_cache_kind_name(items[0].kind));
    mc_value_add_count(row, "files", count);
    mc_value_add_count(row, "size", size);
    mc_value_add_time(row, "written", times[0]);
    mc_value_add_time(row, "used", times[1]);
}

static void add_groups(mc_value *root, const cache_args *args, const mc_cache_list *list)
{
    mc_value *groups = mc_value_add_array(root, "entries"), *paths;
    uint64_t  size   = 0;

    for (size_t i = 0, count; i < list->count; i += count) {
        const mc_cache_item *first = &list->items[i];
        for (count = 1; i + count < list->count && first[count].kind == first->kind &&
                        strcmp(first[count].model, first->model) == 0;)
            count++;
        if (is_chosen(args, first)) add_group(groups, first, count);
    }
    for (size_t i = 0; i < list->count; i++)
        if (is_chosen(args, &list->items[i])) size += list->items[i].size;
    mc_value_add_count(root, "size", size);
    if (!args->files) return;
    paths = mc_value_add_array(root, "paths");
    for (size_t i = 0; i < list->count; i++)
        if (is_chosen(args, &list->items[i]))
            mc_value_add_text(paths, NULL, list->items[i].path);
}

static mc_status run_ls(mc_session *session, const void *raw, mc_error *err)
{
    mc_cache_list list = { 0 };

    MC_TRY(mc_cache_list_read(&list, err));
    if (list.count > 0) qsort(list.items, list.count, sizeof *list.items, compare_groups);
    add_groups(mc_report_root(session->report), raw, &list);
    mc_cache_list_clear(&list);
    return MC_OK;
}

static const char *const ls_examples[] = { "mc cache ls", "mc cache ls --model llama --files",
                                           NULL };

const mc_command mc_cmd_cache_ls = {
    .name    = "cache ls",
    .summary = "list what is kept between runs, by model",
    .details = "Every entry is a file whose name begins with the model's name; removing it, at "
               "any moment and by any means, costs computing it again and nothing else.",
    .options = ls_options,
    .examples  = ls_examples,
    .schema    = &ls_schema,
    .args_size = sizeof(cache_args),
    .run       = run_ls,
};

/* ---- verify ---- */

static const mc_option verify_options[] = {
    CHOICE_OPTIONS,
    { MC_OPT_FLAG, '\0', "remove", NULL, "remove what is damaged", NULL, FIELD(remove) },
    { .name = NULL },
};

static const mc_field damaged_fields[] = {
    MC_TEXT_FIELD("path", "the file"),
    MC_TEXT_FIELD("reason", "what is wrong with it"),
    { 0 },
};
static const mc_field verify_fields[] = {
    MC_COUNT_FIELD("checked", "entries read"),
    { "size", MC_VALUE_INTEGER, "of those", MC_UNIT_BYTES },
    MC_LIST_FIELD("damaged", "what is not as it was written", damaged_fields),
    MC_COUNT_FIELD("removed", "of the damaged ones"),
    { 0 },
};
static const mc_schema verify_schema = { "mc.cache.verify.v1", verify_fields };

typedef struct verification {
    size_t    checked, damaged, removed;
    uint64_t  size;
    mc_value *list;
} verification;

/* MC_ERR_MEMORY: nothing is known about it. */
static mc_status verify_item(const cache_args *args, const mc_cache_item *item, verification *v,
                             mc_error *err)
{
    mc_error  why    = { 0 };
    mc_status status = mc_cache_item_check(item, &why);
    mc_value *row;

    if (status == MC_ERR_NOT_FOUND) return MC_OK; /* gone since it was listed */
    if (status == MC_ERR_MEMORY) {
        *err = why;
        return status;
    }
    v->checked++;
    v->size += item->size;
    if (status == MC_OK) return status;
    v->damaged++;
    row = mc_value_add_object(v->list, NULL);
    mc_value_add_text(row, "path", item->path);
    mc_value_add_text(row, "reason", why.reason);
    if (args->remove && unlink(item->path) == 0) v->removed++;
    return MC_OK;
}

static mc_status run_verify(mc_session *session, const void *raw, mc_error *err)
{
    const cache_args *args = raw;
    mc_cache_list     list = { 0 };
    mc_value         *root = mc_report_root(session->report);
    verification      v    = { 0 };
    mc_status         status;

    MC_TRY(mc_cache_list_read(&list, err));
    v.list = mc_value_add_array(root, "damaged");
    status = MC_OK;
    for (size_t i = 0; i < list.count && status == MC_OK; i++) {
        if (is_chosen(args, &list.items[i]))
            status = verify_item(args, &list.items[i], &v, err);
        if (status == MC_OK) status = mc_interrupt_check(err);
    }
    mc_cache_list_clear(&list);
    mc_value_add_count(root, "checked", v.checked);
    mc_value_add_count(root, "size", v.size);
    mc_value_add_count(root, "removed", v.removed);
    if (status != MC_OK || v.damaged == v.removed) return status;
    return mc_fail(err, MC_ERR_CHECK, "--remove removes them; they would not be used anyway",
                   "%zu of %zu entries are damaged", v.damaged, v.checked);
}

static const char *const verify_examples[] = { "mc cache verify", NULL };

const mc_command mc_cmd_cache_verify = {
    .name    = "cache verify",
    .summary = "read every entry through its checksum",
    .details = "Exit code 3 when there are damaged entries left. They are not used either way: "
               "every entry is checked whenever it is read.",
    .options = verify_options,
    .examples  = verify_examples,
    .schema    = &verify_schema,
    .args_size = sizeof(cache_args),
    .run       = run_verify,
};

/* ---- gc ---- */

static const mc_field gc_fields[] = {
    MC_COUNT_FIELD("expired", "files older than MC_CACHE_TTL"),
    MC_COUNT_FIELD("evicted", "least recently used files above MC_CACHE_SIZE"),
    MC_COUNT_FIELD("leftovers", "unfinished files of writers that were killed"),
    { "freed", MC_VALUE_INTEGER, "by the first two", MC_UNIT_BYTES },
    { 0 },
};
static const mc_schema gc_schema = { "mc.cache.gc.v1", gc_fields };

static mc_status run_gc(mc_session *session, const void *raw, mc_error *err)
{
    mc_value         *root = mc_report_root(session->report);
    mc_cache_settings settings;
    mc_cache_removed  removed = { 0 };

    (void)raw;
    MC_TRY(mc_cache_settings_read(&settings, err));
    if (settings.off) settings.age = 1; /* what is kept no longer is too old */
    MC_TRY(mc_cache_make_room(&settings, 0, &removed, err));
    mc_value_add_count(root, "expired", removed.expired);
    mc_value_add_count(root, "evicted", removed.evicted);
    mc_value_add_count(root, "leftovers", removed.leftovers);
    mc_value_add_count(root, "freed", removed.bytes);
    return MC_OK;
}

static const char *const gc_examples[] = { "mc cache gc", "MC_CACHE_TTL=12h mc cache gc",
                                           NULL };

const mc_command mc_cmd_cache_gc = {
    .name    = "cache gc",
    .summary = "remove activations that are too old or too many",
    .details = "What crm-build --cache-activations does by itself before it writes: files past "
               "MC_CACHE_TTL go, then the least recently used ones until MC_CACHE_SIZE holds. "
               "Fingerprints stay until they are cleared.",
    .examples = gc_examples,
    .schema   = &gc_schema,
    .run      = run_gc,
};

/* ---- clear ---- */

static const mc_option clear_options[] = {
    CHOICE_OPTIONS,
    { .name = NULL },
};

static const mc_field clear_fields[] = {
    MC_COUNT_FIELD("removed", "files"),
    { "freed", MC_VALUE_INTEGER, "by them", MC_UNIT_BYTES },
    { 0 },
};
static const mc_schema clear_schema = { "mc.cache.clear.v1", clear_fields };

static mc_status confirm(const mc_session *session, const cache_args *args,
                         const mc_cache_list *list, mc_error *err)
{
    char     question[160];
    size_t   count = 0;
    uint64_t size  = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (!is_chosen(args, &list->items[i])) continue;
        count++;
        size += list->items[i].size;
    }
    if (count == 0) return MC_OK;
    snprintf(question, sizeof question, "remove %zu files (%llu bytes) from the caches?", count,
             (unsigned long long)size);
    return mc_question_confirm(session, question, err);
}

static mc_status run_clear(mc_session *session, const void *raw, mc_error *err)
{
    const cache_args *args    = raw;
    mc_cache_list     list    = { 0 };
    mc_value         *root    = mc_report_root(session->report);
    size_t            removed = 0;
    uint64_t          freed   = 0;
    mc_status         status;

    MC_TRY(mc_cache_list_read(&list, err));
    status = confirm(session, args, &list, err);
    for (size_t i = 0; i < list.count && status == MC_OK; i++) {
        if (!is_chosen(args, &list.items[i]) || unlink(list.items[i].path) != 0) continue;
        removed++;
        freed += list.items[i].size;
    }
    mc_cache_list_clear(&list);
    if (status != MC_OK) return status;
    mc_value_add_count(root, "removed", removed);
    mc_value_add_count(root, "freed", freed);
    return MC_OK;
}

static const char *const clear_examples[] = { "mc cache clear --kind activations --yes",
                                              "mc cache clear --model tiny-llama --yes", NULL };

const mc_command mc_cmd_cache_clear = {
    .name      = "cache clear",
    .summary   = "remove entries: all, of a kind, or of a model",
    .details   = "It asks first; --yes answers before.",
    .options   = clear_options,
    .examples  = clear_examples,
    .schema    = &clear_schema,
    .uses      = MC_USES_QUESTION,
    .args_size = sizeof(cache_args),
    .run       = run_clear,
};
