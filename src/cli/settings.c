/* settings.c - reading the configuration file and the environment. */
#include "cli/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "base/nearest.h"
#include "cache/home.h"
#include "cli/globals.h"
#include "cli/toml.h"

const mc_setting mc_settings[] = {
    { "output-format", "MC_OUTPUT", NULL },
    { "ai", "MC_AI_MODE", NULL },
    { "pretty", NULL, NULL },
    { "quiet", NULL, NULL },
    { "log-level", "MC_LOG_LEVEL", NULL },
    { "threads", "MC_THREADS", NULL },
    { "backend", "MC_BACKEND", NULL },
    { "max-memory", "MC_MAX_MEMORY", NULL },
    { "seed", NULL, NULL },
    { "no-color", "NO_COLOR", "no colours on a terminal (NO_COLOR)", .is_flag = true },
    { "cpu-tier", "MC_CPU",
      "instruction set of the cpu backend (MC_CPU), as in 'mc system status'" },
    { "home", "MODELCYPHER_HOME", "this program's own folder (MODELCYPHER_HOME)",
      .not_in_file = true, .initial = "~/.modelcypher" },
    { "huggingface.home", "HF_HOME", "where Hugging Face names are looked up (HF_HOME)",
      .initial = "~/.cache/huggingface" },
    { "cache.activations", "MC_ACTIVATION_CACHE_DIR",
      "folder of kept activations (MC_ACTIVATION_CACHE_DIR)" },
    { "cache.ttl", "MC_CACHE_TTL",
      "how long activations are kept: 7d, 12h, never; 0: not at all (MC_CACHE_TTL)",
      .initial = "7d" },
    { "cache.size", "MC_CACHE_SIZE",
      "how much of them, least recently used first (MC_CACHE_SIZE)", .initial = "20GiB" },
    { NULL },
};

enum { SETTING_COUNT = sizeof mc_settings / sizeof mc_settings[0] - 1, FILE_MAX = 1 << 20 };

/* Of this process, as its environment is. */
static mc_setting_origin origins[SETTING_COUNT];

typedef struct reading {
    mc_globals *globals;
    const char *path;
} reading;

static const char *variable_of(const mc_setting *setting)
{
    const char *value = setting->variable ? getenv(setting->variable) : NULL;

    return value && value[0] ? value : NULL;
}

static mc_status unknown_key(const reading *file, const mc_toml_value *value, mc_error *err)
{
    char       hint[128] = "'mc system config' lists the settings";
    mc_nearest nearest   = { .typed = value->key };

    for (const mc_setting *setting = mc_settings; setting->key; setting++)
        if (!setting->not_in_file) mc_nearest_offer(&nearest, setting->key);
    if (nearest.best) snprintf(hint, sizeof hint, "did you mean '%s'?", nearest.best);
    return mc_fail(err, MC_ERR_USAGE, hint, "%s:%zu: unknown setting '%s'", file->path,
                   value->line, value->key);
}

static const mc_setting *find(const char *key)
{
    for (const mc_setting *setting = mc_settings; setting->key; setting++)
        if (!setting->not_in_file && strcmp(setting->key, key) == 0) return setting;
    return NULL;
}

static mc_status set_variable(const mc_setting *setting, const char *shown,
                              const mc_toml_value *value, mc_error *err)
{
    const char *text = value->text;

    if (setting->is_flag != value->is_bool || !text[0])
        return mc_fail(err, MC_ERR_USAGE, "", "%s: %s is expected", shown,
                       setting->is_flag ? "true or false" : "a text");
    if (setting->is_flag) text = strcmp(text, "true") == 0 ? "1" : "";
    if (!variable_of(setting) && setenv(setting->variable, text, 1) != 0)
        return mc_fail_memory(err, strlen(text));
    return MC_OK;
}

static mc_status take_value(void *context, const mc_toml_value *value, mc_error *err)
{
    const reading     *file    = context;
    const mc_setting  *setting = find(value->key);
    const mc_option   *option  = mc_global_option(value->key);
    mc_setting_origin *origin;
    char               shown[320];

    if (!setting) return unknown_key(file, value, err);
    snprintf(shown, sizeof shown, "%s:%zu: %s", file->path, value->line, value->key);
    if (!value->text)
        return mc_fail(err, MC_ERR_USAGE, "", "%s: a text, a number, true or false is expected",
                       shown);
    if (option && value->is_bool == mc_option_takes_value(option))
        return mc_fail(err, MC_ERR_USAGE, "", "%s: %s is expected", shown,
                       value->is_bool ? "a value" : "true or false");
    origin = &origins[setting - mc_settings];
    if (option)
        MC_TRY(mc_option_set_value(option, shown, value->text, file->globals, err));
    else
        MC_TRY(set_variable(setting, shown, value, err));
    if (origin->source == MC_SETTING_DEFAULT)
        *origin = (mc_setting_origin){ MC_SETTING_FILE, value->line };
    return MC_OK;
}

static mc_status read_file(mc_globals *globals, mc_error *err)
{
    char     *path = NULL, *text = NULL;
    size_t    size   = 0;
    mc_status status = mc_settings_path(&path, err);

    /* No home is no reason to do nothing, and most homes have no such file. */
    if (status == MC_ERR_NOT_FOUND) return MC_OK;
    if (status == MC_OK && mc_path_exists(path)) {
        reading file = { globals, path };
        status       = mc_file_read(path, FILE_MAX, &text, &size, err);
        if (status == MC_OK) status = mc_toml_read(path, text, size, take_value, &file, err);
    }
    mc_free(text);
    mc_free(path);
    return status;
}

static mc_status read_environment(mc_globals *globals, mc_error *err)
{
    for (const mc_setting *setting = mc_settings; setting->key; setting++) {
        const mc_option *option = mc_global_option(setting->key);
        const char      *value  = variable_of(setting);
        if (option && value)
            MC_TRY(mc_option_set_value(option, setting->variable, value, globals, err));
    }
    return MC_OK;
}

mc_status mc_settings_read(mc_globals *globals, mc_error *err)
{
    mc_status status;

    for (size_t i = 0; i < SETTING_COUNT; i++)
        origins[i] = (mc_setting_origin){ variable_of(&mc_settings[i]) ? MC_SETTING_ENVIRONMENT
                                                                       : MC_SETTING_DEFAULT,
                                          0 };
    MC_TRY(mc_globals_init(globals, err));
    status = read_file(globals, err);
    if (status != MC_OK) {
        read_environment(globals, NULL);
        return status;
    }
    return read_environment(globals, err);
}

const mc_setting *mc_setting_decided_by(const mc_setting *setting, const mc_globals *globals)
{
    bool by_ai = globals->format_by_ai && strcmp(setting->key, "output-format") == 0;

    return by_ai ? find("ai") : setting;
}

mc_setting_origin mc_setting_get_origin(const mc_setting *setting, const mc_globals *globals)
{
    if (mc_global_given(globals, setting->key))
        return (mc_setting_origin){ MC_SETTING_OPTION, 0 };
    return origins[setting - mc_settings];
}

void mc_setting_print(const mc_setting *setting, const mc_globals *globals, mc_buffer *out)
{
    const mc_option *option = mc_global_option(setting->key);
    const char      *value  = variable_of(setting);

    if (option)
        mc_option_print_value(option, globals, out);
    else if (setting->is_flag)
        mc_buffer_add_text(out, value ? "yes" : "no");
    else if (value || setting->initial)
        mc_buffer_add_text(out, value ? value : setting->initial);
}

mc_status mc_settings_path(char **path, mc_error *err)
{
    return mc_home_path("config.toml", path, err);
}
