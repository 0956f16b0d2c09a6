/* crm_build.c - the main job from C: probes through a model, the matrix to a file, one row
 * printed.
 *
 *     cc crm_build.c $(pkg-config --cflags --libs modelcypher) && ./a.out model.gguf */
#include <modelcypher/modelcypher.h>
#include <stdio.h>

static int fail(const mc_error *err)
{
    fprintf(stderr, "%s: %s: %s (%s)\n", mc_status_code(err->status), err->subject, err->reason,
            err->hint);
    return 1;
}

int main(int argc, char **argv)
{
    mc_crm_build_options options = {
        .model  = argc > 1 ? argv[1] : "tests/golden/models/tiny-llama",
        .output = argc > 2 ? argv[2] : "/tmp/example.crm.safetensors",
        .atlas  = "semantic_primes",
        .layers = "final",
    };
    mc_crm_build_summary summary;
    mc_error             err = { 0 };
    mc_crm              *crm = NULL;

    if (mc_crm_build(&options, &summary, &err) != MC_OK) return fail(&err);
    printf("%zu probes, %zu tokens, %s\n", summary.probes, summary.tokens_asked,
           summary.output);
    if (mc_crm_open(summary.output, &crm, &err) != MC_OK) return fail(&err);
    const float *row = mc_crm_values(crm, MC_LAYER_FINAL, MC_CRM_STATE);
    printf("%s: %g %g %g ...\n", mc_crm_get_info(crm)->probe_ids[0], row[0], row[1], row[2]);
    mc_crm_close(crm);
    mc_crm_build_summary_clear(&summary);
    return 0;
}
