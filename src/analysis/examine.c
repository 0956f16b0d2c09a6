/* examine.c - the checks: one question, one function, one line of the table each. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "analysis/capture_run.h"
#include "analysis/examine.h"
#include "base/alloc.h"
#include "base/checked.h"

/* What all checks look at. */
typedef struct subject {
    const mc_model *model;
    mc_weight_scan  weights;
    mc_tokenizer   *tokenizer; /* NULL: why_no_tokenizer */
    mc_error        why_no_tokenizer;
    mc_token_facts  tokens;
    mc_state_scan   states; /* layers in states.count; none: states.why */
} subject;

const char *mc_verdict_name(mc_verdict verdict)
{
    static const char *const names[] = { "pass", "warn", "fail", "skip" };

    return (size_t)verdict < MC_ARRAY_LEN(names) ? names[verdict] : "";
}

/* ---- saying it ---- */

static void MC_PRINTF(3, 4) say(mc_finding *f, mc_verdict verdict, const char *format, ...)
{
    va_list args;

    f->verdict = verdict;
    va_start(args, format);
    vsnprintf(f->evidence, sizeof f->evidence, format, args);
    va_end(args);
}

static const mc_model_info *info_of(const subject *s)
{
    return mc_model_get_info(s->model);
}

static bool skip_without_tokenizer(const subject *s, mc_finding *f)
{
    if (s->tokenizer) return false;
    say(f, MC_VERDICT_SKIP, "there is no tokenizer to ask");
    return true;
}

static bool skip_without_states(const subject *s, mc_finding *f)
{
    if (s->states.count > 0) return false;
    say(f, MC_VERDICT_SKIP, "the probes could not be run");
    return true;
}

static const char *name_of(const mc_weight_facts *w)
{
    return w->weight->tensor->name;
}

static bool is_product(const mc_weight_facts *w)
{
    return w->kind == MC_OP_MATMUL && !w->is_bias;
}

/* ---- weights ---- */

static void weights_finite(const subject *s, mc_finding *f)
{
    const mc_weight_facts *first   = NULL;
    uint64_t               count   = 0;
    double                 largest = 0.0;
    size_t                 weights = 0;

    for (size_t i = 0; i < s->weights.count; i++) {
        const mc_weight_facts *w = &s->weights.items[i];
        if (w->largest > largest) largest = w->largest;
        if (!w->not_finite) continue;
        if (!first) first = w;
        count += w->not_finite;
        weights++;
    }
    if (!first)
        say(f, MC_VERDICT_PASS, "all values of %zu weights are finite, the largest is %.4g",
            s->weights.count, largest);
    else
        say(f, MC_VERDICT_FAIL, "%llu values of %zu weights are NaN or infinite, first '%s'",
            (unsigned long long)count, weights, name_of(first));
}

static void weights_vary(const subject *s, mc_finding *f)
{
    const mc_weight_facts *first    = NULL;
    size_t                 matrices = 0, constant = 0;

    for (size_t i = 0; i < s->weights.count; i++) {
        const mc_weight_facts *w = &s->weights.items[i];
        if (w->is_bias || w->weight->cols < 2 || w->weight->rows < 2) continue;
        matrices++;
        if (!w->is_constant) continue;
        if (!first) first = w;
        constant++;
    }
    if (!first)
        say(f, MC_VERDICT_PASS, "none of %zu matrices is constant", matrices);
    else
        say(f, MC_VERDICT_FAIL, "%zu of %zu matrices are constant, first '%s' (all %g)",
            constant, matrices, name_of(first), (double)first->first);
}

static void norms_nonzero(const subject *s, mc_finding *f)
{
    size_t norms = 0;

    for (size_t i = 0; i < s->weights.count; i++) {
        const mc_weight_facts *w = &s->weights.items[i];
        if (w->kind != MC_OP_NORM || w->is_bias) continue;
        norms++;
        if (!w->is_constant || w->first != 0.0f) continue;
        say(f, MC_VERDICT_FAIL, "'%s' is 0 throughout: nothing passes", name_of(w));
        return;
    }
    say(f, MC_VERDICT_PASS, "%zu norms let something pass", norms);
}

