// A descriptor by which one thread wakes another that watches it.
#ifndef HUB_CWAKE_H
#define HUB_CWAKE_H

#include <stdint.h>

typedef struct {
    /// What is watched: readable from a wake-up until it is taken.
    int read;
    /// Where wake-ups are written, each a ``hub_wake_up``. The same descriptor where the system has one for both.
    int write;
} hub_wake;

/// What is written; any number of them count as one.
extern const uint64_t hub_wake_up;

/// Returns 0, or -1 with nothing open.
int hub_wake_open(hub_wake *wake);
/// From any thread. That one more does not fit means that one is pending.
void hub_wake_send(const hub_wake *wake);
/// Takes whatever was sent.
void hub_wake_take(const hub_wake *wake);
/// Closes what is open; a second time does nothing.
void hub_wake_close(hub_wake *wake);

#endif
