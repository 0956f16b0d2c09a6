/* rope.c - frequencies of rotary embeddings.
 *
 * Su et al. 2021, "RoFormer", arXiv:2104.09864: pair i of d rotated columns turns by
 * position * theta^(-2i/d). Stretching to longer texts:
 *   linear    Chen et al. 2023, "Extending Context Window ...", arXiv:2306.15595
 *   dynamic   NTK-aware scaling of the base with the text's length
 *   yarn      Peng et al. 2023, "YaRN", arXiv:2309.00071, section 3
 *   longrope  Ding et al. 2024, "LongRoPE", arXiv:2402.13753: a factor for every pair
 *   llama3    Llama 3.1: low frequencies are divided, high ones kept, between them a ramp
 * Values are rounded to float32 where the reference implementation (transformers) does, since
 * an angle is position times frequency and a long text multiplies the difference. */
#include "model/rope.h"

#include <math.h>

#include "base/alloc.h"

static const double pi = 3.14159265358979323846;

void mc_rope_spec_clear(mc_rope_spec *spec)
{
    mc_free(spec->short_factors);
    mc_free(spec->long_factors);
    mc_free(spec->divisors);
    *spec = (mc_rope_spec){ 0 };
}

void mc_rope_clear(mc_rope *rope)
{
    mc_free(rope->frequency);
    mc_free(rope->long_frequency);
    *rope = (mc_rope){ 0 };
}

/* theta^(2i/d) */
static float period(double theta, size_t i, size_t rotary)
{
    float exponent = (float)(2 * i) / (float)rotary;

    return (float)pow((double)(float)theta, (double)exponent);
}

static void fill_default(double theta, size_t rotary, float *out)
{
    for (size_t i = 0; i < rotary / 2; i++)
        out[i] = 1.0f / period(theta, i, rotary);
}

static void fill_linear(const mc_rope_spec *spec, float *out)
{
    fill_default(spec->theta, spec->rotary, out);
    for (size_t i = 0; i < spec->rotary / 2; i++)
        out[i] /= (float)spec->factor;
}

static void fill_llama3(const mc_rope_spec *spec, float *out)
{
    float  original = (float)spec->original, factor = (float)spec->factor;
    float  low = (float)spec->low_freq, high = (float)spec->high_freq;
    double longest  = spec->original / spec->low_freq,
           shortest = spec->original / spec->high_freq;

    fill_default(spec->theta, spec->rotary, out);
    for (size_t i = 0; i < spec->rotary / 2; i++) {
        float wavelength = (float)(2.0 * pi) / out[i];
        float smooth     = (original / wavelength - low) / (high - low);

        if (wavelength > (float)longest)
            out[i] /= factor;
        else if (!(wavelength < (float)shortest))
            out[i] = (1.0f - smooth) * out[i] / factor + smooth * out[i];
    }
}

/* Gemma 4: the first pairs turn as if all did, the others stand still. */
static void fill_proportional(const mc_rope_spec *spec, float *out)
{
    fill_linear(spec, out);
    for (size_t i = spec->angles; i < spec->rotary / 2; i++)
        out[i] = 0.0f;
}

/* The pair that turns `rotations` times within the original context. */
static double correction(const mc_rope_spec *spec, double rotations)
{
    return (double)spec->rotary * log(spec->original / (rotations * 2.0 * pi)) /
           (2.0 * log(spec->theta));
}

static void fill_yarn(const mc_rope_spec *spec, float *out)
{
    double low  = correction(spec, spec->beta_fast);
    double high = correction(spec, spec->beta_slow);

    if (!spec->no_truncate) {
        low  = floor(low);
        high = ceil(high);
    }
    low  = fmax(low, 0.0);
    high = fmin(high, (double)spec->rotary - 1.0);
    if (low == high) high += 0.001;
    for (size_t i = 0; i < spec->rotary / 2; i++) {
        float wave = period(spec->theta, i, spec->rotary);
        float ramp = ((float)i - (float)low) / (float)(high - low);
        float keep = 1.0f - (ramp < 0.0f ? 0.0f : ramp > 1.0f ? 1.0f : ramp);

        out[i] = 1.0f / ((float)spec->factor * wave) * (1.0f - keep) + 1.0f / wave * keep;
    }
}