/* Rows and columns of zeros: outputs that are never anything, inputs that nobody reads. */
static void weights_used(const subject *s, mc_finding *f)
{
    const mc_weight_facts *worst = NULL;
    double                 units = 0.0, dead = 0.0, most = 0.0;

    for (size_t i = 0; i < s->weights.count; i++) {
        const mc_weight_facts *w    = &s->weights.items[i];
        double                 here = (double)(w->zero_rows + w->zero_cols);
        if (!is_product(w)) continue;
        units += (double)(w->weight->rows + w->weight->cols);
        dead += here;
        if (here > most) {
            most  = here;
            worst = w;
        }
    }
    if (!worst)
        say(f, MC_VERDICT_PASS, "no row or column of a product is 0 throughout");
    else
        say(f, MC_VERDICT_WARN,
            "%.0f of %.0f rows and columns of products are 0 throughout, most in '%s' "
            "(%zu of %zu rows, %zu of %zu columns)",
            dead, units, name_of(worst), worst->zero_rows, worst->weight->rows,
            worst->zero_cols, worst->weight->cols);
}

static void tokens_trained(const subject *s, mc_finding *f)
{
    size_t rows = s->weights.items[0].weight->rows, zero = 0, used = 0, first = 0;

    if (!s->states.used) {
        say(f, MC_VERDICT_SKIP, "without a tokenizer no probe has tokens");
        return;
    }
    for (size_t id = 0; id < rows; id++) {
        if (!s->weights.zero_tokens[id]) continue;
        zero++;
        if (id >= info_of(s)->vocabulary || !s->states.used[id]) continue;
        if (used++ == 0) first = id;
    }
    if (used > 0)
        say(f, MC_VERDICT_FAIL,
            "%zu tokens of the probes have an embedding of zeros, the first is %zu", used,
            first);
    else
        say(f, MC_VERDICT_PASS,
            "%zu of %zu rows of the embedding are 0, none that a probe uses", zero, rows);
}

/* ---- the tokenizer ---- */

static void tokenizer_present(const subject *s, mc_finding *f)
{
    if (!s->tokenizer)
        say(f, MC_VERDICT_FAIL, "%s", s->why_no_tokenizer.reason);
    else
        say(f, MC_VERDICT_PASS, "%s of %zu ids from %s",
            mc_tokenizer_get_info(s->tokenizer)->kind, s->tokens.vocabulary,
            mc_tokenizer_get_info(s->tokenizer)->source);
}

static void ids_embedded(const subject *s, mc_finding *f)
{
    size_t ids = s->tokens.vocabulary, rows = info_of(s)->vocabulary;

    if (skip_without_tokenizer(s, f)) return;
    if (ids > rows)
        say(f, MC_VERDICT_FAIL, "ids go up to %zu, the embedding has rows for 0 to %zu",
            ids - 1, rows - 1);
    else
        say(f, MC_VERDICT_PASS, "all %zu ids have a row, %zu rows have no id", ids, rows - ids);
}

static void rows_named(const subject *s, mc_finding *f)
{
    size_t ids = s->tokens.vocabulary, rows = info_of(s)->vocabulary;

    if (skip_without_tokenizer(s, f)) return;
    if (ids < rows && rows - ids > ids)
        say(f, MC_VERDICT_WARN, "%zu of %zu rows of the embedding have no id", rows - ids,
            rows);
    else
        say(f, MC_VERDICT_PASS, "%zu of %zu rows of the embedding have no id",
            ids < rows ? rows - ids : 0, rows);
}

