mc help commands --prety
