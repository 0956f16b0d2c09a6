#!/usr/bin/env python3
"""llama.cpp (llama-cpp-python) on the bench's prompts: the state after the final norm of each prompt's last token.

    bench/peers/llamacpp_peer.py MODEL.gguf --ids FILE [--modes one,packed] [--batch-tokens 512,2048] [--cache f32,f16]

`one` decodes a prompt at a time; `packed` puts many prompts as separate sequences into one decode, up to the given number
of tokens. Only last tokens are outputs, so its last block and its output head run for those rows only. It gives one
layer where `mc` captures all. Prints one JSON object; progress goes to stderr.
"""

import argparse
import ctypes
import os
import sys
import time

import llama_cpp

import common

CACHE = {"f32": 0, "f16": 1}
MOST_SEQUENCES = 256  # of one decode: LLAMA_MAX_SEQ


@llama_cpp.llama_log_callback
def quiet(_level, _text, _data):
    pass


def open_model(path):
    model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
    if not model:
        sys.exit("llama.cpp cannot load %s" % path)
    return model


def open_context(model, tokens, sequences, cache, threads):
    p = llama_cpp.llama_context_default_params()
    p.n_ctx, p.n_batch, p.n_ubatch, p.n_seq_max = tokens, tokens, tokens, sequences
    p.n_threads = p.n_threads_batch = threads
    p.embeddings, p.pooling_type, p.kv_unified = True, 0, True
    p.type_k = p.type_v = CACHE[cache]
    if cache == "f32":
        p.flash_attn_type = 0
    context = llama_cpp.llama_init_from_model(model, p)
    if not context:
        sys.exit("llama.cpp cannot make a context of %d tokens" % tokens)
    return context


def fill(batch, group):
    n = 0
    for s, ids in enumerate(group):
        for i, token in enumerate(ids):
            batch.token[n], batch.pos[n], batch.n_seq_id[n] = token, i, 1
            batch.seq_id[n][0] = s
            batch.logits[n] = i == len(ids) - 1
            n += 1
    batch.n_tokens = n


def groups_of(prompts, tokens):
    """Neighbours in length together, as many as fit."""
    groups, room = [], 0
    for ids in sorted(prompts, key=len):
        if not groups or len(ids) > room or len(groups[-1]) == MOST_SEQUENCES:
            groups.append([])
            room = tokens
        groups[-1].append(ids)
        room -= len(ids)
    return groups


def run_all(context, batch, groups):
    memory = llama_cpp.llama_get_memory(context)
    for group in groups:
        llama_cpp.llama_memory_clear(memory, False)
        fill(batch, group)
        if llama_cpp.llama_decode(context, batch) != 0:
            sys.exit("llama.cpp cannot decode")
        for s in range(len(group)):
            if not llama_cpp.llama_get_embeddings_ith(context, sum(map(len, group[:s + 1])) - 1):
                sys.exit("llama.cpp gave no state")


def measure(model, prompts, groups, setting, args, threads):
    tokens = max(sum(map(len, g)) for g in groups)
    tokens = -(-max(tokens, 32) // 32) * 32
    context = open_context(model, tokens, max(map(len, groups)), setting["cache"], threads)
    batch = llama_cpp.llama_batch_init(tokens, 0, 1)
    run_all(context, batch, groups[:1])
    line = common.row(setting, lambda: run_all(context, batch, groups), prompts, args.repeat)
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    common.add_arguments(parser)
    parser.add_argument("--modes", default="one,packed")
    parser.add_argument("--batch-tokens", default="256,512,2048")
    parser.add_argument("--cache", default="f32,f16")
    args = parser.parse_args()
    threads = args.threads or len(os.sched_getaffinity(0))
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    prompts = common.read_ids(args.ids, args.limit)
    start = time.perf_counter()
    model = open_model(args.model)
    load_seconds = time.perf_counter() - start
    rows = []
    for cache in args.cache.split(","):
        if "one" in args.modes.split(","):
            setting = dict(mode="one", cache=cache)
            rows.append(measure(model, prompts, [[p] for p in prompts], setting, args, threads))
        for tokens in map(int, args.batch_tokens.split(",")):
            if "packed" in args.modes.split(","):
                setting = dict(mode="packed", batch_tokens=tokens, cache=cache)
                rows.append(measure(model, prompts, groups_of(prompts, tokens), setting, args, threads))
    common.report("llama.cpp", "llama-cpp-python " + llama_cpp.__version__, args, threads, load_seconds, rows)


if __name__ == "__main__":
    main()
