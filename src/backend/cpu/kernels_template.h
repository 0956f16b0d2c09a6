/* kernels_template.h - the kernels, written once over `v16`.
 *
 * A tier's file includes its v16_*.h, defines GEMM_ROWS (rows of the largest micro-kernel),
 * GEMM_PANELS (panels of 16 columns it takes side by side) and KERNELS (name of the table) and
 * then this file. Nothing here depends on the width of the machine's registers: sums run in
 * sixteen lanes joined by one tree, tails are padded. */
#include "backend/cpu/kernels.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The register blocks must be unrolled to live in registers; in plain C they are arrays anyway.
 */
#define PRAGMA(text) _Pragma(#text)
#if GEMM_ROWS > 4 && defined(__clang__)
#define UNROLL(times) PRAGMA(clang loop unroll(full))
#elif GEMM_ROWS > 4
#define UNROLL(times) PRAGMA(GCC unroll times)
#else
#define UNROLL(times)
#endif

/* Hints that change no result: an address that is not ours is passed over. */
#define PREFETCH(address) __builtin_prefetch(address, 0, 2)
#define PREFETCH_WRITE(address) __builtin_prefetch(address, 1, 3)

/* A sum over k is cut into chains of this many fused multiply-adds, each from zero, which are
 * then added up in order. One chain over all of k would lose three to four times as much to
 * rounding: a row with massive activations of SmolLM2 was off by 3e-5. */
enum { CHAIN = 192 };

/* k is also cut into blocks so that the tile's part of a stays in the second-level cache while
 * all panels of b pass over it; small models need no cut, and then c is not read back. A
 * multiple of CHAIN, so the bits do not notice. */
enum { K_BLOCK = 960 };

static v16 load_tail(const float *from, size_t n, float fill)
{
    float padded[16];

    for (size_t i = 0; i < 16; i++)
        padded[i] = i < n ? from[i] : fill;
    return v16_load(padded);
}

static void store_tail(float *to, v16 a, size_t n)
{
    float padded[16];

    v16_store(padded, a);
    memcpy(to, padded, n * sizeof *to);
}

/* All of a row in steps of sixteen: the last step may have fewer left. */
ALWAYS_INLINE v16 load_upto(const float *from, size_t left)
{
    return left < 16 ? load_tail(from, left, 0.0f) : v16_load(from);
}

ALWAYS_INLINE void store_upto(float *to, v16 a, size_t left)
{
    if (left < 16)
        store_tail(to, a, left);
    else
        v16_store(to, a);
}

/* ---- panels ---- */

typedef v16 load16(const void *from);

static inline v16 load_f32(const void *from)
{
    return v16_load(from);
}

/* `columns` columns, at most sixteen. */
ALWAYS_INLINE void pack_square(load16 *load, const char *rows, size_t stride, float *panel,
                               size_t columns)
{
    v16 square[16];

    UNROLL(16)
    for (size_t row = 0; row < 16; row++)
        square[row] = load(rows + row * stride);
    v16_transpose(square);
    UNROLL(16)
    for (size_t column = 0; column < 16; column++)
        if (column < columns) v16_stream(panel + column * MC_PANEL, square[column]);
}

/* A block's panels are larger than the caches as a rule: written past them they are not first
 * read, which is half of what there is to move. */
ALWAYS_INLINE void pack_all(load16 *load, size_t size, const char *rows, size_t stride,
                            float *panel, size_t k)
{
    char last[16 * 16 * sizeof(float)] = { 0 };

    for (; k >= 16; k -= 16, rows += 16 * size, panel += (size_t)16 * MC_PANEL)
        pack_square(load, rows, stride, panel, 16);
    for (size_t row = 0; row < 16 && k > 0; row++)
        memcpy(last + row * 16 * size, rows + row * stride, k * size);
    if (k > 0) pack_square(load, last, 16 * size, panel, k);
    v16_stream_end();
}

static void pack_f32(const void *rows, size_t stride, float *panel, size_t k)
{
    pack_all(load_f32, sizeof(float), rows, stride, panel, k);
}

static void pack_f16(const void *rows, size_t stride, float *panel, size_t k)
{
    pack_all(v16_load_f16, sizeof(uint16_t), rows, stride, panel, k);
}

static void pack_bf16(const void *rows, size_t stride, float *panel, size_t k)
{
    pack_all(v16_load_bf16, sizeof(uint16_t), rows, stride, panel, k);
}

/* ---- matrix product ---- */

