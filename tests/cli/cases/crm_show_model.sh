printf 'GGUF and more' >model.gguf
mc geometry crm-show model.gguf
