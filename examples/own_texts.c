/* own_texts.c - strings of one's own through a model, and how alike the states behind its
 * last two blocks are.
 *
 *     cc own_texts.c $(pkg-config --cflags --libs modelcypher) && ./a.out model.gguf */
#include <modelcypher/modelcypher.h>
#include <stdio.h>
#include <string.h>

static int fail(const mc_error *err)
{
    fprintf(stderr, "%s: %s: %s (%s)\n", mc_status_code(err->status), err->subject, err->reason,
            err->hint);
    return 1;
}

static mc_matrix states_behind(const mc_crm *crm, int layer)
{
    const mc_crm_info *info = mc_crm_get_info(crm);

    return (mc_matrix){ mc_crm_values(crm, layer, MC_CRM_STATE), info->probe_count,
                        info->hidden, info->hidden };
}

int main(int argc, char **argv)
{
    static const char    texts[] = "The river froze last night.\nThe lake is ice by now.\n"
                                   "She owes him nothing.\nHe forgave the debt.\n"
                                   "Two and two make four.\nSeven is a prime.\n";
    mc_crm_build_options options = {
        .model  = argc > 1 ? argv[1] : "tests/golden/models/tiny-llama",
        .output = argc > 2 ? argv[2] : "/tmp/example.crm.safetensors",
    };
    mc_crm_build_summary summary;
    mc_estimate          cka = { 0 };
    mc_error             err = { 0 };
    mc_atlas            *probes;
    mc_crm              *crm;

    if (mc_atlas_read_texts(texts, strlen(texts), &probes, &err) != MC_OK) return fail(&err);
    options.probes = probes;
    if (mc_crm_build(&options, &summary, &err) != MC_OK) return fail(&err);
    if (mc_crm_open(summary.output, &crm, &err) != MC_OK) return fail(&err);
    const mc_matrix before = states_behind(crm, summary.block_count - 1),
                    last   = states_behind(crm, summary.block_count);
    if (mc_metric_run(mc_metric_find("cka"), before, &last, NULL, &cka, &err) != MC_OK)
        return fail(&err);
    printf("%zu texts, %zu tokens: layers %d and %d have a CKA of %.3f\n", summary.texts,
           summary.tokens_asked, summary.block_count - 1, summary.block_count, cka.value);
    mc_crm_close(crm);
    mc_crm_build_summary_clear(&summary);
    mc_atlas_close(probes);
    return 0;
}
