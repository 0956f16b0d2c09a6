mc help commands --output-format jsno
