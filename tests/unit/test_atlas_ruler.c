/* test_atlas_ruler.c - whether the built-in atlas is a fair ruler: the inventory is the one
 * that was set down, and what is measured with the texts is the concepts and not the texts'
 * lengths, openings, endings or frames. scripts/check-atlas.py looks closer, while texts are
 * written. */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include <modelcypher/atlas.h>

#include "base/checked.h"
#include "support/check.h"

enum { WORDS_MAX = 64, WORD_SIZE = 64, TEXTS_MAX = 4 * 76 };

/* One text, cut into words at blanks, in lower case. */
typedef struct words {
    const char *text, *probe;
    size_t      count;
    char        items[WORDS_MAX][WORD_SIZE];
} words;

static words all_words[4 * 343], control_words[4 * 343];

static void split_words(words *out, const mc_probe *probe, const mc_probe_text *text)
{
    size_t used = 0;

    *out = (words){ .text = text->bytes, .probe = probe->full_id };
    for (size_t i = 0; i <= text->size; i++) {
        unsigned char byte = (unsigned char)text->bytes[i];

        if (i == text->size || isspace(byte)) {
            out->count += used > 0;
            used = 0;
            continue;
        }
        CHECK(text->bytes, out->count < WORDS_MAX && used + 1 < WORD_SIZE);
        out->items[out->count][used++] = (char)tolower(byte);
    }
}

static mc_atlas *atlas;

static int open_atlas(void **state)
{
    mc_error err = { 0 };

    (void)state;
    CHECK_OK("all", mc_atlas_open_builtin("all", &atlas, &err));
    CHECK("all", mc_atlas_count(atlas) == 343);
    for (size_t i = 0; i < 343; i++) {
        const mc_probe *probe = mc_atlas_probe(atlas, i), *control = mc_atlas_control(atlas, i);

        CHECK(probe->full_id, probe->text_count == 4 && control && control->text_count == 4);
        for (size_t j = 0; j < 4; j++) {
            split_words(&all_words[4 * i + j], probe, &probe->texts[j]);
            split_words(&control_words[4 * i + j], control, &control->texts[j]);
        }
    }
    return 0;
}

static int close_atlas(void **state)
{
    (void)state;
    mc_atlas_close(atlas);
    return 0;
}

/* ---- the inventory ---- */