/* What all micro-kernels of a column have in common: rows of a meet one group of panels. */
typedef struct gemm_column {
    const float *b;
    size_t       a_stride, b_stride, c_stride, k;
    int          panels, accumulate;
    /* The panels whose turn comes next are fetched into the second-level cache meanwhile: with
     * each step of k some bytes of their row. */
    size_t next_bytes;
} gemm_column;

/* Pointers to every third row reach all rows with the strides that addresses can hold. With an
 * offset a row compilers run out of integer registers and keep some of them in vector
 * registers, where they queue behind the products. */
enum { ROW_POINTERS = (GEMM_ROWS + 2) / 3 };

/* Step `at` of k, from where the pointers are. */
ALWAYS_INLINE void gemm_step(const gemm_column *s, const float *const row[ROW_POINTERS],
                             const float *b, const size_t at, v16 sum[GEMM_ROWS][GEMM_PANELS],
                             const int rows, const int panels)
{
    v16 w[GEMM_PANELS];

    UNROLL(4)
    for (int p = 0; p < panels; p++)
        w[p] = v16_load(b + at * MC_PANEL + (size_t)p * s->b_stride);
    UNROLL(16)
    for (int i = 0; i < rows; i++) {
        v16 x = v16_set1(row[i / 3][at + (size_t)(i % 3) * s->a_stride]);
        UNROLL(4)
        for (int p = 0; p < panels; p++)
            sum[i][p] = v16_fma(x, w[p], sum[i][p]);
    }
}

/* One chain: `k` steps from zero, two at a time, held in registers throughout. */
ALWAYS_INLINE void gemm_chain(const gemm_column *s, const float *a, const float *b,
                              const char *next, size_t k, v16 sum[GEMM_ROWS][GEMM_PANELS],
                              const int rows, const int panels)
{
    const float *row[ROW_POINTERS];

    UNROLL(16)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int p = 0; p < panels; p++)
        sum[i][p] = v16_set1(0.0f);
    UNROLL(4)
    for (int i = 0; 3 * i < rows; i++)
        row[i] = a + (size_t)i * 3 * s->a_stride;
    for (; k >= 2; k -= 2) {
        UNROLL(4)
        for (int p = 0; p < panels; p++)
            PREFETCH(next + (size_t)p * s->b_stride * sizeof *b);
        gemm_step(s, row, b, 0, sum, rows, panels);
        gemm_step(s, row, b, 1, sum, rows, panels);
        UNROLL(4)
        for (int i = 0; 3 * i < rows; i++)
            row[i] += 2;
        b += 2 * MC_PANEL;
        next += 2 * s->next_bytes;
    }
    if (k) gemm_step(s, row, b, 0, sum, rows, panels);
}

/* The sums of a chain go to c, or are added to what it holds. */
ALWAYS_INLINE void gemm_join(float *c, size_t c_stride, const int add,
                             v16 sum[GEMM_ROWS][GEMM_PANELS], const int rows, const int panels)
{
    float *row[ROW_POINTERS];

    UNROLL(4)
    for (int i = 0; 3 * i < rows; i++)
        row[i] = c + (size_t)i * 3 * c_stride;
    UNROLL(16)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int p = 0; p < panels; p++) {
        float *to = row[i / 3] + (size_t)(i % 3) * c_stride + (size_t)p * MC_PANEL;
        v16_store(to, add ? v16_add(v16_load(to), sum[i][p]) : sum[i][p]);
    }
}

/* `rows` x (16 * panels) elements over one block of k: chain after chain, added up in order. c
 * holds what they come to, in the nearest cache. */
ALWAYS_INLINE void gemm_block(const gemm_column *s, const float *a, float *c, const char *next,
                              const int rows, const int panels)
{
    v16 sum[GEMM_ROWS][GEMM_PANELS];
    int add = s->accumulate;

    UNROLL(16)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int p = 0; p < panels; p++)
        PREFETCH_WRITE(c + (size_t)i * s->c_stride + (size_t)p * MC_PANEL);
    for (size_t k = 0; k < s->k; k += CHAIN) {
        size_t steps = s->k - k < CHAIN ? s->k - k : CHAIN;
        gemm_chain(s, a + k, s->b + k * MC_PANEL, next + k * s->next_bytes, steps, sum, rows,
                   panels);
        if (add)
            gemm_join(c, s->c_stride, 1, sum, rows, panels);
        else
            gemm_join(c, s->c_stride, 0, sum, rows, panels);
        add = 1;
    }
}

/* The micro-kernels, one for each number of rows. What changes from one to the next comes in
 * integer registers: compilers put structures together in vector registers. */
typedef void gemm_kernel(const gemm_column *s, const float *a, float *c, const char *next);

