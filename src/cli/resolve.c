/* resolve.c - from the words of a command line to a row of the command table. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/nearest.h"
#include "cli/command.h"
#include "cli/globals.h"

enum { NAME_MAX_SIZE = 128 };

/* "geometry crm" is how "geometry crm build" begins; "geometry c" is not. */
static bool begins_with(const char *name, const char *words)
{
    size_t size = strlen(words);

    return strncmp(name, words, size) == 0 && (name[size] == '\0' || name[size] == ' ');
}

typedef void visit_name(void *context, const mc_command *command, const char *name);

static void for_each_name(visit_name *visit, void *context)
{
    for (const mc_command *const *command = mc_command_table; *command; command++) {
        visit(context, *command, (*command)->name);
        for (const char *const *alias = (*command)->aliases; alias && *alias; alias++)
            visit(context, *command, *alias);
    }
}

typedef struct search {
    const char       *words;
    const mc_command *exact;
    bool              is_beginning;
} search;

static void look_at(void *context, const mc_command *command, const char *name)
{
    search *looking = context;

    if (strcmp(name, looking->words) == 0) looking->exact = command;
    if (begins_with(name, looking->words)) looking->is_beginning = true;
}

const mc_command *mc_command_find(const char *name)
{
    search looking = { .words = name };

    for_each_name(look_at, &looking);
    return looking.exact;
}

typedef struct suggestion {
    const char *known; /* the words that were understood */
    mc_nearest  nearest;
    const char *name; /* the whole name that nearest.best is a part of */
} suggestion;

static void offer_part(suggestion *suggest, const char *name, const char *part)
{
    mc_nearest_offer(&suggest->nearest, part);
    if (suggest->nearest.best == part) suggest->name = name;
}

/* After known words, how names go on from there; without any, also the last word of a name, for
 * "crm-build" typed without its group. */
static void offer(void *context, const mc_command *command, const char *name)
{
    suggestion *suggest = context;
    size_t      known   = strlen(suggest->known);
    const char *last    = strrchr(name, ' ');

    (void)command;
    if (known > 0 && begins_with(name, suggest->known) && name[known])
        offer_part(suggest, name, name + known + 1);
    if (known > 0) return;
    offer_part(suggest, name, name);
    if (last) offer_part(suggest, name, last + 1);
}

static mc_status unknown(const char *known, const char *word, mc_error *err)
{
    const char *space = known[0] ? " " : "";
    char        hint[NAME_MAX_SIZE + 64];
    suggestion  suggest = { .known = known, .nearest = { .typed = word } };

    for_each_name(offer, &suggest);
    for (const mc_command_group *group = mc_command_groups; !known[0] && group->name; group++)
        offer_part(&suggest, group->name, group->name);
    if (suggest.name)
        snprintf(hint, sizeof hint, "did you mean 'mc %s'?", suggest.name);
    else
        snprintf(hint, sizeof hint, "'mc help%s%s' lists what there is", space, known);
    return mc_fail(err, MC_ERR_USAGE, hint, "unknown command '%s%s%s'", known, space, word);
}

/* Join `word` to `words` if some command's name goes on like that. */
static bool extend(char words[NAME_MAX_SIZE], const char *word)
{
    search looking = { 0 };
    char   longer[NAME_MAX_SIZE];
    int    size = snprintf(longer, sizeof longer, "%s%s%s", words, words[0] ? " " : "", word);

    if (size < 0 || (size_t)size >= sizeof longer || strchr(word, ' ')) return false;
    looking.words = longer;
    for_each_name(look_at, &looking);
    if (looking.is_beginning) memcpy(words, longer, (size_t)size + 1);
    return looking.is_beginning;
}

mc_status mc_command_resolve(int argc, char **argv, mc_globals *globals, int *at,
                             const mc_command **command, const char **group, bool *help,
                             mc_error *err)
{
    static char         words[NAME_MAX_SIZE];
    const mc_option_set set = mc_globals_set(globals);

    words[0] = '\0';
    while (*at < argc) {
        if (argv[*at][0] != '-' || !argv[*at][1]) {
            if (!extend(words, argv[*at])) break;
            ++*at;
            continue;
        }
        /* Options after a command's full name are read with the command's own. */
        if (mc_command_find(words)) break;
        if (strcmp(argv[*at], "--help") == 0 || strcmp(argv[*at], "-h") == 0) {
            *help = true;
            ++*at;
            continue;
        }
        if (strcmp(argv[*at], "--") == 0) break;
        MC_TRY(mc_options_take(&set, 1, argc, argv, at, err));
    }
    *command = mc_command_find(words);
    *group   = words;
    if (!*command && *at < argc) return unknown(words, argv[*at], err);
    return MC_OK;
}