static void bos_once(const subject *s, mc_finding *f)
{
    const mc_tokenizer_info *info;

    if (skip_without_tokenizer(s, f)) return;
    info = mc_tokenizer_get_info(s->tokenizer);
    if (s->tokens.bos_most > 1)
        say(f, MC_VERDICT_FAIL, "a text begins with BOS (%d) %zu times", (int)info->bos,
            s->tokens.bos_most);
    else if (info->bos >= (int32_t)info_of(s)->vocabulary)
        say(f, MC_VERDICT_FAIL, "BOS is %d, the embedding has %zu rows", (int)info->bos,
            info_of(s)->vocabulary);
    else if (info->adds_bos && s->tokens.bos_most == 0 && s->tokens.texts > 0)
        say(f, MC_VERDICT_FAIL, "BOS (%d) is to be added, and no text begins with it",
            (int)info->bos);
    else
        say(f, MC_VERDICT_PASS, "%s", info->decision);
}

static void specials_whole(const subject *s, mc_finding *f)
{
    if (skip_without_tokenizer(s, f)) return;
    if (s->tokens.split > 0)
        say(f, MC_VERDICT_WARN,
            "%zu of %zu special tokens, spelled out in a text, become other tokens; first '%s'",
            s->tokens.split, s->tokens.specials, s->tokens.split_name);
    else
        say(f, MC_VERDICT_PASS, "%zu special tokens, each one token when spelled out",
            s->tokens.specials);
}

static void texts_kept(const subject *s, mc_finding *f)
{
    if (skip_without_tokenizer(s, f)) return;
    if (s->tokens.changed > 0)
        say(f, MC_VERDICT_WARN,
            "the tokens of %zu of %zu texts spell another text (case, blanks, unknown "
            "characters); the first is text %zu",
            s->tokens.changed, s->tokens.texts, s->tokens.changed_text + 1);
    else
        say(f, MC_VERDICT_PASS, "the tokens of all %zu texts spell the text", s->tokens.texts);
}

static void texts_fit(const subject *s, mc_finding *f)
{
    if (skip_without_tokenizer(s, f)) return;
    if (s->states.tokens == 0)
        say(f, MC_VERDICT_SKIP, "the probes could not be read");
    else if (info_of(s)->context && s->states.longest > info_of(s)->context)
        say(f, MC_VERDICT_WARN, "the longest text has %zu tokens, the model was made for %zu",
            s->states.longest, info_of(s)->context);
    else
        say(f, MC_VERDICT_PASS, "the longest text has %zu tokens", s->states.longest);
}

/* ---- states ---- */

static void states_finite(const subject *s, mc_finding *f)
{
    if (s->states.status == MC_OK)
        say(f, MC_VERDICT_PASS, "%zu states of %zu tokens of %zu texts", s->states.count,
            s->states.tokens, s->states.texts);
    else if (!s->tokenizer)
        say(f, MC_VERDICT_SKIP, "without a tokenizer no text can be run");
    else
        say(f, MC_VERDICT_FAIL, "%s", s->states.why.reason);
}

static void print_layer(char out[MC_LAYER_TEXT + 8], const mc_layer_facts *layer)
{
    char number[MC_LAYER_TEXT];

    mc_layer_print(layer->layer, number);
    snprintf(out, MC_LAYER_TEXT + 8, layer->layer == MC_LAYER_FINAL ? "'%s'" : "state %s",
             number);
}

static void blocks_act(const subject *s, mc_finding *f)
{
    char   name[MC_LAYER_TEXT + 8];
    size_t idle = 0;

    if (skip_without_states(s, f)) return;
    for (size_t i = 1; i < s->states.count; i++) {
        const mc_layer_facts *layer = &s->states.layers[i];
        if (!layer->as_before || layer->layer == MC_LAYER_FINAL) continue;
        if (idle++ == 0) print_layer(name, layer);
    }
    if (idle > 0)
        say(f, MC_VERDICT_WARN, "%zu blocks change no bit of any state, the first makes %s",
            idle, name);
    else
        say(f, MC_VERDICT_PASS, "every block changes the states");
}