#define GEMM_KERNEL(rows)                                                                     \
    static void gemm_##rows(const gemm_column *s, const float *a, float *c, const char *next) \
    {                                                                                         \
        if (s->panels == 1)                                                                   \
            gemm_block(s, a, c, next, rows, 1);                                               \
        else                                                                                  \
            gemm_block(s, a, c, next, rows, GEMM_PANELS);                                     \
    }
#define GEMM_ENTRY(rows) gemm_##rows,
#define GEMM_4(each) each(1) each(2) each(3) each(4)
#define GEMM_6(each) GEMM_4(each) each(5) each(6)
#define GEMM_12(each) GEMM_6(each) each(7) each(8) each(9) each(10) each(11) each(12)
#define GEMM_SIZES_OF(rows) GEMM_##rows
#define GEMM_SIZES(rows, each) GEMM_SIZES_OF(rows)(each)

GEMM_SIZES(GEMM_ROWS, GEMM_KERNEL)
static gemm_kernel *const gemm_kernels[] = { GEMM_SIZES(GEMM_ROWS, GEMM_ENTRY) };

/* Panels that end in a part of a panel: computed beside c. */
static void gemm_ragged(const gemm_column *s, gemm_kernel *kernel, const float *a, float *c,
                        const char *next, size_t rows, size_t columns)
{
    float       whole[GEMM_ROWS * GEMM_PANELS * MC_PANEL] = { 0 };
    gemm_column beside                                    = *s;

    beside.c_stride = GEMM_PANELS * MC_PANEL;
    if (s->accumulate)
        for (size_t i = 0; i < rows; i++)
            memcpy(whole + i * beside.c_stride, c + i * s->c_stride, columns * sizeof *c);
    kernel(&beside, a, whole, next);
    for (size_t i = 0; i < rows; i++)
        memcpy(c + i * s->c_stride, whole + i * beside.c_stride, columns * sizeof *c);
}

/* All rows over one group of panels and one block of k, in even shares: a few rows alone would
 * wait for latency. */
static void gemm_rows(const gemm_column *s, const float *a, float *c, size_t all,
                      size_t columns)
{
    size_t      calls = (all + GEMM_ROWS - 1) / GEMM_ROWS, each = all / calls;
    size_t      more = all % calls, bytes = s->k * s->next_bytes;
    const char *next = (const char *)(s->b + (size_t)s->panels * s->b_stride);

    for (size_t i = 0; i < calls; i++) {
        size_t       rows   = i < more ? each + 1 : each;
        gemm_kernel *kernel = gemm_kernels[rows - 1];
        if (columns % MC_PANEL)
            gemm_ragged(s, kernel, a, c, next, rows, columns);
        else
            kernel(s, a, c, next);
        a += rows * s->a_stride;
        c += rows * s->c_stride;
        next += bytes;
    }
}

/* The row of a panel that one step of k uses, shared out over the micro-kernels of a column. */
static size_t bytes_ahead(size_t rows)
{
    size_t calls = (rows + GEMM_ROWS - 1) / GEMM_ROWS, bytes = MC_PANEL * sizeof(float);

    return (bytes + calls - 1) / calls;
}

static void add_bias(const mc_gemm *g)
{
    for (size_t row = 0; row < g->rows; row++)
        for (size_t i = 0; i < g->columns; i += 16) {
            float *c    = g->c + row * g->c_stride + i;
            size_t left = g->columns - i;
            store_upto(c, v16_add(load_upto(c, left), load_upto(g->bias + i, left)), left);
        }
}

static void gemm(const mc_gemm *g)
{
    size_t blocks = (g->k + K_BLOCK - 1) / K_BLOCK;
    size_t chains = (g->k + CHAIN - 1) / CHAIN;
    size_t part   = blocks ? (chains + blocks - 1) / blocks * CHAIN : 0;

    if (g->rows == 0) return; /* a last block whose rows nobody wants */
    for (size_t at = 0; at < g->k; at += part) {
        size_t width;
        for (size_t column = 0; column < g->columns; column += width) {
            size_t      left   = g->columns - column;
            int         panels = left > MC_PANEL ? GEMM_PANELS : 1;
            gemm_column s      = {
                     .b          = g->b + column / MC_PANEL * g->b_stride + at * MC_PANEL,
                     .a_stride   = g->a_stride,
                     .b_stride   = g->b_stride,
                     .c_stride   = g->c_stride,
                     .k          = g->k - at < part ? g->k - at : part,
                     .panels     = panels,
                     .accumulate = g->accumulate || at > 0,
                     .next_bytes = bytes_ahead(g->rows),
            };
            width = left < (size_t)panels * MC_PANEL ? left : (size_t)panels * MC_PANEL;
            gemm_rows(&s, g->a + at, g->c + column, g->rows, width);
        }
    }
    if (g->bias) add_bias(g);
}

