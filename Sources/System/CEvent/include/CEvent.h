// A narrow view of libevent: one loop, descriptor watches, timers, and a wake-up from other threads.
// libevent's own headers stay in the .c file: its event-config.h sets feature macros that clash with Glibc's module.
#ifndef HUB_CEVENT_H
#define HUB_CEVENT_H

#include <stdint.h>

typedef struct hub_loop hub_loop;
typedef struct hub_event hub_event;

enum { HUB_READ = 1, HUB_WRITE = 2 };

/// `what` holds HUB_READ and HUB_WRITE; 0 for a timer.
typedef void (*hub_event_callback)(int fd, int what, void *context);

/// Returns NULL when the system has no descriptor or memory left. The caller owns the loop and frees it with hub_loop_free.
hub_loop *hub_loop_new(void);
void hub_loop_free(hub_loop *loop);
/// Waits for events unless `nonblocking`, runs their callbacks on the calling thread, returns -1 on failure.
int hub_loop_turn(hub_loop *loop, int nonblocking);
/// The one function that may be called from any thread: makes a waiting turn return.
void hub_loop_wake(hub_loop *loop);

/// A watch that stays until freed. NULL on failure. `context` stays the caller's.
hub_event *hub_event_watch(hub_loop *loop, int fd, int what, hub_event_callback callback, void *context);
/// A timer that fires once; it still has to be freed. NULL on failure.
hub_event *hub_event_timer(hub_loop *loop, int64_t nanoseconds, hub_event_callback callback, void *context);
void hub_event_free(hub_event *event);

/// The pointer last set on this thread, or NULL.
void *hub_thread_current(void);
void hub_thread_set_current(void *value);

/// Names the calling thread for debuggers and profilers; the kernel keeps 15 bytes.
void hub_thread_set_name(const char *name);

/// Lets other threads go before the calling one where there are more of them than processors.
void hub_thread_give_way(void);

/// What the calling thread has done since it began; times in nanoseconds.
struct hub_thread_times {
    /// On a processor.
    int64_t computed;
    /// Ready to run, without a processor to run on; 0 where the system does not tell.
    int64_t waited;
    /// How often it gave its processor up to wait for something; -1 where the system does not tell.
    int64_t sleeps;
};

struct hub_thread_times hub_thread_times(void);

#endif
