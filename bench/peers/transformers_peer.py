#!/usr/bin/env python3
"""transformers on the bench's prompts, as a person would capture hidden states with it: every layer, last token.

    bench/peers/transformers_peer.py MODEL --ids FILE [--batches 1,32,64,128,256,512] [--attention eager,sdpa] [--head]

Float32 on the CPU, without the output head (AutoModel) or with it (AutoModelForCausalLM). Batch size 1 takes the prompts
one by one; larger ones are sorted by length and padded on the right. Only real tokens are counted. Prints one JSON
object; progress goes to stderr.
"""

import argparse
import os
import pathlib
import time

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

import safetensors.torch
import torch
import transformers

import common


def load(model, attention, head=False):
    path = pathlib.Path(model).resolve()
    where = dict(pretrained_model_name_or_path=path)
    if path.is_file():
        where = dict(pretrained_model_name_or_path=path.parent, gguf_file=path.name)
    transformers.logging.set_verbosity_error()
    kind = transformers.AutoModelForCausalLM if head else transformers.AutoModel
    return kind.from_pretrained(**where, dtype=torch.float32, attn_implementation=attention).eval()


def save(model, folder):
    """The widened weights as a plain folder: transformers does not write again what came from a GGUF file."""
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.config.save_pretrained(folder)
    weights = {name: w.contiguous() for name, w in model.state_dict().items()}
    safetensors.torch.save_file(weights, pathlib.Path(folder) / "model.safetensors", metadata={"format": "pt"})


def batches_of(prompts, size):
    ordered = sorted(prompts, key=len, reverse=True) if size > 1 else prompts
    return [ordered[i:i + size] for i in range(0, len(ordered), size)]


def last_tokens(model, batch):
    """[batch, L + 1, hidden] on every layer."""
    longest = max(map(len, batch))
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    for i, p in enumerate(batch):
        ids[i, :len(p)] = torch.tensor(p)
        mask[i, :len(p)] = 1
    padded = dict(attention_mask=mask) if mask.min() == 0 else {}
    out = model(input_ids=ids, use_cache=False, output_hidden_states=True, **padded)
    rows, ends = torch.arange(len(batch)), mask.sum(1) - 1
    return torch.stack([h[rows, ends] for h in out.hidden_states], 1)


def run_all(model, batches):
    with torch.inference_mode():
        for batch in batches:
            last_tokens(model, batch)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    common.add_arguments(parser)
    parser.add_argument("--batches", default="1,32,64,128,256,512")
    parser.add_argument("--attention", default="eager,sdpa")
    parser.add_argument("--head", action="store_true", help="compute the logits too")
    parser.add_argument("--save", help="keep what was loaded as a folder here, which loads faster")
    args = parser.parse_args()
    threads = args.threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    prompts = common.read_ids(args.ids, args.limit)
    rows, load_seconds = [], 0.0
    for attention in args.attention.split(","):
        start = time.perf_counter()
        model = load(args.model, attention, args.head)
        load_seconds = time.perf_counter() - start
        if args.save:
            save(model, args.save)
            args.model, args.save = args.save, None
        run_all(model, [prompts[:1]])
        for size in map(int, args.batches.split(",")):
            batches = batches_of(prompts, size)
            rows.append(common.row(dict(batch=size, attention=attention), lambda: run_all(model, batches), prompts, args.repeat))
        del model
    common.report("transformers", transformers.__version__, args, threads, load_seconds, rows)


if __name__ == "__main__":
    main()
