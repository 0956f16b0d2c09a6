mc geometry crm-show none.crm.safetensors