/* Probes of a category; a domain of NULL: it differs from probe to probe. */
static const struct {
    const char *source, *category, *domain;
    size_t      count;
} categories[] = {
    { "sequence_invariant", "fibonacci", "mathematical", 7 },
    { "sequence_invariant", "lucas", "mathematical", 6 },
    { "sequence_invariant", "tribonacci", "mathematical", 5 },
    { "sequence_invariant", "primes", "mathematical", 6 },
    { "sequence_invariant", "catalan", "mathematical", 6 },
    { "sequence_invariant", "ramanujan", "mathematical", 4 },
    { "sequence_invariant", "logic", "logical", 9 },
    { "sequence_invariant", "ordering", "logical", 8 },
    { "sequence_invariant", "arithmetic", "mathematical", 9 },
    { "sequence_invariant", "causality", "logical", 8 },
    { "semantic_prime", "substantives", "linguistic", 6 },
    { "semantic_prime", "relationalSubstantives", "relational", 2 },
    { "semantic_prime", "determiners", "linguistic", 3 },
    { "semantic_prime", "quantifiers", "mathematical", 6 },
    { "semantic_prime", "evaluators", "affective", 2 },
    { "semantic_prime", "descriptors", "linguistic", 2 },
    { "semantic_prime", "mentalPredicates", "mental", 7 },
    { "semantic_prime", "speech", "linguistic", 3 },
    { "semantic_prime", "actionsEventsMovement", "structural", 3 },
    { "semantic_prime", "locationExistenceSpecification", "spatial", 3 },
    { "semantic_prime", "possession", "relational", 1 },
    { "semantic_prime", "lifeAndDeath", "temporal", 2 },
    { "semantic_prime", "time", "temporal", 8 },
    { "semantic_prime", "place", "spatial", 9 },
    { "semantic_prime", "logicalConcepts", "logical", 5 },
    { "semantic_prime", "augmentorIntensifier", "linguistic", 2 },
    { "semantic_prime", "similarity", "relational", 1 },
    { "computational_gate", "coreConcepts", "computational", 6 },
    { "computational_gate", "controlFlow", "logical", 5 },
    { "computational_gate", "functionsScoping", "structural", 4 },
    { "computational_gate", "dataTypes", "structural", 8 },
    { "computational_gate", "domainSpecific", "computational", 8 },
    { "computational_gate", "concurrencyParallelism", "computational", 8 },
    { "computational_gate", "memoryManagement", "computational", 5 },
    { "computational_gate", "systemIO", "computational", 6 },
    { "computational_gate", "modularity", "structural", 3 },
    { "computational_gate", "errorHandling", "logical", 5 },
    { "computational_gate", "objectOriented", "structural", 2 },
    { "computational_gate", "metaprogramming", "computational", 5 },
    { "computational_gate", "uncategorized", "computational", 1 },
    { "computational_gate", "composite", "computational", 10 },
    { "emotion_concept", "joy", "affective", 3 },
    { "emotion_concept", "trust", "relational", 3 },
    { "emotion_concept", "fear", "affective", 3 },
    { "emotion_concept", "surprise", "mental", 3 },
    { "emotion_concept", "sadness", "affective", 3 },
    { "emotion_concept", "disgust", "affective", 3 },
    { "emotion_concept", "anger", "affective", 3 },
    { "emotion_concept", "anticipation", "mental", 3 },
    { "emotion_concept", "dyad", NULL, 8 },
    { "temporal_concept", "tense", "temporal", 5 },
    { "temporal_concept", "duration", "temporal", 5 },
    { "temporal_concept", "causality", "logical", 5 },
    { "temporal_concept", "lifecycle", "temporal", 5 },
    { "temporal_concept", "sequence", "temporal", 5 },
    { "social_concept", "power_hierarchy", "relational", 5 },
    { "social_concept", "formality", "linguistic", 5 },
    { "social_concept", "kinship", "relational", 5 },
    { "social_concept", "status_markers", "relational", 5 },
    { "social_concept", "age", "relational", 5 },
    { "moral_concept", "care_harm", "moral", 5 },
    { "moral_concept", "fairness_cheating", "moral", 5 },
    { "moral_concept", "loyalty_betrayal", "relational", 5 },
    { "moral_concept", "authority_subversion", "relational", 5 },
    { "moral_concept", "sanctity_degradation", "moral", 5 },
    { "moral_concept", "liberty_oppression", "moral", 5 },
    { "compositional", "mentalPredicate", "mental", 7 },
    { "compositional", "action", "structural", 4 },
    { "compositional", "evaluative", "affective", 3 },
    { "compositional", "temporal", "temporal", 3 },
    { "compositional", "spatial", "spatial", 3 },
    { "compositional", "quantified", "mathematical", 2 },
};

static void categories_have_their_counts_and_domains(void **state)
{
    size_t total = 0;

    (void)state;
    for (size_t c = 0; c < MC_ARRAY_LEN(categories); c++) {
        size_t count = 0;

        for (size_t i = 0; i < 343; i++) {
            const mc_probe *probe = mc_atlas_probe(atlas, i);

            if (strcmp(probe->source, categories[c].source) != 0 ||
                strcmp(probe->category, categories[c].category) != 0)
                continue;
            count++;
            CHECK(probe->full_id,
                  !categories[c].domain || !strcmp(probe->domain, categories[c].domain));
        }
        CHECK(categories[c].category, count == categories[c].count);
        total += count;
    }
    assert_int_equal(total, 343);
}

/* Where probes of a source have a field, all have it. */
static void records_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < 343; i++) {
        const mc_probe *p     = mc_atlas_probe(atlas, i);
        bool            scale = !strcmp(p->source, "temporal_concept") ||
                     !strcmp(p->source, "social_concept") ||
                     !strcmp(p->source, "moral_concept");
        bool emotion   = !strcmp(p->source, "emotion_concept");
        bool composite = !strcmp(p->category, "composite") || !strcmp(p->category, "dyad") ||
                         !strcmp(p->source, "compositional");

        CHECK(p->full_id, p->name[0] && p->description[0] && p->weight > 0);
        CHECK(p->full_id, scale == (p->level > 0) && scale == (p->axis[0] != '\0'));
        CHECK(p->full_id, emotion == p->has_affect && emotion == (p->intensity[0] != '\0'));
        CHECK(p->full_id, composite == (p->component_count > 0));
        CHECK(p->full_id,
              !strcmp(p->source, "sequence_invariant") == (p->expression[0] != '\0'));
    }
}