/* ---- functions of one number ---- */

/* 1.5 * 2^23 + 127: adding it to a small number rounds that to an integer, in the last bits, as
 * an exponent of two is written. */
#define V16_MAGIC 12583039.0f

/* exp by range reduction to |r| <= ln 2 / 2 and a polynomial of degree 7 (S. L. Moshier, Cephes
 * expf); within 2 units in the last place. Arguments are held to where the result is normal;
 * NaN, as the second operand of min and max, goes through. */
static inline v16 v16_exp(v16 x)
{
    const v16 magic = v16_set1(V16_MAGIC);
    v16       rounded, n, r, p;

    x       = v16_min(v16_set1(88.37626f), v16_max(v16_set1(-87.33654f), x));
    rounded = v16_fma(x, v16_set1(1.44269504f), magic);
    n       = v16_sub(rounded, magic);
    r       = v16_fma(n, v16_set1(-0.693359375f), x);
    r       = v16_fma(n, v16_set1(2.12194440e-4f), r);
    p       = v16_set1(1.9875691500e-4f);
    p       = v16_fma(p, r, v16_set1(1.3981999507e-3f));
    p       = v16_fma(p, r, v16_set1(8.3334519073e-3f));
    p       = v16_fma(p, r, v16_set1(4.1665795894e-2f));
    p       = v16_fma(p, r, v16_set1(1.6666665459e-1f));
    p       = v16_fma(p, r, v16_set1(5.0000001201e-1f));
    p       = v16_fma(p, v16_mul(r, r), v16_add(r, v16_set1(1.0f)));
    return v16_mul(p, v16_exp2_rounded(rounded));
}

static inline v16 v16_negate(v16 x)
{
    return v16_sub(v16_set1(0.0f), x);
}

/* 1 / (1 + exp(-x)) */
static inline v16 v16_sigmoid(v16 x)
{
    const v16 one = v16_set1(1.0f);

    return v16_div(one, v16_add(one, v16_exp(v16_negate(x))));
}

/* Cephes tanhf: a polynomial near 0, 1 - 2 / (exp(2x) + 1) elsewhere. */
static inline v16 v16_tanh(v16 x)
{
    const v16 zero = v16_set1(0.0f), one = v16_set1(1.0f), two = v16_set1(2.0f);
    v16       size = v16_max(x, v16_negate(x)), z = v16_mul(x, x), p, far;

    p   = v16_set1(-5.70498872745e-3f);
    p   = v16_fma(p, z, v16_set1(2.06390887954e-2f));
    p   = v16_fma(p, z, v16_set1(-5.37397155531e-2f));
    p   = v16_fma(p, z, v16_set1(1.33314422036e-1f));
    p   = v16_fma(p, z, v16_set1(-3.33332819422e-1f));
    p   = v16_fma(v16_mul(p, z), x, x);
    far = v16_sub(one, v16_div(two, v16_add(v16_exp(v16_add(size, size)), one)));
    far = v16_select_less(x, zero, v16_negate(far), far);
    return v16_select_less(size, v16_set1(0.625f), p, far);
}

/* erfc(x) for x >= 1, Cephes erfcf: exp(-x^2) / x times a polynomial in 1 / x^2. */
static inline v16 v16_erfc_far(v16 x)
{
    const v16 q = v16_div(v16_set1(1.0f), x), y = v16_mul(q, q);
    v16       p = v16_set1(2.326819970068386e-2f), r = v16_set1(-1.047766399936249e+1f);

    p = v16_fma(p, y, v16_set1(-1.387039388740657e-1f));
    p = v16_fma(p, y, v16_set1(3.687424674597105e-1f));
    p = v16_fma(p, y, v16_set1(-5.824733027278666e-1f));
    p = v16_fma(p, y, v16_set1(6.210004621745983e-1f));
    p = v16_fma(p, y, v16_set1(-4.944515323274145e-1f));
    p = v16_fma(p, y, v16_set1(3.404879937665872e-1f));
    p = v16_fma(p, y, v16_set1(-2.741127028184656e-1f));
    p = v16_fma(p, y, v16_set1(5.638259427386472e-1f));
    r = v16_fma(r, y, v16_set1(1.297719955372516e+1f));
    r = v16_fma(r, y, v16_set1(-7.495518717768503e+0f));
    r = v16_fma(r, y, v16_set1(2.921019019210786e+0f));
    r = v16_fma(r, y, v16_set1(-1.015265279202700e+0f));
    r = v16_fma(r, y, v16_set1(4.218463358204948e-1f));
    r = v16_fma(r, y, v16_set1(-2.820767439740514e-1f));
    r = v16_fma(r, y, v16_set1(5.641895067754075e-1f));
    p = v16_select_less(x, v16_set1(2.0f), p, r);
    return v16_mul(v16_mul(v16_exp(v16_negate(v16_mul(x, x))), q), p);
}

