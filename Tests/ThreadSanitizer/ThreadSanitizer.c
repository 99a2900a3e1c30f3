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
#endif