static void scales_have_each_level_once(void **state)
{
    (void)state;
    for (size_t c = 0; c < MC_ARRAY_LEN(categories); c++) {
        unsigned levels = 0;

        for (size_t i = 0; i < 343; i++) {
            const mc_probe *probe = mc_atlas_probe(atlas, i);

            if (!strcmp(probe->source, categories[c].source) &&
                !strcmp(probe->category, categories[c].category))
                levels |= 1u << probe->level;
        }
        CHECK(categories[c].category, levels == 1u || levels == 0x3eu);
    }
}

/* Opposites pair equal intensities, both ways; parts are probes. */
static void references_name_probes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 343; i++) {
        const mc_probe *probe = mc_atlas_probe(atlas, i);
        const char     *from =
            !strcmp(probe->source, "compositional") ? "semantic_prime" : probe->source;
        char id[128];

        if (probe->opposite[0]) {
            const mc_probe *other;

            snprintf(id, sizeof id, "%s:%s", probe->source, probe->opposite);
            other = mc_atlas_find(atlas, id);
            CHECK(probe->full_id, other && !strcmp(other->opposite, probe->id));
            CHECK(probe->full_id, !strcmp(other->intensity, probe->intensity));
        }
        for (size_t j = 0; j < probe->component_count; j++) {
            snprintf(id, sizeof id, "%s:%s", from, probe->components[j]);
            CHECK(probe->full_id, mc_atlas_find(atlas, id) != NULL);
        }
    }
}

/* ---- the texts ---- */

static void lengths_are_within_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(all_words); i++) {
        const mc_probe *probe = mc_atlas_probe(atlas, i / 4);
        bool            code =
            !strcmp(probe->source, "computational_gate") || !strcmp(probe->expression, "code");

        CHECK(all_words[i].text, all_words[i].count <= 16);
        CHECK(all_words[i].text, all_words[i].count >= (code ? 1 : 5));
    }
    for (size_t i = 0; i < 343; i++) {
        const words *four = &all_words[4 * i];

        CHECK(four->probe, four[0].count != four[1].count || four[0].count != four[2].count ||
                               four[0].count != four[3].count);
    }
}

/* The first word of a source's texts in all_words, and how many there are. */
static size_t texts_of(const char *source, const words **first)
{
    size_t count = 0;

    for (size_t i = 0; i < MC_ARRAY_LEN(all_words); i++) {
        if (strcmp(mc_atlas_probe(atlas, i / 4)->source, source) != 0) continue;
        if (count++ == 0) *first = &all_words[i];
    }
    CHECK(source, count > 0 && count <= TEXTS_MAX);
    return count;
}

/* Means of the sources lie within a factor of 1.25, spreads (standard deviations) within 1.5 to
 * 3.5 words: the distributions overlap. */
static void lengths_of_the_sources_overlap(void **state)
{
    double least = 1e9, most = 0;

    (void)state;
    for (const mc_atlas_set *set = mc_atlas_sets(); strcmp(set->name, "control") != 0; set++) {
        const words *texts = NULL;
        size_t       count = texts_of(set->source, &texts);
        double       sum = 0, squares = 0, mean, spread;

        for (size_t i = 0; i < count; i++) {
            sum += (double)texts[i].count;
            squares += (double)texts[i].count * (double)texts[i].count;
        }
        mean   = sum / (double)count;
        spread = sqrt(squares / (double)count - mean * mean);
        CHECK(set->name, spread >= 1.5 && spread <= 3.5);
        least = fmin(least, mean);
        most  = fmax(most, mean);
    }
    assert_true(most <= 1.25 * least);
}

static int compare_texts(const void *left, const void *right)
{
    const words *const *a = left, *const *b = right;

    return strcasecmp((*a)->text, (*b)->text);
}

static void no_text_occurs_twice(void **state)
{
    static const words *sorted[2 * MC_ARRAY_LEN(all_words)];
    size_t              count = 0;

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(all_words); i++) {
        sorted[count++] = &all_words[i];
        sorted[count++] = &control_words[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_texts);
    for (size_t i = 1; i < count; i++)
        CHECK(sorted[i]->text, compare_texts(&sorted[i - 1], &sorted[i]) != 0);
}

/* Bare letters and digits of a text's last word; the word itself where there are none. */
static void last_word(const words *text, char out[WORD_SIZE])
{
    const char *word  = text->items[text->count - 1];
    size_t      first = 0, end = strlen(word);

    while (first < end && ispunct((unsigned char)word[first]))
        first++;
    while (end > first && ispunct((unsigned char)word[end - 1]))
        end--;
    if (first == end) {
        first = 0;
        end   = strlen(word);
    }
    snprintf(out, WORD_SIZE, "%.*s", (int)(end - first), word + first);
}