/* State 0 is a token's embedding: texts that end alike are equal there. */
static void texts_told_apart(const subject *s, mc_finding *f)
{
    const mc_layer_facts *worst = NULL;
    char                  name[MC_LAYER_TEXT + 8];

    if (skip_without_states(s, f)) return;
    for (size_t i = 1; i < s->states.count; i++)
        if (s->states.layers[i].twins > (worst ? worst->twins : 0))
            worst = &s->states.layers[i];
    if (!worst) {
        say(f, MC_VERDICT_PASS, "no two texts end in the same state, from state 1 on");
        return;
    }
    print_layer(name, worst);
    say(f, worst->twins * 2 > s->states.texts ? MC_VERDICT_FAIL : MC_VERDICT_WARN,
        "in %s %zu of %zu texts end in the state of another text, first text %zu", name,
        worst->twins, s->states.texts, worst->twin_text + 1);
}

static void units_alive(const subject *s, mc_finding *f)
{
    const mc_layer_facts *worst = NULL;
    char                  name[MC_LAYER_TEXT + 8];

    if (skip_without_states(s, f)) return;
    for (size_t i = 0; i < s->states.count; i++)
        if (s->states.layers[i].constant_units > (worst ? worst->constant_units : 0))
            worst = &s->states.layers[i];
    if (!worst) {
        say(f, MC_VERDICT_PASS, "every unit of every state varies over %zu tokens",
            s->states.tokens);
        return;
    }
    print_layer(name, worst);
    say(f, worst->constant_units == worst->width ? MC_VERDICT_FAIL : MC_VERDICT_WARN,
        "in %s %zu of %zu units are the same for all %zu tokens, the first is unit %zu", name,
        worst->constant_units, worst->width, s->states.tokens, worst->first_constant);
}

static const mc_layer_facts *largest_layer(const subject *s)
{
    const mc_layer_facts *largest = &s->states.layers[0];

    for (size_t i = 1; i < s->states.count; i++)
        if (s->states.layers[i].largest > largest->largest) largest = &s->states.layers[i];
    return largest;
}

static void activations_moderate(const subject *s, mc_finding *f)
{
    const mc_layer_facts *top = NULL;
    char                  name[MC_LAYER_TEXT + 8];
    size_t                layers = 0;

    if (skip_without_states(s, f)) return;
    for (size_t i = 0; i < s->states.count; i++) {
        const mc_layer_facts *layer = &s->states.layers[i];
        if (layer->largest <= 100.0 || layer->largest <= 1000.0 * layer->median) continue;
        if (!top || layer->largest > top->largest) top = layer;
        layers++;
    }
    if (!top) {
        say(f, MC_VERDICT_PASS, "the largest magnitude is %.4g", largest_layer(s)->largest);
        return;
    }
    print_layer(name, top);
    say(f, MC_VERDICT_WARN,
        "in %zu of %zu states; the largest is %.4g in %s, unit %zu, at position %zu of text "
        "%zu, "
        "%.0f times the median",
        layers, s->states.count, top->largest, name, top->largest_unit, top->largest_position,
        top->largest_text + 1, top->largest / top->median);
}

static void half_precision_holds(const subject *s, mc_finding *f)
{
    const mc_layer_facts *top;
    char                  name[MC_LAYER_TEXT + 8];

    if (skip_without_states(s, f)) return;
    top = largest_layer(s);
    print_layer(name, top);
    say(f, top->largest > 65504.0 ? MC_VERDICT_WARN : MC_VERDICT_PASS,
        "the largest magnitude is %.4g, in %s", top->largest, name);
}

static void rank_kept(const subject *s, mc_finding *f)
{
    const mc_layer_facts *least = NULL;
    char                  name[MC_LAYER_TEXT + 8];

    if (skip_without_states(s, f)) return;
    for (size_t i = 1; i < s->states.count; i++)
        if (!least || s->states.layers[i].spread < least->spread) least = &s->states.layers[i];
    if (!least || s->states.texts < 2) {
        say(f, MC_VERDICT_SKIP, "it takes a block and two texts");
        return;
    }
    print_layer(name, least);
    say(f,
        least->spread < 1e-5   ? MC_VERDICT_FAIL
        : least->spread < 1e-3 ? MC_VERDICT_WARN
                               : MC_VERDICT_PASS,
        "texts differ least in %s: by %.3g of its norm", name, least->spread);
}

