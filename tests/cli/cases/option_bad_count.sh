mc help commands --threads -1
