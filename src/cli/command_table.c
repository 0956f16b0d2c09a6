/* command_table.c - the commands that there are: one line each, in the order of the help. */
#include "cli/command.h"

#define COMMANDS(X)                 \
    X(geometry_crm_build)           \
    X(geometry_crm_show)            \
    X(geometry_crm_compare)         \
    X(geometry_fingerprint)         \
    X(geometry_fingerprint_compare) \
    X(geometry_validate)            \
    X(geometry_intrinsic_dimension) \
    X(geometry_atlas_list)          \
    X(geometry_atlas_show)          \
    X(geometry_primes_list)         \
    X(geometry_primes_probe_model)  \
    X(geometry_primes_compare)      \
    X(model_explain)                \
    X(model_list)                   \
    X(model_probe)                  \
    X(system_status)                \
    X(storage_status)               \
    X(cache_ls)                     \
    X(cache_verify)                 \
    X(cache_gc)                     \
    X(cache_clear)                  \
    X(system_config)                \
    X(selftest)                     \
    X(tokenize)                     \
    X(help)                         \
    X(help_commands)                \
    X(help_completions)             \
    X(help_man)                     \
    X(help_schema)

#define DECLARE(name) extern const mc_command mc_cmd_##name;
COMMANDS(DECLARE)

#define ROW(name) &mc_cmd_##name,
const mc_command *const mc_command_table[] = { COMMANDS(ROW) NULL };

const mc_command_group mc_command_groups[] = {
    { "geometry", "measure what a model's hidden states look like" },
    { "model", "what a model is, from its files" },
    { "system", "this machine, and what runs on it" },
    { "storage", "what is kept on disk" },
    { "cache", "look into the caches and clear them" },
    { "help", "help, manual pages, completions, schemas" },
    { NULL, NULL },
};