static void directions_many(const subject *s, mc_finding *f)
{
    const mc_layer_facts *least = NULL;
    char                  name[MC_LAYER_TEXT + 8];
    size_t                layers = 0;

    if (skip_without_states(s, f)) return;
    for (size_t i = 1; i < s->states.count; i++) {
        const mc_layer_facts *layer = &s->states.layers[i];
        if (isnan(layer->stable_rank)) continue;
        layers += layer->stable_rank < 1.0 / 0.95;
        if (!least || layer->stable_rank < least->stable_rank) least = layer;
    }
    if (!least) {
        say(f, MC_VERDICT_SKIP, "the states do not vary, or there are too few texts");
        return;
    }
    print_layer(name, least);
    say(f, layers > 0 ? MC_VERDICT_WARN : MC_VERDICT_PASS,
        "in %zu of %zu states one direction has over 95 %% of the variance; most in %s: %.1f "
        "%%",
        layers, s->states.count, name, 100.0 / least->stable_rank);
}

/* ---- the table ---- */

typedef struct check {
    const char *name, *question, *bound;
    void (*run)(const subject *s, mc_finding *f);
} check;

// clang-format off
static const check checks[] = {
    { "weights-finite", "are all weights numbers?",
      "fails at the first NaN or infinity: every state behind it is none either", weights_finite },
    { "weights-vary", "is every matrix more than one number?",
      "fails when all values of a matrix are equal: it was never trained, or lost", weights_vary },
    { "norms-nonzero", "does every norm let something pass?",
      "fails when all weights of a norm are 0: the part of the block behind it is silent", norms_nonzero },
    { "weights-used", "are there rows or columns of zeros?",
      "warns at the first: widths count units that carry nothing (pruned, padded)", weights_used },
    { "tokens-trained", "has every token of the probes an embedding?",
      "fails when a probe's token has a row of zeros: an id that was reserved and never trained "
      "(Land & Bartolo 2024, arXiv:2405.05417)", tokens_trained },
    { "tokenizer-present", "is there a tokenizer that can be used?",
      "fails when there is none: no text can be measured", tokenizer_present },
    { "ids-embedded", "has every id a row in the embedding?",
      "fails when the tokenizer has more ids than rows: it belongs to another model", ids_embedded },
    { "rows-named", "has the embedding about as many rows as there are ids?",
      "warns when more than half of the rows have no id: padding is at most a few hundred", rows_named },
    { "bos-once", "does a text begin with BOS as it should, and once?",
      "fails when it is doubled, missing though it is to be added, or has no row", bos_once },
    { "specials-whole", "is a special token one token?",
      "warns when its spelling becomes other tokens: markers in texts would be measured as words", specials_whole },
    { "texts-kept", "do the tokens spell the text?",
      "warns when case, blanks or characters are lost: another text is measured", texts_kept },
    { "texts-fit", "is every text within the context?",
      "warns beyond the length that the model was made for", texts_fit },
    { "states-finite", "can the probes be run?",
      "fails when a state is NaN or infinite, or the texts cannot be run", states_finite },
    { "blocks-act", "does every block do something?",
      "warns when a block leaves every state as it is, to the bit", blocks_act },
    { "texts-told-apart", "do different texts end in different states?",
      "warns when the last tokens of two texts are equal to the bit behind a block; fails when "
      "that is so for more than half", texts_told_apart },
    { "units-alive", "does every unit vary?",
      "warns when a unit is the same for all tokens, fails when all of a state's are", units_alive },
    { "activations-moderate", "are there massive activations?",
      "warns above 100 and 1,000 times the median (Sun et al. 2024, arXiv:2402.17762): they carry "
      "norms, means and linear similarities; look at leverage, and leave position 0 out (--pool mean)", activations_moderate },
    { "half-precision-holds", "would the states fit into float16?",
      "warns above 65504, its largest number (IEEE 754): tools that run it so see infinities; "
      "this program computes in float32", half_precision_holds },
    { "rank-kept", "are the states more than their mean?",
      "|X - mean| / |X| of last tokens (Dong et al. 2021, arXiv:2103.03404): fails below 1e-5, "
      "where float32 leaves two digits of the difference, warns below 1e-3, where it leaves four", rank_kept },
    { "directions-many", "is there more than one direction?",
      "warns when one direction has over 95 % of the variance of last tokens: linear similarities "
      "then compare that one", directions_many },
};
// clang-format on

