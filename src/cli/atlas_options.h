/* atlas_options.h - which probes: the options that every command with an atlas shares. */
#ifndef MC_CLI_ATLAS_OPTIONS_H
#define MC_CLI_ATLAS_OPTIONS_H

#include <modelcypher/atlas.h>

#include "cli/options.h"

typedef struct mc_atlas_options {
    const char *sets, *file, *texts;
} mc_atlas_options;

/* Rows for a table: `member` is an mc_atlas_options in the struct `type`. */
#define MC_ATLAS_OPTIONS(type, member)                                       \
    { MC_OPT_TEXT,                                                           \
      'a',                                                                   \
      "atlas",                                                               \
      "NAMES",                                                               \
      "sets of the built-in atlas, separated by commas; all is every probe", \
      NULL,                                                                  \
      offsetof(type, member) + offsetof(mc_atlas_options, sets) },           \
        { MC_OPT_FILE,                                                       \
          '\0',                                                              \
          "atlas-file",                                                      \
          "FILE",                                                            \
          "your own atlas (mc.atlas.v1); - is standard input",               \
          NULL,                                                              \
          offsetof(type, member) + offsetof(mc_atlas_options, file) },       \
    {                                                                        \
        MC_OPT_FILE, '\0', "texts", "FILE",                                  \
            "texts as probes, one a line; - is standard input", NULL,        \
            offsetof(type, member) + offsetof(mc_atlas_options, texts)       \
    }

bool mc_atlas_options_given(const mc_atlas_options *from);
/* What is named can be read only once. */
bool mc_atlas_options_is_stream(const mc_atlas_options *from);
/* MC_ERR_USAGE when more than one is given. */
mc_status mc_atlas_options_check(const mc_atlas_options *from, mc_error *err);
mc_status mc_atlas_options_open(const mc_atlas_options *from, mc_atlas **atlas, mc_error *err);

#endif
