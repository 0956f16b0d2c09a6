/* rope.h - the angles of rotary embeddings, for every published way to stretch them. */
#ifndef MC_MODEL_ROPE_H
#define MC_MODEL_ROPE_H

#include "model/program.h"

typedef enum mc_rope_type {
    MC_ROPE_DEFAULT,
    MC_ROPE_LINEAR,
    MC_ROPE_DYNAMIC,
    MC_ROPE_YARN,
    MC_ROPE_LONGROPE,
    MC_ROPE_LLAMA3,
    MC_ROPE_PROPORTIONAL
} mc_rope_type;

/* What the configuration says. Arrays are owned by the spec. */
typedef struct mc_rope_spec {
    mc_rope_type type;
    double       theta, factor;
    size_t       rotary;           /* rotated columns of a head */
    double       original;         /* context before stretching, in tokens */
    double       attention_factor; /* 0: as the type's formula has it */
    double       beta_fast, beta_slow, mscale, mscale_all; /* yarn */
    bool         no_truncate;                              /* yarn */
    double       low_freq, high_freq;                      /* llama3 */
    size_t       angles; /* proportional: pairs that turn, of rotary / 2 */
    float       *short_factors, *long_factors; /* longrope, [rotary / 2] */
    float       *divisors;                     /* GGUF's rope_freqs, [rotary / 2]; NULL */
} mc_rope_spec;

void mc_rope_spec_clear(mc_rope_spec *spec);

/* Frequencies of a spec; mc_rope_clear() frees them. */
mc_status mc_rope_build(const mc_rope_spec *spec, mc_rope *rope, mc_error *err);
void      mc_rope_clear(mc_rope *rope);

#endif
