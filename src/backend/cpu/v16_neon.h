/* v16_neon.h - sixteen floats as four NEON registers; same results as v16_portable.h, to the
 * bit. */
#ifndef MC_BACKEND_CPU_V16_H
#define MC_BACKEND_CPU_V16_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct v16 {
    float32x4_t q[4];
} v16;

#define V16_EACH for (int i = 0; i < 4; i++)

static inline v16 v16_load(const float *from)
{
    return (v16){ { vld1q_f32(from), vld1q_f32(from + 4), vld1q_f32(from + 8),
                    vld1q_f32(from + 12) } };
}

static inline void v16_store(float *to, v16 a)
{
    V16_EACH vst1q_f32(to + (size_t)i * 4, a.q[i]);
}

/* There is no store past the caches that would be worth it. */
static inline void v16_stream(float *to, v16 a)
{
    v16_store(to, a);
}

static inline void v16_stream_end(void)
{
}

static inline v16 v16_load_f16(const void *from)
{
    v16 a;

    V16_EACH
    {
        uint16x4_t four = vreinterpret_u16_u8(vld1_u8((const uint8_t *)from + 8 * i));
        a.q[i]          = vcvt_f32_f16(vreinterpret_f16_u16(four));
    }
    return a;
}

/* bfloat16: the upper halves of floats. */
static inline v16 v16_load_bf16(const void *from)
{
    v16 a;

    V16_EACH
    {
        uint16x4_t four = vreinterpret_u16_u8(vld1_u8((const uint8_t *)from + 8 * i));
        a.q[i]          = vreinterpretq_f32_u32(vshll_n_u16(four, 16));
    }
    return a;
}

/* rows[i] lane j to rows[j] lane i, by squares of four. */
static inline void v16_transpose(v16 rows[16])
{
    v16 result[16];

    for (int row = 0; row < 4; row++)
        V16_EACH
        {
            const v16  *from = rows + 4 * row;
            v16        *to   = result + 4 * i;
            float32x4_t a    = vzip1q_f32(from[0].q[i], from[2].q[i]);
            float32x4_t b    = vzip1q_f32(from[1].q[i], from[3].q[i]);
            float32x4_t c    = vzip2q_f32(from[0].q[i], from[2].q[i]);
            float32x4_t d    = vzip2q_f32(from[1].q[i], from[3].q[i]);

            to[0].q[row] = vzip1q_f32(a, b);
            to[1].q[row] = vzip2q_f32(a, b);
            to[2].q[row] = vzip1q_f32(c, d);
            to[3].q[row] = vzip2q_f32(c, d);
        }
    memcpy(rows, result, sizeof result);
}

static inline v16 v16_load_twice(const float *from)
{
    float32x4_t low = vld1q_f32(from), high = vld1q_f32(from + 4);
    return (v16){ { vzip1q_f32(low, low), vzip2q_f32(low, low), vzip1q_f32(high, high),
                    vzip2q_f32(high, high) } };
}

static inline v16 v16_swap(v16 a)
{
    V16_EACH a.q[i] = vrev64q_f32(a.q[i]);
    return a;
}

static inline v16 v16_set1(float x)
{
    float32x4_t q = vdupq_n_f32(x);
    return (v16){ { q, q, q, q } };
}

static inline v16 v16_add(v16 a, v16 b)
{
    V16_EACH a.q[i] = vaddq_f32(a.q[i], b.q[i]);
    return a;
}

static inline v16 v16_sub(v16 a, v16 b)
{
    V16_EACH a.q[i] = vsubq_f32(a.q[i], b.q[i]);
    return a;
}

static inline v16 v16_mul(v16 a, v16 b)
{
    V16_EACH a.q[i] = vmulq_f32(a.q[i], b.q[i]);
    return a;
}

static inline v16 v16_div(v16 a, v16 b)
{
    V16_EACH a.q[i] = vdivq_f32(a.q[i], b.q[i]);
    return a;
}

static inline v16 v16_fma(v16 a, v16 b, v16 c)
{
    V16_EACH c.q[i] = vfmaq_f32(c.q[i], a.q[i], b.q[i]);
    return c;
}

/* Not vmaxq_f32 and vminq_f32: those give NaN where either operand is, x86 the second operand.
 */
static inline v16 v16_max(v16 a, v16 b)
{
    V16_EACH a.q[i] = vbslq_f32(vcgtq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]);
    return a;
}

static inline v16 v16_min(v16 a, v16 b)
{
    V16_EACH a.q[i] = vbslq_f32(vcltq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]);
    return a;
}

static inline v16 v16_select_less(v16 a, v16 b, v16 x, v16 y)
{
    V16_EACH x.q[i] = vbslq_f32(vcltq_f32(a.q[i], b.q[i]), x.q[i], y.q[i]);
    return x;
}

static inline v16 v16_exp2_rounded(v16 a)
{
    V16_EACH a.q[i] = vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(a.q[i]), 23));
    return a;
}

static inline float v16_sum(v16 a)
{
    float32x4_t four = vaddq_f32(vaddq_f32(a.q[0], a.q[2]), vaddq_f32(a.q[1], a.q[3]));
    float32x2_t two  = vadd_f32(vget_low_f32(four), vget_high_f32(four));

    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

static inline float v16_largest(v16 a)
{
    float lanes[16];

    v16_store(lanes, a);
    for (int apart = 8; apart > 0; apart /= 2)
        for (int lane = 0; lane < apart; lane++)
            lanes[lane] = lanes[lane] > lanes[lane + apart] ? lanes[lane] : lanes[lane + apart];
    return lanes[0];
}

#endif
