"""Published layouts that transformers does not write itself, made from what it writes and turned back for the check.

    internlm2   names of its own; q, k and v in one matrix, for each group: its queries, its key, its value
    llava       the text part of a multimodal model below `language_model.`, its configuration in `text_config`
    mistral3    likewise
    gemma3      the same as transformers 5 writes it: below `model.language_model.`
    smolvlm     the same below `model.text_model.`
    blip-2, hyperclovax_vision_v2   a whole model below `language_model.` or `model.language_model.`
"""

import json
import re

import safetensors.torch
import torch

INTERNLM2 = [("model.embed_tokens", "model.tok_embeddings"), ("lm_head", "output"), ("self_attn.o_proj", "attention.wo"),
             ("mlp.gate_proj", "feed_forward.w1"), ("mlp.up_proj", "feed_forward.w3"), ("mlp.down_proj", "feed_forward.w2"),
             ("input_layernorm", "attention_norm"), ("post_attention_layernorm", "ffn_norm")]
KINDS = {"llava": ("LlavaForConditionalGeneration", "clip_vision_model"),
         "mistral3": ("Mistral3ForConditionalGeneration", "pixtral"),
         "smolvlm": ("SmolVLMForConditionalGeneration", "smolvlm_vision"),
         "blip-2": ("Blip2ForConditionalGeneration", "blip_2_vision_model"),
         "hyperclovax_vision_v2": ("HyperCLOVAXVisionV2ForConditionalGeneration", "qwen2_5_vl_vision"),
         "gemma3": ("Gemma3ForConditionalGeneration", "siglip_vision_model")}
BELOW = {"llava": ("", "language_model."), "mistral3": ("", "language_model."), "gemma3": ("model.", "model.language_model."),
         "smolvlm": ("model.", "model.text_model."), "blip-2": ("", "language_model."),
         "hyperclovax_vision_v2": ("", "model.language_model.")}  # what stands before a name in a text model, and in this one


def swap(name, pairs):
    for old, new in pairs:
        name = re.sub(r"(^|\.)%s(?=\.|$)" % re.escape(old), r"\g<1>" + new, name)
    return name


def join_qkv(tensors, config):
    groups, d = config["num_key_value_heads"], config["head_dim"]
    out = {}
    for name, q in tensors.items():
        if ".k_proj." in name or ".v_proj." in name:
            continue
        if ".q_proj." in name:
            parts = [tensors[name.replace("q_proj", p)].reshape(groups, -1, d, q.shape[-1]) for p in ("q_proj", "k_proj", "v_proj")]
            q = torch.cat(parts, 1).reshape(-1, q.shape[-1])
            name = name.replace("self_attn.q_proj", "attention.wqkv")
        out[name] = q
    return out


def split_qkv(tensors, config):
    groups = config["num_key_value_heads"]
    d = config["hidden_size"] // config["num_attention_heads"]
    out = {}
    for name, w in tensors.items():
        if ".wqkv." not in name:
            out[name] = w
            continue
        grouped = w.reshape(groups, -1, d, w.shape[-1])
        for part, rows in (("q_proj", grouped[:, :-2]), ("k_proj", grouped[:, -2]), ("v_proj", grouped[:, -1])):
            out[name.replace("attention.wqkv", "self_attn." + part)] = rows.reshape(-1, w.shape[-1]).contiguous()
    return out


def wrap_name(name, layout):
    before, after = BELOW[layout]
    return after + name.removeprefix(before) if name.startswith(before) else name


def unwrap_name(name, layout):
    before, after = BELOW[layout]
    return before + name.removeprefix(after) if name.startswith(after) else name


def read(folder):
    path = folder / "model.safetensors"
    return json.loads((folder / "config.json").read_text()), safetensors.torch.load_file(path)


def write(folder, config, tensors):
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    safetensors.torch.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def apply(folder, layout):
    """Rewrite a folder that transformers wrote."""
    config, tensors = read(folder)
    if layout == "internlm2":
        tensors = {swap(k, INTERNLM2): v for k, v in join_qkv(tensors, config).items()}
        for key in ("head_dim", "attention_bias", "mlp_bias", "pretraining_tp"):
            config.pop(key, None)
        config.update(model_type="internlm2", architectures=["InternLM2ForCausalLM"], bias=False)
    else:
        tensors = {wrap_name(k, layout): v for k, v in tensors.items()}
        prefix = BELOW[layout][0]
        tensors[prefix + "vision_tower.patch_embedding.weight"] = torch.ones(4, 3)
        tensors[prefix + "multi_modal_projector.linear_1.weight"] = torch.ones(4, 4)
        model, vision = KINDS[layout]
        config = {"architectures": [model], "model_type": layout, "text_config": config,
                  "torch_dtype": config.pop("torch_dtype", None) or config.pop("dtype"),
                  "vision_config": {"hidden_size": 4, "model_type": vision, "num_hidden_layers": 1}}
    write(folder, config, tensors)


def undo(folder, layout):
    """Back to what transformers reads."""
    config, tensors = read(folder)
    if layout == "internlm2":
        tensors = split_qkv({swap(k, [(b, a) for a, b in INTERNLM2]): v for k, v in tensors.items()}, config)
        config.update(model_type="llama", architectures=["LlamaForCausalLM"], attention_bias=config.get("bias", False))
    else:
        tensors = {unwrap_name(k, layout): v for k, v in tensors.items() if "vision" not in k and "multi_modal" not in k}
        config = config["text_config"]
    write(folder, config, tensors)
