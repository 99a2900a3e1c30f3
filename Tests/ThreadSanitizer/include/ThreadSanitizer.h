#ifndef THREAD_SANITIZER_H
#define THREAD_SANITIZER_H

#include <stdbool.h>

/// Whether this build runs under the thread sanitizer.
bool hub_has_thread_sanitizer(void);

#endif