/* The normal distribution function: 0.5 * erfc(-x / sqrt(2)). */
static inline v16 v16_phi(v16 x)
{
    const v16 half = v16_set1(0.5f), one = v16_set1(1.0f), zero = v16_set1(0.0f);
    v16       t = v16_mul(x, v16_set1(0.70710678f)), z = v16_mul(t, t);
    v16       size = v16_max(t, v16_negate(t)), p, far;

    p   = v16_set1(7.853861353153693e-5f); /* erf(t) = t p(t^2) for |t| < 1 */
    p   = v16_fma(p, z, v16_set1(-8.010193625184903e-4f));
    p   = v16_fma(p, z, v16_set1(5.188327685732524e-3f));
    p   = v16_fma(p, z, v16_set1(-2.685381193529856e-2f));
    p   = v16_fma(p, z, v16_set1(1.128358514861418e-1f));
    p   = v16_fma(p, z, v16_set1(-3.761262582423300e-1f));
    p   = v16_fma(p, z, v16_set1(1.128379165726710e+0f));
    p   = v16_mul(half, v16_fma(p, t, one));
    far = v16_mul(half, v16_erfc_far(v16_max(size, one)));
    far = v16_select_less(t, zero, far, v16_sub(one, far));
    return v16_select_less(size, one, p, far);
}

/* x * sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)): the tanh form, since 1 + tanh u = 2
 * sigmoid(2u). */
static inline v16 v16_gelu_tanh(v16 x)
{
    v16 cube  = v16_mul(v16_mul(x, x), x);
    v16 inner = v16_fma(v16_set1(0.044715f), cube, x);

    return v16_mul(x, v16_sigmoid(v16_mul(v16_set1(1.5957691216f), inner)));
}

/* xIELU (Huang & Schlag 2024, arXiv:2411.13010): x > 0: a_p x^2 + b x; else
 * a_n (expm1(min(x, eps)) - x) + b x. */
static inline v16 v16_xielu(v16 x, const float *parameters)
{
    const v16 ap = v16_set1(parameters[0]), an = v16_set1(parameters[1]);
    const v16 b = v16_set1(parameters[2]), eps = v16_set1(parameters[3]);
    v16       bx = v16_mul(b, x), low = v16_min(x, eps);
    v16       near, expm1, positive, negative;

    /* expm1 by its series where exp(x) - 1 would cancel */
    near  = v16_fma(low, v16_set1(1.0f / 720.0f), v16_set1(1.0f / 120.0f));
    near  = v16_fma(near, low, v16_set1(1.0f / 24.0f));
    near  = v16_fma(near, low, v16_set1(1.0f / 6.0f));
    near  = v16_fma(near, low, v16_set1(0.5f));
    near  = v16_fma(v16_mul(near, low), low, low);
    expm1 = v16_sub(v16_exp(low), v16_set1(1.0f));
    expm1 = v16_select_less(v16_negate(low), v16_set1(0.25f), near, expm1);

    positive = v16_fma(v16_mul(ap, x), x, bx);
    negative = v16_fma(an, v16_sub(expm1, x), bx);
    return v16_select_less(v16_set1(0.0f), x, positive, negative);
}

ALWAYS_INLINE v16 activation_of(mc_activation activation, const float *parameters, v16 x)
{
    const v16 zero = v16_set1(0.0f);

    switch (activation) {
    case MC_ACT_SILU: return v16_mul(x, v16_sigmoid(x));
    case MC_ACT_GELU: return v16_mul(x, v16_phi(x));
    case MC_ACT_GELU_TANH: return v16_gelu_tanh(x);
    case MC_ACT_GELU_QUICK: return v16_mul(x, v16_sigmoid(v16_mul(x, v16_set1(1.702f))));
    case MC_ACT_RELU: return v16_max(zero, x); /* in this order NaN stays NaN */
    case MC_ACT_RELU2: x = v16_max(zero, x); return v16_mul(x, x);
    case MC_ACT_XIELU: return v16_xielu(x, parameters);
    case MC_ACT_TANH: return v16_tanh(x);
    case MC_ACT_SIGMOID: return v16_sigmoid(x);
    case MC_ACT_COUNT: break;
    }
    return x;
}

