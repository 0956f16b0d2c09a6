mc help commands --output-format
