#define _GNU_SOURCE
#include "CEvent.h"

#include <CWake.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#endif

struct hub_loop {
    struct event_base *base;
    struct event *waker;
    hub_wake wake;
};

struct hub_event {
    struct event *event;
    hub_event_callback callback;
    void *context;
};

static _Thread_local void *current;
// This thread's line of the scheduler; opened when first asked for, closed when the thread has no loop any more.
static _Thread_local int schedstat = -1;

void *hub_thread_current(void) { return current; }

void hub_thread_set_current(void *value) {
    current = value;
    if (!value && schedstat >= 0) {
        close(schedstat);
        schedstat = -1;
    }
}

static void take_wake(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    hub_wake_take(context);
}

hub_loop *hub_loop_new(void) {
    hub_loop *loop = calloc(1, sizeof *loop);
    if (!loop) return NULL;
    loop->wake = (hub_wake){-1, -1};
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (loop->base && hub_wake_open(&loop->wake) == 0) {
        loop->waker = event_new(loop->base, loop->wake.read, EV_READ | EV_PERSIST, take_wake, &loop->wake);
        if (loop->waker && event_add(loop->waker, NULL) == 0) return loop;
    }
    hub_loop_free(loop);
    return NULL;
}

void hub_loop_free(hub_loop *loop) {
    if (!loop) return;
    if (loop->waker) event_free(loop->waker);
    if (loop->base) event_base_free(loop->base);
    hub_wake_close(&loop->wake);
    free(loop);
}

int hub_loop_turn(hub_loop *loop, int nonblocking) {
    return event_base_loop(loop->base, EVLOOP_ONCE | (nonblocking ? EVLOOP_NONBLOCK : 0)) < 0 ? -1 : 0;
}

void hub_loop_wake(hub_loop *loop) { hub_wake_send(&loop->wake); }

static void fire(evutil_socket_t fd, short what, void *argument) {
    hub_event *event = argument;
    event->callback(fd, ((what & EV_READ) ? HUB_READ : 0) | ((what & EV_WRITE) ? HUB_WRITE : 0), event->context);
}

static hub_event *make_event(
    hub_loop *loop, int fd, short flags, const struct timeval *after, hub_event_callback callback, void *context
) {
    hub_event *event = malloc(sizeof *event);
    if (!event) return NULL;
    event->callback = callback;
    event->context = context;
    event->event = event_new(loop->base, fd, flags, fire, event);
    if (event->event && event_add(event->event, after) == 0) return event;
    hub_event_free(event);
    return NULL;
}

hub_event *hub_event_watch(hub_loop *loop, int fd, int what, hub_event_callback callback, void *context) {
    short flags = EV_PERSIST;
    if (what & HUB_READ) flags |= EV_READ;
    if (what & HUB_WRITE) flags |= EV_WRITE;
    return make_event(loop, fd, flags, NULL, callback, context);
}

hub_event *hub_event_timer(hub_loop *loop, int64_t nanoseconds, hub_event_callback callback, void *context) {
    if (nanoseconds < 0) nanoseconds = 0;
    struct timeval after = {
        .tv_sec = (time_t)(nanoseconds / 1000000000),
        .tv_usec = (suseconds_t)((nanoseconds % 1000000000 + 999) / 1000),
    };
    if (after.tv_usec == 1000000) {
        after.tv_sec += 1;
        after.tv_usec = 0;
    }
    return make_event(loop, -1, 0, &after, callback, context);
}

void hub_event_free(hub_event *event) {
    if (!event) return;
    if (event->event) event_free(event->event);
    free(event);
}

void hub_thread_set_name(const char *name) {
#ifdef __linux__
    char shortened[16] = {0};
    strncpy(shortened, name, sizeof shortened - 1);
    pthread_setname_np(pthread_self(), shortened);
#else
    pthread_setname_np(name);
#endif
}

void hub_thread_give_way(void) {
#ifdef __linux__
    // Of a thread, not of the process, whatever POSIX says: see NOTES of setpriority(2). A tenth of the weight it had before.
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 10);
#else
    pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0);
#endif
}

struct hub_thread_times hub_thread_times(void) {
    struct hub_thread_times times = {0, 0, -1};
    struct timespec computed;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &computed) == 0)
        times.computed = (int64_t)computed.tv_sec * 1000000000 + computed.tv_nsec;
#ifdef __linux__
    struct rusage usage;
    if (getrusage(RUSAGE_THREAD, &usage) == 0) times.sleeps = usage.ru_nvcsw;
    // The second number of the line, see the kernel's Documentation/scheduler/sched-stats.rst.
    if (schedstat == -1) schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    char line[96];
    ssize_t count = pread(schedstat, line, sizeof line - 1, 0);
    if (count > 0) {
        line[count] = 0;
        char *second = NULL;
        strtoull(line, &second, 10);
        if (second) times.waited = (int64_t)strtoull(second, NULL, 10);
    }
#endif
    return times;
}
