/* cmd_system_config.c - mc system config: every setting, its value, and where that came from.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "cli/command.h"
#include "cli/globals.h"
#include "cli/settings.h"

static const mc_field setting_fields[] = {
    { "name", MC_VALUE_TEXT, "key in the file; --name is the option, if there is one",
      .label = "setting" },
    MC_NULLABLE_TEXT("value", "in force, as it would be typed"),
    { "source", MC_VALUE_TEXT, "option, environment, file or default",
      .flags = MC_FIELD_MACHINE },
    MC_TEXT_FIELD("from", "the option, the variable or the line of the file"),
    { "variable", MC_VALUE_TEXT, "of the environment",
      .flags = MC_FIELD_NULLABLE | MC_FIELD_MACHINE },
    MC_TEXT_FIELD("summary", "what it is"),
    { 0 },
};
static const mc_field fields[] = {
    MC_NULLABLE_TEXT("file", "where the file is looked for"),
    { "exists", MC_VALUE_BOOL, "it is there" },
    { "settings", MC_VALUE_ARRAY, "all there are", .element = MC_VALUE_OBJECT,
      .fields = setting_fields, .label = "" },
    { 0 },
};
static const mc_schema schema = { "mc.system.config.v1", fields };

/* Is it a switch that was switched off? */
static bool is_off(const mc_setting *setting, const mc_globals *globals)
{
    mc_buffer value = { 0 };
    bool      off;

    mc_setting_print(setting, globals, &value);
    off = value.data && strcmp(value.data, "no") == 0;
    mc_buffer_clear(&value);
    return off;
}

static void add_origin(mc_value *row, const mc_setting *setting, const mc_globals *globals)
{
    static const char *const names[] = { "default", "file", "environment", "option" };
    const mc_setting        *by      = mc_setting_decided_by(setting, globals);
    mc_setting_origin        origin  = mc_setting_get_origin(by, globals);

    mc_value_add_text(row, "source", names[origin.source]);
    switch (origin.source) {
    case MC_SETTING_DEFAULT: mc_value_add_text(row, "from", "default"); break;
    case MC_SETTING_FILE: mc_value_add_format(row, "from", "line %zu", origin.line); break;
    case MC_SETTING_ENVIRONMENT: mc_value_add_text(row, "from", by->variable); break;
    case MC_SETTING_OPTION:
        mc_value_add_format(row, "from", is_off(by, globals) ? "--no-%s" : "--%s", by->key);
        break;
    }
}

static void add_setting(mc_value *list, const mc_setting *setting, const mc_globals *globals)
{
    const mc_option *option = mc_global_option(setting->key);
    mc_value        *row    = mc_value_add_object(list, NULL);
    mc_buffer        value  = { 0 };

    mc_setting_print(setting, globals, &value);
    mc_value_add_text(row, "name", setting->key);
    if (value.size > 0 || value.failed)
        mc_value_add_buffer(row, "value", &value);
    else
        mc_value_add_null(row, "value");
    add_origin(row, setting, globals);
    mc_value_add_text_or_null(row, "variable", setting->variable);
    mc_value_add_text(row, "summary", setting->help ? setting->help : option->help);
    mc_buffer_clear(&value);
}

static mc_status run_config(mc_session *session, const void *raw, mc_error *err)
{
    mc_value *root = mc_report_root(session->report), *list;
    char     *path = NULL;

    (void)raw;
    if (mc_settings_path(&path, err) == MC_ERR_MEMORY) return MC_ERR_MEMORY;
    mc_value_add_text_or_null(root, "file", path);
    mc_value_add_bool(root, "exists", path && mc_path_exists(path));
    mc_free(path);
    list = mc_value_add_array(root, "settings");
    for (const mc_setting *setting = mc_settings; setting->key; setting++)
        add_setting(list, setting, &session->globals);
    return MC_OK;
}

static const char *const examples[] = { "mc system config", NULL };

const mc_command mc_cmd_system_config = {
    .name     = "system config",
    .summary  = "show every setting, its value, and where that comes from",
    .details  = "An option goes before its environment variable, the variable before the file "
                "config.toml in the home folder (MODELCYPHER_HOME, else ~/.modelcypher):\n"
                "output-format = \"json\"\n"
                "threads = 4\n"
                "max-memory = \"8GiB\"\n"
                "A setting that is not known there is refused, with its line.",
    .examples = examples,
    .schema   = &schema,
    .run      = run_config,
};