/* How many texts of a source share an opening of two words, or a last word: no more than 4 and
 * 3 percent; none share the first four. */
static void openings_and_endings_vary(void **state)
{
    (void)state;
    for (const mc_atlas_set *set = mc_atlas_sets(); strcmp(set->name, "control") != 0; set++) {
        const words *t     = NULL;
        size_t       count = texts_of(set->source, &t);

        for (size_t i = 0; i < count; i++) {
            size_t two = 0, ending = 0;
            char   last[WORD_SIZE], other[WORD_SIZE];

            last_word(&t[i], last);
            for (size_t j = 0; j < count; j++) {
                bool same = !strcmp(t[i].items[0], t[j].items[0]) &&
                            !strcmp(t[i].items[1], t[j].items[1]);
                last_word(&t[j], other);
                two += same;
                ending += !strcmp(last, other);
                CHECK(t[i].text, i == j || !same || strcmp(t[i].items[2], t[j].items[2]) != 0 ||
                                     strcmp(t[i].items[3], t[j].items[3]) != 0);
            }
            CHECK(t[i].text, two <= 2 || (double)two <= 0.04 * (double)count);
            CHECK(t[i].text, ending <= 2 || (double)ending <= 0.03 * (double)count);
        }
    }
}

static void no_text_ends_in_a_full_stop_or_blank(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(all_words); i++) {
        const char *text = all_words[i].text;
        char        last = text[strlen(text) - 1];

        CHECK(text, last != '.' && !isspace((unsigned char)last) &&
                        !isspace((unsigned char)text[0]) && !strchr(text, '\n'));
    }
}

static size_t in_common(const words *a, const words *b)
{
    size_t count = 0;

    for (size_t i = 0; i < a->count; i++) {
        bool first = true, found = false;

        for (size_t j = 0; j < i; j++)
            first = first && strcmp(a->items[i], a->items[j]) != 0;
        for (size_t j = 0; first && j < b->count; j++)
            found = found || !strcmp(a->items[i], b->items[j]);
        count += first && found;
    }
    return count;
}

/* Two texts of a source share a frame when 60 percent of their words are the same. */
static void no_two_texts_share_a_template(void **state)
{
    (void)state;
    for (const mc_atlas_set *set = mc_atlas_sets(); strcmp(set->name, "control") != 0; set++) {
        const words *t     = NULL;
        size_t       count = texts_of(set->source, &t);

        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < i; j++) {
                size_t both  = in_common(&t[i], &t[j]);
                size_t total = in_common(&t[i], &t[i]) + in_common(&t[j], &t[j]) - both;
                CHECK(t[i].text, (double)both < 0.6 * (double)total);
            }
        }
    }
}

/* The concept's own name is not always last: in two of a probe's texts at most. */
static void concepts_do_not_always_stand_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < 343; i++) {
        const mc_probe *probe = mc_atlas_probe(atlas, i);
        size_t          count = 0;

        for (size_t j = 0; j < 4; j++) {
            char last[WORD_SIZE];

            last_word(&all_words[4 * i + j], last);
            count += !strcasecmp(last, probe->id) || !strcasecmp(last, probe->name);
        }
        CHECK(probe->full_id, count <= 2);
    }
}

/* ---- the control ---- */

static void control_texts_have_as_many_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(all_words); i++)
        CHECK(all_words[i].text, all_words[i].count == control_words[i].count);
    for (size_t i = 0; i < MC_ARRAY_LEN(all_words); i++)
        for (size_t j = 0; j < control_words[i].count; j++)
            for (const char *at = control_words[i].items[j]; *at; at++)
                CHECK(control_words[i].text, *at >= 'a' && *at <= 'z');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categories_have_their_counts_and_domains),
        cmocka_unit_test(records_are_complete),
        cmocka_unit_test(scales_have_each_level_once),
        cmocka_unit_test(references_name_probes),
        cmocka_unit_test(lengths_are_within_bounds),
        cmocka_unit_test(lengths_of_the_sources_overlap),
        cmocka_unit_test(no_text_occurs_twice),
        cmocka_unit_test(openings_and_endings_vary),
        cmocka_unit_test(no_text_ends_in_a_full_stop_or_blank),
        cmocka_unit_test(no_two_texts_share_a_template),
        cmocka_unit_test(concepts_do_not_always_stand_last),
        cmocka_unit_test(control_texts_have_as_many_words),
    };

    return cmocka_run_group_tests(tests, open_atlas, close_atlas);
}
