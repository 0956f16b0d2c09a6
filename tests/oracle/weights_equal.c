/* weights_equal.c - for compare_types.py: are the weights of two models, one of them quantised
 * and one as an independent decoder widened it, the same to the bit?
 *
 *     weights_equal MODEL MODEL */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/model.h"

static size_t compared;

static bool same_weight(const mc_weight *a, const mc_weight *b)
{
    float *one = NULL, *other = NULL;
    bool   same;

    if (!mc_weight_present(a) || !mc_weight_present(b))
        return mc_weight_present(a) == mc_weight_present(b);
    if (a->rows != b->rows || a->cols != b->cols) return false;
    one   = mc_alloc_array(a->rows * a->cols, sizeof *one);
    other = mc_alloc_array(a->rows * a->cols, sizeof *other);
    if (!one || !other) exit(2);
    mc_weight_widen(a, 0, a->rows, one, a->cols);
    mc_weight_widen(b, 0, b->rows, other, b->cols);
    same = memcmp(one, other, a->rows * a->cols * sizeof *one) == 0;
    compared += a->rows * a->cols;
    mc_free(one);
    mc_free(other);
    return same;
}

static bool same_program(const mc_program *a, const mc_program *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < MC_STACK_MAX; j++)
            if (!same_weight(&a->ops[i].weights[j], &b->ops[i].weights[j])) return false;
    return true;
}

static bool same_model(const mc_lowered *a, const mc_lowered *b)
{
    if (a->block_count != b->block_count) return false;
    for (size_t k = 0; k < a->block_count; k++)
        if (!same_program(&a->blocks[k], &b->blocks[k])) return false;
    return same_program(&a->embed, &b->embed) && same_program(&a->final, &b->final);
}

int main(int argc, char **argv)
{
    mc_model *models[2] = { NULL, NULL };
    mc_error  err       = { 0 };
    bool      same;

    for (int i = 0; i < 2; i++)
        if (argc != 3 || mc_model_open(argv[i + 1], &models[i], &err) != MC_OK) {
            fprintf(stderr, "weights_equal: %s\n", argc != 3 ? "two models" : err.reason);
            return 2;
        }
    same = same_model(mc_model_lowered(models[0]), mc_model_lowered(models[1]));
    printf("%zu values compared\n", compared);
    mc_model_close(models[0]);
    mc_model_close(models[1]);
    return same ? 0 : 1;
}
