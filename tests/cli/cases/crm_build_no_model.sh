mc geometry crm-build
