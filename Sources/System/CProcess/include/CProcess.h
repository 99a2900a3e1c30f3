// What of processes Swift does not see, and what must happen between fork and exec, where no Swift may run.
#ifndef HUB_CPROCESS_H
#define HUB_CPROCESS_H

#include <stdint.h>

/// A program to start. It gets nothing of the process that starts it but what is here.
struct hub_process_order {
    const char *path;
    /// With the name of the program first, ended by NULL.
    const char *const *arguments;
    /// NAME=value, ended by NULL.
    const char *const *environment;
    /// Where it works.
    const char *folder;
    /// Whom it runs as; NULL for the user of this process.
    const char *user;
    /// What it reads, writes and complains to; -1 for nothing.
    int input, output, errors;
    /// Of address space, of processor time, of one file it writes; 0 for no limit.
    uint64_t memory_bytes_max, cpu_seconds_max, file_bytes_max;
    /// Whether it is killed when the thread that starts it ends (Linux). Else it goes on, in a session of its own.
    int is_bound;
};

/// Starts a program in a process group of its own. Returns its process id, which is the group's too, or -1 with errno set: also when
/// the program cannot be executed.
int32_t hub_process_start(const struct hub_process_order *order);

/// A descriptor that is readable once the child has ended, to be closed by the caller; -1 where the system has no such thing.
int hub_process_watch(int32_t process);

/// Whether a child has ended, or is none of ours. It is still there to be polled: its number is nobody else's yet.
int hub_process_has_ended(int32_t process);

/// 1 when it has ended (then *status is its exit code, 128 + signal when killed), 0 while it runs, -1 when it is not our child. A child
/// that has ended is gone once this has told so.
int hub_process_poll(int32_t process, int *status);

/// The numeric ids of a user. 0 on success.
int hub_user_find(const char *name, uint32_t *user, uint32_t *group);

#endif
