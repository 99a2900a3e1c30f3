// Tells the thread sanitizer what Swift's Mutex does.
//
// On Linux a contended Mutex is handed over by the kernel, in the two functions below of the Swift library, which is built without
// the sanitizer. It sees the atomic exchange of the uncontended paths alone, and reports a race for every value that one thread
// wrote and another read after a contended lock. These definitions take the place of the library's: they call them, and tell the
// sanitizer the order that they make.
#include "ThreadSanitizer.h"

#if defined(__has_feature)
#define HAS_THREAD_SANITIZER __has_feature(thread_sanitizer)
#else
#define HAS_THREAD_SANITIZER 0
#endif

bool hub_has_thread_sanitizer(void) { return HAS_THREAD_SANITIZER; }

#if defined(__linux__) && HAS_THREAD_SANITIZER
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

// _MutexHandle._lockSlow(UInt32) and _MutexHandle._unlockSlow(), as Swift mangles them. `self` is the address of the lock's word.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void hub_lock_slow(uint32_t thread, SELF self) __asm__(LOCK_SLOW);
SWIFT void hub_unlock_slow(SELF self) __asm__(UNLOCK_SLOW);

typedef SWIFT void (*lock_slow)(uint32_t thread, SELF self);
typedef SWIFT void (*unlock_slow)(SELF self);

static void *next(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    // Without it no lock would hold: the library has changed, and this file must change with it.
    if (function == NULL) abort();
    return function;
}

SWIFT void hub_lock_slow(uint32_t thread, SELF self) {
    ((lock_slow)next(LOCK_SLOW))(thread, self);
    __tsan_acquire(self);
}

SWIFT void hub_unlock_slow(SELF self) {
    __tsan_release(self);
    ((unlock_slow)next(UNLOCK_SLOW))(self);
}

// librdkafka makes its threads and locks with C11's functions, which the sanitizer does not know: a thread made so crashes in it. In
// glibc these are the POSIX ones under other names.
#include <pthread.h>
#include <threads.h>

struct start {
    thrd_start_t body;
    void *argument;
};

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    return (void *)(intptr_t)start.body(start.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t body, void *argument) {
    struct start *start = malloc(sizeof *start);
    if (start == NULL) return thrd_nomem;
    *start = (struct start){body, argument};
    if (pthread_create((pthread_t *)thread, NULL, run, start) == 0) return thrd_success;
    free(start);
    return thrd_error;
}

int thrd_join(thrd_t thread, int *result) {
    void *answer = NULL;
    if (pthread_join((pthread_t)thread, &answer) != 0) return thrd_error;
    if (result) *result = (int)(intptr_t)answer;
    return thrd_success;
}

int mtx_init(mtx_t *lock, int type) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (type & mtx_recursive) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    int status = pthread_mutex_init((pthread_mutex_t *)lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return status == 0 ? thrd_success : thrd_error;
}

void mtx_destroy(mtx_t *lock) { pthread_mutex_destroy((pthread_mutex_t *)lock); }
int mtx_lock(mtx_t *lock) { return pthread_mutex_lock((pthread_mutex_t *)lock) == 0 ? thrd_success : thrd_error; }
int mtx_unlock(mtx_t *lock) { return pthread_mutex_unlock((pthread_mutex_t *)lock) == 0 ? thrd_success : thrd_error; }
int mtx_trylock(mtx_t *lock) { return pthread_mutex_trylock((pthread_mutex_t *)lock) == 0 ? thrd_success : thrd_busy; }

int cnd_init(cnd_t *condition) {
    return pthread_cond_init((pthread_cond_t *)condition, NULL) == 0 ? thrd_success : thrd_error;
}

void cnd_destroy(cnd_t *condition) { pthread_cond_destroy((pthread_cond_t *)condition); }
int cnd_signal(cnd_t *condition) { return pthread_cond_signal((pthread_cond_t *)condition), thrd_success; }
int cnd_broadcast(cnd_t *condition) { return pthread_cond_broadcast((pthread_cond_t *)condition), thrd_success; }

int cnd_wait(cnd_t *condition, mtx_t *lock) {
    return pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)lock) == 0 ? thrd_success : thrd_error;
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict lock, const struct timespec *restrict time) {
    int status = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)lock, time);
    return status == 0 ? thrd_success : thrd_timedout;
}
#endif