/* `y` NULL: no factor. */
ALWAYS_INLINE void activate_all(const mc_activation activation, const float *parameters,
                                const float *x, const float *y, float *out, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        v16 a = activation_of(activation, parameters, load_upto(x + i, n - i));
        if (y) a = v16_mul(a, load_upto(y + i, n - i));
        store_upto(out + i, a, n - i);
    }
}

/* One loop for each activation: the choice is made outside of it. */
static void activate(mc_activation activation, const float *parameters, const float *x,
                     const float *y, float *out, size_t n)
{
#define CASE(name) \
    case name: activate_all(name, parameters, x, y, out, n); break
    switch (activation) {
        CASE(MC_ACT_SILU);
        CASE(MC_ACT_GELU);
        CASE(MC_ACT_GELU_TANH);
        CASE(MC_ACT_GELU_QUICK);
        CASE(MC_ACT_RELU);
        CASE(MC_ACT_RELU2);
        CASE(MC_ACT_XIELU);
        CASE(MC_ACT_TANH);
        CASE(MC_ACT_SIGMOID);
    case MC_ACT_COUNT: break;
    }
#undef CASE
}

/* ---- rows ---- */

/* Sum over i of (x[i] - shift)^power, power 1 or 2, in sixteen lanes. */
static float sum_of(const float *x, size_t n, float shift, int power)
{
    v16    sum = v16_set1(0.0f), center = v16_set1(shift);
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        v16 d = v16_sub(v16_load(x + i), center);
        sum   = power == 2 ? v16_fma(d, d, sum) : v16_add(sum, d);
    }
    if (i < n) {
        v16 d = v16_sub(load_tail(x + i, n - i, shift), center);
        sum   = power == 2 ? v16_fma(d, d, sum) : v16_add(sum, d);
    }
    return v16_sum(sum);
}

static void norm(mc_norm_kind kind, float epsilon, const float *x, const float *weight,
                 const float *bias, float *out, size_t n)
{
    float mean     = kind == MC_NORM_LAYER ? sum_of(x, n, 0.0f, 1) / (float)n : 0.0f;
    float variance = sum_of(x, n, mean, 2) / (float)n;
    v16   shift = v16_set1(mean), scale = v16_set1(1.0f / sqrtf(variance + epsilon));

    for (size_t i = 0; i < n; i += 16) {
        v16 y = v16_mul(v16_sub(load_upto(x + i, n - i), shift), scale);
        if (weight) y = v16_mul(y, load_upto(weight + i, n - i));
        if (bias) y = v16_add(y, load_upto(bias + i, n - i));
        store_upto(out + i, y, n - i);
    }
}

static void multiply(const float *x, const float *y, float *out, size_t n)
{
    for (size_t i = 0; i < n; i += 16)
        store_upto(out + i, v16_mul(load_upto(x + i, n - i), load_upto(y + i, n - i)), n - i);
}

static void add_scaled(float scale, const float *x, float *out, size_t n)
{
    const v16 s = v16_set1(scale);

    for (size_t i = 0; i < n; i += 16) {
        v16 term = v16_mul(s, load_upto(x + i, n - i));
        store_upto(out + i, v16_add(load_upto(out + i, n - i), term), n - i);
    }
}

static void scale_by(float scale, const float *x, float *out, size_t n)
{
    for (size_t i = 0; i < n; i += 16)
        store_upto(out + i, v16_mul(v16_set1(scale), load_upto(x + i, n - i)), n - i);
}

static void pack_rows(const float *const rows[MC_PANEL], size_t k, float *panel)
{
    for (size_t at = 0; at < k; at += 16) {
        v16 square[16];
        UNROLL(16)
        for (int i = 0; i < 16; i++)
            square[i] = rows[i] ? load_upto(rows[i] + at, k - at) : v16_set1(0.0f);
        v16_transpose(square);
        UNROLL(16)
        for (size_t i = 0; i < 16; i++)
            if (at + i < k) v16_store(panel + (at + i) * MC_PANEL, square[i]);
    }
}

static void pack_columns(const float *row, size_t n, float *panels, size_t stride)
{
    for (size_t i = 0; i < n; i += MC_PANEL, panels += stride)
        v16_store(panels, load_upto(row + i, n - i));
}

/* ---- rotary embedding ---- */