static void fill_factors(const mc_rope_spec *spec, const float *factors, float *out)
{
    for (size_t i = 0; i < spec->rotary / 2; i++)
        out[i] = 1.0f / (factors[i] * period(spec->theta, i, spec->rotary));
}

static double yarn_mscale(double scale, double mscale)
{
    return scale <= 1.0 ? 1.0 : 0.1 * mscale * log(scale) + 1.0;
}

static double attention_factor(const mc_rope_spec *spec)
{
    if (spec->attention_factor > 0.0) return spec->attention_factor;
    if (spec->type == MC_ROPE_YARN) {
        if (spec->mscale != 0.0 && spec->mscale_all != 0.0)
            return yarn_mscale(spec->factor, spec->mscale) /
                   yarn_mscale(spec->factor, spec->mscale_all);
        return yarn_mscale(spec->factor, 1.0);
    }
    if (spec->type == MC_ROPE_LONGROPE && spec->factor > 1.0)
        return sqrt(1.0 + log(spec->factor) / log(spec->original));
    return 1.0;
}

static void fill(const mc_rope_spec *spec, mc_rope *rope)
{
    switch (spec->type) {
    case MC_ROPE_DEFAULT:
    case MC_ROPE_DYNAMIC: fill_default(spec->theta, spec->rotary, rope->frequency); break;
    case MC_ROPE_LINEAR: fill_linear(spec, rope->frequency); break;
    case MC_ROPE_YARN: fill_yarn(spec, rope->frequency); break;
    case MC_ROPE_PROPORTIONAL: fill_proportional(spec, rope->frequency); break;
    case MC_ROPE_LLAMA3: fill_llama3(spec, rope->frequency); break;
    case MC_ROPE_LONGROPE:
        fill_factors(spec, spec->short_factors, rope->frequency);
        fill_factors(spec, spec->long_factors, rope->long_frequency);
        break;
    }
    for (size_t i = 0; spec->divisors && i < spec->rotary / 2; i++)
        rope->frequency[i] /= spec->divisors[i];
}

mc_status mc_rope_build(const mc_rope_spec *spec, mc_rope *rope, mc_error *err)
{
    mc_rope result = { .rotary = spec->rotary };

    result.frequency = mc_alloc_array(spec->rotary / 2, sizeof(float));
    if (spec->type == MC_ROPE_LONGROPE)
        result.long_frequency = mc_alloc_array(spec->rotary / 2, sizeof(float));
    if (!result.frequency || (spec->type == MC_ROPE_LONGROPE && !result.long_frequency)) {
        mc_rope_clear(&result);
        return mc_fail_memory(err, spec->rotary * sizeof(float));
    }
    fill(spec, &result);
    result.scale      = (float)attention_factor(spec);
    result.long_scale = result.scale;
    if (spec->type == MC_ROPE_LONGROPE) result.switch_length = (size_t)spec->original;
    if (spec->type == MC_ROPE_DYNAMIC) {
        result.dynamic       = true;
        result.switch_length = (size_t)spec->original;
        result.base          = spec->theta;
        result.factor        = spec->factor;
    }
    *rope = result;
    return MC_OK;
}

/* The base of a dynamic rope; float32 after each step, as the reference has it. */
static double grown_base(const mc_rope *rope, size_t length)
{
    double rotary = (double)rope->rotary;
    float  times  = (float)rope->factor * (float)length / (float)rope->switch_length;
    float  grown  = times - (float)(rope->factor - 1.0);
    float  power  = (float)pow((double)grown, rotary / (rotary - 2.0));

    return (double)((float)rope->base * power);
}

void mc_rope_for_length(const mc_rope *rope, size_t length, float *out, float *scale)
{
    bool         stretched = rope->switch_length > 0 && length > rope->switch_length;
    const float *from      = stretched ? rope->long_frequency : rope->frequency;

    *scale = stretched && !rope->dynamic ? rope->long_scale : rope->scale;
    if (stretched && rope->dynamic) {
        fill_default(grown_base(rope, length), rope->rotary, out);
        return;
    }
    for (size_t i = 0; i < rope->rotary / 2; i++)
        out[i] = from[i];
}
