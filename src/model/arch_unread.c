/* arch_unread.c - architectures that are known by name and not read, and why. */
#include <string.h>

#include "base/checked.h"
#include "model/arch.h"

/* Names as in model_type or general.architecture, separated by spaces. */
static const struct {
    const char *what, *names;
} families[] = {
    { "a mixture of experts",
      "mixtral qwen2_moe qwen2moe qwen3_moe qwen3moe qwen3_vl_moe_text qwen3vlmoe olmoe "
      "phimoe dbrx jetmoe granitemoe granitemoeshared ernie4_5_moe ernie4_5-moe "
      "hunyuan_v1_moe hunyuan-moe gpt_oss gpt-oss llama4 llama4_text glm4_moe glm4moe "
      "deepseek bailing_moe bailingmoe bailingmoe2 afmoe arctic grok dots1 flex_olmo "
      "exaone_moe exaone-moe minimax_m2 minimax-m2 smallthinker llada-moe laguna" },
    { "one with latent attention",
      "deepseek_v2 deepseek_v3 deepseek_v32 deepseek2 kimi_k2 kimi_k25 minicpm3 "
      "longcat_flash plm glm-dsa glm_moe_dsa" },
    { "one with linear attention or a state space",
      "mamba mamba2 falcon_mamba jamba zamba zamba2 bamba rwkv rwkv5 rwkv6 rwkv7 rwkv6qwen2 "
      "arwkv7 recurrent_gemma recurrentgemma qwen3_next qwen3next qwen3_5 qwen3_5_text "
      "qwen3_5_moe qwen3_5_moe_text qwen35 qwen35moe lfm2 lfm2_moe lfm2moe falcon_h1 "
      "falcon-h1 granitemoehybrid granitehybrid nemotron_h nemotron_h_moe kimi_linear "
      "kimi-linear plamo2 minimax olmo_hybrid" },
    { "an encoder",
      "bert roberta xlm-roberta camembert distilbert electra deberta deberta-v2 albert "
      "modernbert modern-bert nomic_bert nomic-bert nomic-bert-moe jina-bert-v2 neobert "
      "neo-bert eurobert clip siglip vit" },
    { "an encoder with a decoder",
      "t5 t5encoder mt5 umt5 bart mbart pegasus marian whisper t5gemma blenderbot" },
};

static bool holds(const char *names, const char *name, size_t size)
{
    for (; *names; names += strspn(names, " ")) {
        size_t next = strcspn(names, " ");

        if (next == size && memcmp(names, name, size) == 0) return true;
        names += next;
    }
    return false;
}

const char *mc_arch_unread(const char *name, size_t size)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(families); i++)
        if (holds(families[i].names, name, size)) return families[i].what;
    return NULL;
}
