mc help commands --max-memory 4GiBs