static void rotate_halves(float *x, const float *cosine, const float *sine, size_t pairs)
{
    for (size_t i = 0; i < pairs; i += 16) {
        size_t left = pairs - i;
        v16    a = load_upto(x + i, left), b = load_upto(x + pairs + i, left);
        v16    c = load_upto(cosine + i, left), s = load_upto(sine + i, left);
        store_upto(x + i, v16_sub(v16_mul(a, c), v16_mul(b, s)), left);
        store_upto(x + pairs + i, v16_add(v16_mul(b, c), v16_mul(a, s)), left);
    }
}

/* Eight pairs at once: (a, b) * c + (b, a) * (-s, s). */
static void rotate_pairs(float *x, const float *cosine, const float *sine, size_t pairs)
{
    static const float signs[16] = { -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1 };
    size_t             i         = 0;

    for (; i + 8 <= pairs; i += 8) {
        v16 both = v16_load(x + 2 * i);
        v16 s    = v16_mul(v16_load(signs), v16_load_twice(sine + i));
        v16_store(x + 2 * i, v16_add(v16_mul(both, v16_load_twice(cosine + i)),
                                     v16_mul(v16_swap(both), s)));
    }
    for (; i < pairs; i++) {
        float a = x[2 * i], b = x[2 * i + 1];
        x[2 * i]     = a * cosine[i] - b * sine[i];
        x[2 * i + 1] = b * cosine[i] + a * sine[i];
    }
}

static void rotate(mc_rope_kind kind, float *x, const float *cosine, const float *sine,
                   size_t pairs)
{
    if (kind == MC_ROPE_HALVES)
        rotate_halves(x, cosine, sine, pairs);
    else
        rotate_pairs(x, cosine, sine, pairs);
}

/* ---- attention ---- */

/* 2^x for x up to 127, held to where the result is normal; NaN goes through. A polynomial of
 * degree 6 on |r| <= 1/2, its greatest relative error least (2e-9); with its roundings within
 * 1 unit in the last place. */
static inline v16 v16_exp2(v16 x)
{
    const v16 magic = v16_set1(V16_MAGIC);
    v16       rounded, r, p;

    x       = v16_max(v16_set1(-126.0f), x);
    rounded = v16_add(x, magic);
    r       = v16_sub(x, v16_sub(rounded, magic));
    p       = v16_set1(1.5353362e-4f);
    p       = v16_fma(p, r, v16_set1(1.33988739e-3f));
    p       = v16_fma(p, r, v16_set1(9.61843692e-3f));
    p       = v16_fma(p, r, v16_set1(5.55033237e-2f));
    p       = v16_fma(p, r, v16_set1(2.40226477e-1f));
    p       = v16_fma(p, r, v16_set1(6.93147182e-1f));
    p       = v16_fma(p, r, v16_set1(1.0f));
    return v16_mul(p, v16_exp2_rounded(rounded));
}

/* The keys of a block that one query sees. */
typedef struct seen_keys {
    size_t from, last; /* last is the first that it does not */
    int    all;        /* and nothing is beside them */
} seen_keys;

static seen_keys keys_seen(const mc_fold *f, size_t query)
{
    size_t    next = f->first + query + 1;
    seen_keys seen = { .from = f->window && next > f->window ? next - f->window : 0,
                       .last = next < f->count ? next : f->count };

    seen.all = seen.from == 0 && seen.last % 16 == 0 && seen.last == f->count;
    return seen;
}

/* `value` at the keys `at` .. `at` + 15 that are seen, `otherwise` at the others. */
ALWAYS_INLINE v16 only_seen(seen_keys seen, v16 key, v16 value, v16 otherwise)
{
    value = v16_select_less(key, v16_set1((float)seen.last), value, otherwise);
    return v16_select_less(key, v16_set1((float)seen.from), otherwise, value);
}

