/* settings.h - what can be set without typing it each time, and where each value came from:
 * options go before the environment, the environment before <home>/config.toml. */
#ifndef MC_CLI_SETTINGS_H
#define MC_CLI_SETTINGS_H

#include "cli/command.h"

typedef struct mc_setting {
    const char *key;      /* in the file; also the name of the global option, if there is one */
    const char *variable; /* of the environment; NULL: none */
    const char *help;     /* NULL: the option's */
    bool        is_flag;  /* of a setting without an option: yes or no */
    bool        not_in_file;
    const char *initial; /* of a setting without an option, as it would be typed */
} mc_setting;

typedef enum mc_setting_source {
    MC_SETTING_DEFAULT,
    MC_SETTING_FILE,
    MC_SETTING_ENVIRONMENT,
    MC_SETTING_OPTION
} mc_setting_source;

typedef struct mc_setting_origin {
    mc_setting_source source;
    size_t            line; /* of the file */
} mc_setting_origin;

extern const mc_setting mc_settings[]; /* ends with { NULL } */

/* Defaults, the file and the environment into `globals`. What the file sets for the library
 * becomes a variable of this process, unless it is one already. MC_ERR_USAGE names the line or
 * the variable; the rest is then as good as it can be. */
mc_status mc_settings_read(mc_globals *globals, mc_error *err);

/* The row whose value decides this one: the format that nobody chose is decided by "ai". */
const mc_setting *mc_setting_decided_by(const mc_setting *setting, const mc_globals *globals);
/* Where the value of a row came from. */
mc_setting_origin mc_setting_get_origin(const mc_setting *setting, const mc_globals *globals);
/* The value in force, as it would be typed; nothing when nothing is set. */
void mc_setting_print(const mc_setting *setting, const mc_globals *globals, mc_buffer *out);

/* The file's path, allocated. MC_ERR_NOT_FOUND: there is no home folder. */
mc_status mc_settings_path(char **path, mc_error *err);

#endif
