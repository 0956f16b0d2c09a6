/* sets.c - the named sets of the built-in atlas, and what a person types to choose among them.
 */
#include <stdio.h>
#include <string.h>

#include "atlas/atlas.h"
#include "base/checked.h"
#include "base/list.h"
#include "base/nearest.h"

/* Sources first, in the order of the atlas; control last of them. tests/unit/test_atlas.c holds
 * the counts to the data. */
static const mc_atlas_set sets[] = {
    { "sequence_invariants", "sequence_invariant",
      "integer sequences, laws of logic, order and arithmetic, causality", 68 },
    { "semantic_primes", "semantic_prime",
      "the natural semantic metalanguage (Goddard and Wierzbicka 2014)", 65 },
    { "computational_gates", "computational_gate", "what programs are made of", 76 },
    { "emotions", "emotion_concept", "Plutchik's wheel with valence, arousal and dominance",
      32 },
    { "temporal", "temporal_concept", "ordered scales of time", 25 },
    { "social", "social_concept", "ordered scales of standing and closeness", 25 },
    { "moral", "moral_concept", "moral foundations theory (Haidt)", 30 },
    { "compositional", "compositional", "combinations of semantic primes", 22 },
    { "control", MC_CONTROL_SOURCE,
      "random common words, matched to the 343 probes in number of words", 343 },
    { "all", "", "every set but the control (the default)", 343 },
    { NULL, NULL, NULL, 0 },
};
enum { CONTROL = MC_ATLAS_SOURCES - 1, ALL = MC_ATLAS_SOURCES };
_Static_assert(MC_ARRAY_LEN(sets) == MC_ATLAS_SOURCES + 2, "sources, all, the end");

const mc_atlas_set *mc_atlas_sets(void)
{
    return sets;
}

size_t mc_atlas_source_rank(const char *source)
{
    size_t rank = 0;

    while (rank < MC_ATLAS_SOURCES && strcmp(sets[rank].source, source) != 0)
        rank++;
    return rank;
}

/* The source of a set is what result files call it: somebody may type that. */
static const char *meant(const char *name)
{
    mc_nearest nearest = { .typed = name };

    for (size_t i = 0; i < MC_ATLAS_SOURCES; i++)
        if (strcmp(sets[i].source, name) == 0) return sets[i].name;
    for (size_t i = 0; sets[i].name; i++)
        mc_nearest_offer(&nearest, sets[i].name);
    return nearest.best;
}

static mc_status fail_unknown(const char *name, mc_error *err)
{
    const char *near     = meant(name);
    char        hint[96] = "`mc geometry atlas list` prints the names";

    if (near)
        snprintf(hint, sizeof hint, "did you mean '%s'? `mc geometry atlas list` prints them",
                 near);
    return mc_fail(err, MC_ERR_ATLAS, hint, "no atlas is called '%s'", name);
}

static mc_status select_one(const char *text, size_t size, bool *wanted, mc_error *err)
{
    char name[64];

    snprintf(name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name), text);
    for (size_t i = 0; sets[i].name; i++) {
        if (strlen(sets[i].name) != size || memcmp(sets[i].name, text, size) != 0) continue;
        if (i < ALL) wanted[i] = true;
        for (size_t j = 0; i == ALL && j < CONTROL; j++)
            wanted[j] = true;
        return MC_OK;
    }
    return fail_unknown(name, err);
}

/* The chosen names in the atlas's order, "all" where it says the same. */
static mc_status print_selection(const bool *wanted, mc_arena *arena, const char **canonical,
                                 mc_error *err)
{
    char  *text;
    size_t chosen = 0, used = 0, room = 0;

    for (size_t i = 0; i < MC_ATLAS_SOURCES; i++) {
        chosen += i < CONTROL && wanted[i];
        room += strlen(sets[i].name) + 1;
    }
    MC_TRY(mc_arena_array(arena, room, 1, (void **)&text, err));
    text[0] = '\0';
    if (chosen == CONTROL) used = (size_t)snprintf(text, room, "%s", sets[ALL].name);
    for (size_t i = chosen == CONTROL ? CONTROL : 0; i < MC_ATLAS_SOURCES; i++)
        if (wanted[i])
            used += (size_t)snprintf(text + used, room - used, "%s%s", used ? "," : "",
                                     sets[i].name);
    *canonical = text;
    return MC_OK;
}

mc_status mc_atlas_select(const char *selection, mc_arena *arena, bool *wanted,
                          const char **canonical, mc_error *err)
{
    mc_list list = mc_list_begin(selection && selection[0] ? selection : "all");

    memset(wanted, 0, MC_ATLAS_SOURCES * sizeof *wanted);
    while (mc_list_next(&list)) {
        if (list.size == 0)
            return mc_fail(err, MC_ERR_ATLAS, MC_LIST_EMPTY_HINT, MC_LIST_EMPTY, list.whole);
        MC_TRY(select_one(list.item, list.size, wanted, err));
    }
    return print_selection(wanted, arena, canonical, err);
}
