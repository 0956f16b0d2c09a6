mc hepl