ALWAYS_INLINE v16 numbers_from(size_t at)
{
    static const float numbers[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

    return v16_add(v16_load(numbers), v16_set1((float)at));
}

/* What softcap and slope make of a score. */
ALWAYS_INLINE v16 bend(float softcap, float slope, v16 distance, v16 s)
{
    if (softcap > 0.0f)
        s = v16_mul(v16_set1(softcap), v16_tanh(v16_mul(s, v16_set1(1.0f / softcap))));
    return v16_sub(s, v16_mul(v16_set1(slope), distance));
}

/* The largest score of a query's row; scores that are not what the product left are stored. */
static float largest_of(const mc_fold *f, size_t query, size_t head, seen_keys seen,
                        float *scores)
{
    const v16    place = v16_set1((float)(f->first + query)), none = v16_set1(-INFINITY);
    const float  softcap = f->softcap * MC_LOG2_E;
    const float  slope   = f->slopes ? f->slopes[head] * MC_LOG2_E : 0.0f;
    const int    bent    = softcap > 0.0f || slope != 0.0f;
    const size_t count   = f->count;
    v16          most    = none;

    for (size_t i = 0; i < count; i += 16) {
        v16 s = v16_load(scores + i);
        if (bent) s = bend(softcap, slope, v16_sub(place, numbers_from(i)), s);
        if (!seen.all) s = only_seen(seen, numbers_from(i), s, none);
        if (bent || !seen.all) v16_store(scores + i, s);
        most = v16_max(most, s);
    }
    return v16_largest(most);
}

/* Scores become weights; returns their sum. */
static float weigh(seen_keys seen, size_t count, float exponent, float *scores)
{
    const v16 zero = v16_set1(0.0f), most = v16_set1(exponent);
    v16       sum = zero;

    for (size_t i = 0; i < count; i += 16) {
        v16 e = v16_exp2(v16_sub(v16_load(scores + i), most));
        if (!seen.all) e = only_seen(seen, numbers_from(i), e, zero);
        v16_store(scores + i, e);
        sum = v16_add(sum, e);
    }
    return v16_sum(sum);
}

/* Beyond 2^22 a float is a whole number already, or half of one. */
static float whole_next_to(float x)
{
    return fabsf(x) < 0x1p22f ? x + V16_MAGIC - V16_MAGIC : x;
}

/* What a row has summed up so far is divided by a power of two; at its first key it is 0. */
static void raise_exponent(const mc_fold *f, size_t row, float to)
{
    if (f->exponent[row] > -INFINITY) {
        float factor[16], *output = f->output + row * f->width;
        v16_store(factor, v16_exp2(v16_set1(f->exponent[row] - to)));
        scale_by(factor[0], output, output, f->width);
        f->sum[row] *= factor[0];
    }
    f->exponent[row] = to;
}

static void fold_scores(const mc_fold *f)
{
    for (size_t query = 0, row = 0; query < f->queries; query++, row += f->heads) {
        const seen_keys seen   = keys_seen(f, query);
        float          *scores = f->scores + row * f->stride;
        for (size_t h = 0; h < f->heads; h++) {
            float most = largest_of(f, query, h, seen, scores + h * f->stride);
            most       = whole_next_to(most);
            if (most > f->exponent[row + h]) raise_exponent(f, row + h, most);
        }
        for (size_t h = 0; h < f->heads; h++)
            f->sum[row + h] +=
                weigh(seen, f->count, f->exponent[row + h], scores + h * f->stride);
    }
}

/* Weights of keys that a query does not see are 0, which can still turn a sum that underflowed
 * to -0 into 0: adding 0 makes them the same. */
static void finish(float sum, const float *x, float *out, size_t n)
{
    const v16 inverse = v16_set1(1.0f / sum), zero = v16_set1(0.0f);

    for (size_t i = 0; i < n; i += 16)
        store_upto(out + i, v16_add(v16_mul(inverse, load_upto(x + i, n - i)), zero), n - i);
}

/* ---- the peak ---- */

static double fma_rounds(size_t rounds, float *sink)
{
    v16       sum[GEMM_ROWS * GEMM_PANELS];
    const v16 x = v16_set1(0.999f), y = v16_set1(1e-3f);
    float     lanes[16]; /* all different, or the compiler would merge equal chains */

    for (int i = 0; i < 16; i++)
        lanes[i] = (float)i;
    UNROLL(32)
    for (int i = 0; i < GEMM_ROWS * GEMM_PANELS; i++)
        sum[i] = v16_add(v16_load(lanes), v16_set1((float)i));
    for (size_t round = 0; round < rounds; round++)
        UNROLL(32)
    for (int i = 0; i < GEMM_ROWS * GEMM_PANELS; i++)
        sum[i] = v16_fma(sum[i], x, y);
    for (int i = 1; i < GEMM_ROWS * GEMM_PANELS; i++)
        sum[0] = v16_add(sum[0], sum[i]);
    *sink = v16_sum(sum[0]);
    return 2.0 * 16.0 * GEMM_ROWS * GEMM_PANELS * (double)rounds;
}

const mc_kernels KERNELS = {
    .name         = KERNELS_NAME,
    .pack_f32     = pack_f32,
    .pack_f16     = pack_f16,
    .pack_bf16    = pack_bf16,
    .gemm         = gemm,
    .norm         = norm,
    .activate     = activate,
    .multiply     = multiply,
    .add_scaled   = add_scaled,
    .scale        = scale_by,
    .pack_rows    = pack_rows,
    .pack_columns = pack_columns,
    .rotate       = rotate,
    .fold_scores  = fold_scores,
    .finish       = finish,
    .fma_rounds   = fma_rounds,
};
