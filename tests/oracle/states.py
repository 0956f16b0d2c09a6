"""Hidden states of a transformers model, one prompt at a time, with the conventions of `mc`.

State 0 is the input of the first block (the embedding output after any scaling, norm or position embedding), state k the
output of block k, `final` the output of the final norm (state L itself where a model has none).
All are taken by hooks: the last entry of transformers' own `hidden_states` is already normalised for most models.
"""

import numpy as np
import torch

FINAL_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm", "norm_f", "embedding_norm")


def base_of(model):
    """The decoder below the language-model head (and below a multimodal wrapper)."""
    layers = model.config.get_text_config().num_hidden_layers
    for name, module in model.named_modules():
        for child in module.children():
            if isinstance(child, torch.nn.ModuleList) and len(child) == layers:
                return module, child
    raise ValueError("no list of %d blocks found in %s" % (layers, type(model).__name__))


def final_norm_of(base):
    found = [m for n, m in base.named_children() if n in FINAL_NORMS and m is not None]
    if len(found) > 1:
        raise ValueError("more than one final norm in %s" % type(base).__name__)
    return found[0] if found else None


def states_of(model, ids):
    """[L + 2, tokens, hidden]: states 0..L, then `final`, as float32."""
    base, blocks = base_of(model)
    norm = final_norm_of(base)
    kept = {}

    def keep_input(_module, args, kwargs):
        kept[0] = (args[0] if args else kwargs["hidden_states"]).detach().clone()

    def keep_output(index):
        def hook(_module, _args, output):
            kept[index] = (output[0] if isinstance(output, tuple) else output).detach().clone()

        return hook

    handles = [blocks[0].register_forward_pre_hook(keep_input, with_kwargs=True)]
    handles += [b.register_forward_hook(keep_output(i + 1)) for i, b in enumerate(blocks)]
    if norm is not None:
        handles.append(norm.register_forward_hook(keep_output("final")))
    try:
        with torch.no_grad():
            base(input_ids=torch.tensor([list(ids)], dtype=torch.long), use_cache=False)
    finally:
        for h in handles:
            h.remove()
    last = len(blocks)
    kept.setdefault("final", kept[last])
    rows = [kept[k] for k in range(last + 1)] + [kept["final"]]
    return np.stack([r.reshape(len(ids), -1).float().numpy() for r in rows])


def row_error(got, want):
    """Relative L2 distance of every row (last axis), in double."""
    got = np.asarray(got, np.float64)
    want = np.asarray(want, np.float64)
    gap = np.linalg.norm(got - want, axis=-1)
    return gap / np.maximum(np.linalg.norm(want, axis=-1), 1e-30)
