/* crm_names.c - what the matrices of a CRM are called in a safetensors file. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "capture/crm.h"

/* Longest first where one begins like another. */
static const struct {
    mc_crm_part part;
    const char *prefix;
} prefixes[] = {
    { MC_CRM_CONTROL_SPLIT, "control.split." },
    { MC_CRM_CONTROL, "control." },
    { MC_CRM_SPLIT, "split." },
    { MC_CRM_STATE, "state." },
};

/* Nobody has a model of a million blocks. */
enum { LAYER_MAX = 1000000 };

void mc_crm_tensor_name(mc_crm_part part, int layer, char name[MC_CRM_NAME_SIZE])
{
    char        text[MC_LAYER_TEXT];
    const char *prefix = "";

    for (size_t i = 0; i < MC_ARRAY_LEN(prefixes); i++)
        if (prefixes[i].part == part) prefix = prefixes[i].prefix;
    if (part == MC_CRM_STATE && layer == MC_LAYER_FINAL) prefix = "";
    snprintf(name, MC_CRM_NAME_SIZE, "%s%s", prefix, mc_layer_print(layer, text));
}

static bool parse_layer(const char *text, int *layer)
{
    int value = 0;

    if (strcmp(text, "final") == 0) {
        *layer = MC_LAYER_FINAL;
        return true;
    }
    if (!text[0] || (text[0] == '0' && text[1])) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        value = value * 10 + (*text - '0');
        if (value > LAYER_MAX) return false;
    }
    *layer = value;
    return true;
}

bool mc_crm_tensor_parse(const char *name, mc_crm_part *part, int *layer)
{
    if (strcmp(name, "final") == 0) {
        *part  = MC_CRM_STATE;
        *layer = MC_LAYER_FINAL;
        return true;
    }
    for (size_t i = 0; i < MC_ARRAY_LEN(prefixes); i++) {
        size_t length = strlen(prefixes[i].prefix);

        if (strncmp(name, prefixes[i].prefix, length) != 0) continue;
        if (!parse_layer(name + length, layer)) continue;
        *part = prefixes[i].part;
        return true;
    }
    return false;
}
