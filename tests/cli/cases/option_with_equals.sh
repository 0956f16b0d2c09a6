mc geometry atlas list --output-format=yaml
