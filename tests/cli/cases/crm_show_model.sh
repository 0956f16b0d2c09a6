printf 'GGUF and more' >model.gguf
mc geometry crm-show model.gguf
mkdir model
mc geometry crm-show model
