mc help commands --output-format=yaml
