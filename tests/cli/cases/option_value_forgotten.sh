mc help commands --trace-id --pretty
