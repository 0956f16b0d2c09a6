mc
