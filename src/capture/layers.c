/* layers.c - which layers a person means, and the names of things. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modelcypher/capture.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/list.h"

typedef struct layer_list {
    mc_list typed;
    int     blocks; /* L */
    bool   *wanted; /* 0 .. L, and final at L + 1 */
} layer_list;

static mc_status fail(const layer_list *list, mc_error *err, const char *what, const char *item,
                      size_t size)
{
    char hint[200];

    snprintf(
        hint, sizeof hint,
        "layers of this model are 0 to %d, -1 to %d from the end, 'final', 'all', and ranges "
        "like 0..%d",
        list->blocks, -list->blocks - 1, list->blocks);
    if (size == 0) return mc_fail(err, MC_ERR_LAYER, hint, MC_LIST_EMPTY, list->typed.whole);
    return mc_fail(err, MC_ERR_LAYER, hint, "'%.*s' %s", size < 60 ? (int)size : 60, item,
                   what);
}

/* Digits with an optional minus, nothing else before `end`; "-0" is no layer. false: not one.
 * Beyond int the value is clamped, which is out of range anyway. */
static bool read_number(const char **at, const char *end, int64_t *number)
{
    const char *digit    = *at;
    bool        negative = digit < end && *digit == '-';
    int64_t     value    = 0;

    digit += negative;
    if (digit == end || *digit < '0' || *digit > '9') return false;
    for (; digit < end && *digit >= '0' && *digit <= '9'; digit++)
        if (value < INT32_MAX) value = value * 10 + (*digit - '0');
    if (negative && value == 0) return false;
    *number = negative ? -value : value;
    *at     = digit;
    return true;
}

/* 0 .. L from a number as typed; false: out of range. */
static bool resolve(const layer_list *list, int64_t number, int *layer)
{
    int64_t value = number < 0 ? list->blocks + 1 + number : number;

    if (value < 0 || value > list->blocks) return false;
    *layer = (int)value;
    return true;
}

static mc_status read_range(const layer_list *list, const char *item, size_t size,
                            mc_error *err)
{
    const char *at = item, *end = item + size;
    int64_t     typed[2];
    int         first, last;

    if (!read_number(&at, end, &typed[0])) return fail(list, err, "is no layer", item, size);
    typed[1] = typed[0];
    if (end - at > 2 && at[0] == '.' && at[1] == '.') {
        at += 2;
        if (!read_number(&at, end, &typed[1]))
            return fail(list, err, "is no range of layers", item, size);
    }
    if (at != end) return fail(list, err, "is no layer", item, size);
    if (!resolve(list, typed[0], &first) || !resolve(list, typed[1], &last))
        return fail(list, err, "is out of range", item, size);
    if (first > last) return fail(list, err, "runs backwards", item, size);
    for (int layer = first; layer <= last; layer++)
        list->wanted[layer] = true;
    return MC_OK;
}

static bool is_word(const char *item, size_t size, const char *word)
{
    return size == strlen(word) && memcmp(item, word, size) == 0;
}

static mc_status read_item(const layer_list *list, const char *item, size_t size, mc_error *err)
{
    bool all = is_word(item, size, "all");

    if (!all && !is_word(item, size, "final")) return read_range(list, item, size, err);
    list->wanted[list->blocks + 1] = true;
    for (int layer = 0; all && layer <= list->blocks; layer++)
        list->wanted[layer] = true;
    return MC_OK;
}

static mc_status read_list(layer_list *list, mc_error *err)
{
    while (mc_list_next(&list->typed))
        MC_TRY(read_item(list, list->typed.item, list->typed.size, err));
    return MC_OK;
}

mc_status mc_layers_parse(const char *text, int block_count, mc_layers *layers, mc_error *err)
{
    layer_list list   = { .typed = mc_list_begin(text), .blocks = block_count };
    mc_layers  result = { 0 };
    mc_status  status;

    if (block_count < 0 || block_count >= INT32_MAX - 2 || !text)
        return mc_fail(err, MC_ERR_ARGUMENT, "", "a model has 0 blocks or more, not %d",
                       block_count);
    list.wanted  = mc_calloc((size_t)block_count + 2, sizeof *list.wanted);
    result.items = mc_alloc_array((size_t)block_count + 2, sizeof *result.items);
    status       = list.wanted && result.items ? read_list(&list, err)
                                               : mc_fail_memory(err, (size_t)block_count * 5);
    for (int i = 0; status == MC_OK && i <= block_count + 1; i++)
        if (list.wanted[i])
            result.items[result.count++] = i <= block_count ? i : MC_LAYER_FINAL;
    mc_free(list.wanted);
    if (status != MC_OK) {
        mc_free(result.items);
        return mc_fail_about(err, status, "layers '%s'", text);
    }
    *layers = result;
    return MC_OK;
}

void mc_layers_clear(mc_layers *layers)
{
    mc_free(layers->items);
    *layers = (mc_layers){ 0 };
}

const char *mc_layer_print(int layer, char text[MC_LAYER_TEXT])
{
    if (layer == MC_LAYER_FINAL)
        snprintf(text, MC_LAYER_TEXT, "final");
    else
        snprintf(text, MC_LAYER_TEXT, "%d", layer);
    return text;
}

static const char *const pooling_names[] = { "last", "mean", "all" };

const char *mc_pooling_name(mc_pooling pooling)
{
    return pooling_names[pooling];
}

bool mc_pooling_find(const char *name, mc_pooling *pooling)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(pooling_names); i++) {
        if (strcmp(pooling_names[i], name) != 0) continue;
        *pooling = (mc_pooling)i;
        return true;
    }
    return false;
}
