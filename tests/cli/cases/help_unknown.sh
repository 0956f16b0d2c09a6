mc help gemetry crm-build
