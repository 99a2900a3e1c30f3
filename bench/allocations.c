// Counts the allocations of a program. Preloaded (LD_PRELOAD) into a benchmark and into its twin, so that both are counted in the same way,
// without a cost in other runs. GNU C library only.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

/// Blocks allocated so far by all threads.
uint64_t bench_allocation_count;

static void note(void) { __atomic_fetch_add(&bench_allocation_count, 1, __ATOMIC_RELAXED); }

// Child processes are not counted.
__attribute__((constructor)) static void begin(void) { unsetenv("LD_PRELOAD"); }

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t members, size_t size) {
    note();
    return __libc_calloc(members, size);
}

void *realloc(void *block, size_t size) {
    note();
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    note();
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : 12;
}
