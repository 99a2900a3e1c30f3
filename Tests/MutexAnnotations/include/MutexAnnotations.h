// Nothing to call: see MutexAnnotations.c.
