mc geometry crm-build one --model other