static void judge(const subject *s, mc_examination *out)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(checks); i++) {
        mc_finding *f = &out->findings[i];
        *f            = (mc_finding){ checks[i].name, checks[i].question, checks[i].bound };
        checks[i].run(s, f);
        out->passed += f->verdict == MC_VERDICT_PASS;
        out->warned += f->verdict == MC_VERDICT_WARN;
        out->failed += f->verdict == MC_VERDICT_FAIL;
        out->skipped += f->verdict == MC_VERDICT_SKIP;
    }
    out->count  = MC_ARRAY_LEN(checks);
    out->texts  = s->states.count ? s->states.texts : 0;
    out->tokens = s->states.count ? s->states.tokens : 0;
}

static mc_status look_at_tokenizer(subject *s, const mc_crm_build_options *options,
                                   mc_error *err)
{
    mc_atlas       *owned = NULL;
    const mc_atlas *atlas = NULL;
    mc_status status = mc_tokenizer_open(info_of(s)->path, &s->tokenizer, &s->why_no_tokenizer);

    if (status == MC_ERR_MEMORY) {
        if (err) *err = s->why_no_tokenizer;
        return status;
    }
    MC_TRY(mc_capture_atlas_open(options, &owned, &atlas, err));
    status = MC_OK;
    if (s->tokenizer)
        status = mc_token_facts_gather(s->tokenizer, atlas, options->texts_per_probe,
                                       &s->tokens, err);
    mc_atlas_close(owned);
    return status;
}

static mc_status gather(subject *s, const mc_crm_build_options *options, mc_error *err)
{
    MC_TRY(mc_weight_scan_run(s->model, options->threads, &s->weights, err));
    MC_TRY(look_at_tokenizer(s, options, err));
    return mc_state_scan_run(options, &s->states, err);
}

static mc_status conclude(const subject *s, mc_examination **examination, mc_error *err)
{
    mc_examination *result = mc_calloc(1, sizeof *result);

    if (!result) return mc_fail_memory(err, sizeof *result);
    result->findings = mc_calloc(MC_ARRAY_LEN(checks), sizeof *result->findings);
    if (!result->findings) {
        mc_free(result);
        return mc_fail_memory(err, sizeof checks);
    }
    judge(s, result);
    *examination = result;
    return MC_OK;
}

mc_status mc_model_examine(const char *path, const mc_crm_build_options *options,
                           mc_examination **examination, mc_error *err)
{
    mc_crm_build_options own   = options ? *options : (mc_crm_build_options){ 0 };
    mc_model            *model = NULL;
    subject              s     = { 0 };
    mc_status            status;

    own.model = path;
    if (own.texts_per_probe == 0) own.texts_per_probe = 1;
    MC_TRY(mc_model_open(path, &model, err));
    s.model = model;
    status  = gather(&s, &own, err);
    if (status == MC_OK) status = conclude(&s, examination, err);
    mc_weight_scan_clear(&s.weights);
    mc_state_scan_clear(&s.states);
    mc_tokenizer_close(s.tokenizer);
    mc_model_close(model);
    return status;
}

void mc_examination_free(mc_examination *examination)
{
    if (!examination) return;
    mc_free(examination->findings);
    mc_free(examination);
}
