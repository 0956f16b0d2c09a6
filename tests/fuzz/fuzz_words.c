/* fuzz_words.c - any text as what a user may write behind an option: a list of layers, a
 * condition. */
#include <stdlib.h>
#include <string.h>

#include <modelcypher/capture.h>
#include <modelcypher/compare.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_layers(const char *text, int blocks)
{
    mc_layers layers = { 0 };
    mc_error  err    = { 0 };
    mc_status status = mc_layers_parse(text, blocks, &layers, &err);

    if (status != MC_OK && (!err.reason[0] || layers.items)) abort();
    for (size_t i = 0; i < layers.count; i++)
        if (layers.items[i] != MC_LAYER_FINAL &&
            (layers.items[i] < 0 || layers.items[i] > blocks))
            abort();
    mc_layers_clear(&layers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char    *text = malloc(size + 1);
    char     metrics[64];
    mc_error err = { 0 };

    if (!text) return 0;
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    read_layers(text, 30);
    read_layers(text, 1);
    if (mc_condition_check(text, metrics, sizeof metrics, &err) != MC_OK) {
        if (!err.reason[0]) abort();
    } else if (!memchr(metrics, '\0', sizeof metrics)) {
        abort();
    }
    free(text);
    return 0;
}
