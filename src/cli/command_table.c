/* command_table.c - the commands that there are. */
#include "cli/command.h"

extern const mc_command mc_cmd_geometry_atlas_list, mc_cmd_geometry_atlas_show,
    mc_cmd_geometry_primes_list, mc_cmd_geometry_crm_build, mc_cmd_model_explain, mc_cmd_model_list, mc_cmd_help,
    mc_cmd_help_schema, mc_cmd_help_completions, mc_cmd_help_man, mc_cmd_help_commands;

const mc_command *const mc_command_table[] = {
    &mc_cmd_geometry_atlas_list,
    &mc_cmd_geometry_atlas_show,
    &mc_cmd_geometry_primes_list,
    &mc_cmd_geometry_crm_build,
    &mc_cmd_model_explain,
    &mc_cmd_model_list,
    &mc_cmd_help,
    &mc_cmd_help_commands,
    &mc_cmd_help_completions,
    &mc_cmd_help_man,
    &mc_cmd_help_schema,
    NULL,
};

const mc_command_group mc_command_groups[] = {
    { "geometry", "measure what a model's hidden states look like" },
    { "model", "what a model is, from its files" },
    { "system", "this machine, and what runs on it" },
    { "storage", "what is kept on disk" },
    { "cache", "look into the caches and clear them" },
    { "help", "help, manual pages, completions, schemas" },
    { NULL, NULL },
};
