#define _GNU_SOURCE
#include "CEvent.h"

#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#endif

struct hub_loop {
    struct event_base *base;
    struct event *wake;
    int wake_read, wake_write;
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

static void drain_wake(evutil_socket_t fd, short what, void *context) {
    (void)what;
    (void)context;
    uint64_t buffer[8];
    while (read(fd, buffer, sizeof buffer) == (ssize_t)sizeof buffer) {}
}

static int open_wake(hub_loop *loop) {
#ifdef __linux__
    loop->wake_read = loop->wake_write = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return loop->wake_read;
#else
    int ends[2];
    if (pipe(ends) != 0) return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    loop->wake_read = ends[0];
    loop->wake_write = ends[1];
    return 0;
#endif
}

hub_loop *hub_loop_new(void) {
    hub_loop *loop = calloc(1, sizeof *loop);
    if (!loop) return NULL;
    loop->wake_read = loop->wake_write = -1;
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (loop->base && open_wake(loop) >= 0) {
        loop->wake = event_new(loop->base, loop->wake_read, EV_READ | EV_PERSIST, drain_wake, NULL);
        if (loop->wake && event_add(loop->wake, NULL) == 0) return loop;
    }
    hub_loop_free(loop);
    return NULL;
}

void hub_loop_free(hub_loop *loop) {
    if (!loop) return;
    if (loop->wake) event_free(loop->wake);
    if (loop->base) event_base_free(loop->base);
    if (loop->wake_write >= 0 && loop->wake_write != loop->wake_read) close(loop->wake_write);
    if (loop->wake_read >= 0) close(loop->wake_read);
    free(loop);
}

int hub_loop_turn(hub_loop *loop, int nonblocking) {
    return event_base_loop(loop->base, EVLOOP_ONCE | (nonblocking ? EVLOOP_NONBLOCK : 0)) < 0 ? -1 : 0;
}

void hub_loop_wake(hub_loop *loop) {
    uint64_t one = 1;
    // The descriptor is non-blocking: a full counter means a wake-up is already pending.
    ssize_t written = write(loop->wake_write, &one, sizeof one);
    (void)written;
}

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
    // Of a thread, not of the process, whatever POSIX says: see NOTES of setpriority(2). A third of the weight it had before.
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 5);
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
