/* format_table.c - the formats that can be opened, asked in this order. */
#include "format/store.h"

const mc_format *const mc_format_table[] = { &mc_format_gguf, &mc_format_safetensors, NULL };
