/* cmd_storage_status.c - mc storage status: where things are kept, and how much of them. */
#include <sys/statvfs.h>

#include "base/alloc.h"
#include "cache/inventory.h"
#include "cli/command.h"

static const mc_field folder_fields[] = {
    MC_TEXT_FIELD("kind", "fingerprint, activations, checkpoint or hashes"),
    MC_NULLABLE_TEXT("folder", "where they are"),
    MC_COUNT_FIELD("files", "how many"),
    { "size", MC_VALUE_INTEGER, "of all of them", MC_UNIT_BYTES },
    { "diskFree", MC_VALUE_INTEGER, "of that disk", MC_UNIT_BYTES, .flags = MC_FIELD_NULLABLE },
    { 0 },
};
static const mc_field storage_fields[] = {
    MC_NULLABLE_TEXT("home", "this program's own folder (MODELCYPHER_HOME)"),
    { "activationDays", MC_VALUE_NUMBER,
      "how long they are kept (MC_CACHE_TTL); null: for ever, 0: not at all",
      .flags = MC_FIELD_NULLABLE, .label = "activations kept, days" },
    { "activationLimit", MC_VALUE_INTEGER,
      "of activations and checkpoints together (MC_CACHE_SIZE); null: none", MC_UNIT_BYTES,
      .flags = MC_FIELD_NULLABLE },
    { "caches", MC_VALUE_ARRAY, "by kind", .element = MC_VALUE_OBJECT, .fields = folder_fields,
      .label = "" },
    { "size", MC_VALUE_INTEGER, "of all files", MC_UNIT_BYTES },
    { 0 },
};
static const mc_schema storage_schema = { "mc.storage.status.v1", storage_fields };

static void add_settings(mc_value *root, const mc_cache_settings *settings)
{
    if (settings->off)
        mc_value_add_number(root, "activationDays", 0);
    else if (settings->age > 0)
        mc_value_add_number(root, "activationDays", (double)settings->age / 86400);
    else
        mc_value_add_null(root, "activationDays");
    mc_value_add_count_or_null(root, "activationLimit", settings->size);
}

/* Of the disk that a folder lies on, or will: the nearest one above that is there. */
static void add_free(mc_value *row, char *folder)
{
    struct statvfs info;
    char          *slash;

    while (statvfs(folder, &info) != 0) {
        for (slash = folder; *slash;)
            slash++;
        while (slash > folder && *slash != '/')
            slash--;
        if (slash == folder) {
            mc_value_add_null(row, "diskFree");
            return;
        }
        *slash = '\0';
    }
    mc_value_add_count(row, "diskFree", (uint64_t)info.f_bavail * info.f_frsize);
}

static uint64_t add_kind(mc_value *rows, mc_cache_kind kind, const mc_cache_list *list)
{
    mc_value *row    = mc_value_add_object(rows, NULL);
    char     *folder = NULL;
    size_t    files  = 0;
    uint64_t  size   = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].kind != kind) continue;
        files++;
        size += list->items[i].size;
    }
    mc_value_add_text(row, "kind", mc_cache_kind_name(kind));
    (void)mc_cache_folder(kind, &folder, NULL);
    mc_value_add_text_or_null(row, "folder", folder);
    mc_value_add_count(row, "files", files);
    mc_value_add_count(row, "size", size);
    if (folder)
        add_free(row, folder);
    else
        mc_value_add_null(row, "diskFree");
    mc_free(folder);
    return size;
}

static void add_home(mc_value *root)
{
    char *home = NULL;

    (void)mc_home_path("", &home, NULL);
    mc_value_add_text_or_null(root, "home", home);
    mc_free(home);
}

static mc_status run_status(mc_session *session, const void *raw, mc_error *err)
{
    mc_value         *root = mc_report_root(session->report), *rows;
    mc_cache_list     list = { 0 };
    mc_cache_settings settings;
    uint64_t          size = 0;

    (void)raw;
    MC_TRY(mc_cache_settings_read(&settings, err));
    MC_TRY(mc_cache_list_read(&list, err));
    add_home(root);
    add_settings(root, &settings);
    rows = mc_value_add_array(root, "caches");
    for (int kind = 0; kind < MC_CACHE_KIND_COUNT; kind++)
        size += add_kind(rows, (mc_cache_kind)kind, &list);
    mc_value_add_count(root, "size", size);
    mc_cache_list_clear(&list);
    return MC_OK;
}

static const char *const storage_examples[] = { "mc storage status", NULL };

const mc_command mc_cmd_storage_status = {
    .name     = "storage status",
    .summary  = "show where results are kept between runs, and how much disk they take",
    .examples = storage_examples,
    .schema   = &storage_schema,
    .run      = run_status,
};
