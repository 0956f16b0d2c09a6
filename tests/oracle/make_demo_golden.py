#!/usr/bin/env python3
"""Make tests/golden/demo/smollm2_states.safetensors: the demo model's states for six short texts.

    tests/oracle/make_demo_golden.py DEMO.gguf

Every token row of states 0, 1, 2, 15, 29, 30 and `final`, from transformers in float32 on the dequantised weights, one
prompt at a time; `token_ids` I32, `text_offsets` I64; the metadata holds the texts as a JSON array.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TQDM_DISABLE", "1")

import numpy as np
import safetensors.numpy
import torch
import transformers

import demo_model
from make_tokenizer_golden import of_gguf
from states import row_error, states_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "demo" / "smollm2_states.safetensors"
TEXTS = ["Hello", "Water flows down.", "2 + 2 = 4", " I know you.", "Où est-il ?", "<|im_start|>user: hi"]
KEPT = [0, 1, 2, 15, 29, 30]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = pathlib.Path(sys.argv[1])
    model, tokenizer = demo_model.load(path), of_gguf(str(path))
    prompts = [tokenizer.encode(t).ids for t in TEXTS]
    if max(map(len, prompts)) > 8:
        sys.exit("a text has more than 8 tokens: %s" % [len(p) for p in prompts])
    states = np.concatenate([states_of(model, ids) for ids in prompts], axis=1)
    # transformers' own reading of the file must agree with the dequantisation used here
    other = transformers.AutoModelForCausalLM.from_pretrained(
        path.resolve().parent, gguf_file=path.resolve().name, dtype=torch.float32, attn_implementation="eager").eval()
    again = np.concatenate([states_of(other, ids) for ids in prompts], axis=1)
    print("against transformers' GGUF loader: worst row %.1e" % row_error(again, states).max())
    tensors = {"token_ids": np.array(sum(prompts, []), np.int32),
               "text_offsets": np.cumsum([0] + [len(p) for p in prompts]).astype(np.int64),
               "final": states[-1]}
    tensors |= {"state.%d" % k: np.ascontiguousarray(states[k]) for k in KEPT}
    meta = {"script": "tests/oracle/make_demo_golden.py", "texts": json.dumps(TEXTS, ensure_ascii=False),
            "model": path.resolve().name, "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    safetensors.numpy.save_file(tensors, OUT, metadata=meta)
    print("%s: %d tokens, %.2f MB" % (OUT.name, len(tensors["token_ids"]), OUT.stat().st_size / 1e6))


if __name__ == "__main__":
    main()
