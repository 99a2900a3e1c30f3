#define _GNU_SOURCE
#include "CWake.h"

#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#else
#include <fcntl.h>
#endif

const uint64_t hub_wake_up = 1;

int hub_wake_open(hub_wake *wake) {
#ifdef __linux__
    wake->read = wake->write = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return wake->read < 0 ? -1 : 0;
#else
    int ends[2] = {-1, -1};
    int failed = pipe(ends);
    wake->read = ends[0];
    wake->write = ends[1];
    for (int i = 0; i < 2 && !failed; i++) {
        failed = fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0 || fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0;
    }
    if (failed) hub_wake_close(wake);
    return failed ? -1 : 0;
#endif
}

void hub_wake_send(const hub_wake *wake) {
    ssize_t written = write(wake->write, &hub_wake_up, sizeof hub_wake_up);
    (void)written;
}

void hub_wake_take(const hub_wake *wake) {
    uint64_t sent[8];
    while (read(wake->read, sent, sizeof sent) == (ssize_t)sizeof sent) {}
}

void hub_wake_close(hub_wake *wake) {
    if (wake->write >= 0 && wake->write != wake->read) close(wake->write);
    if (wake->read >= 0) close(wake->read);
    wake->read = wake->write = -1;
}
