/* Counts how often and how long a process waits for its disk. Preloaded; the count and the
 * nanoseconds are the first sixteen bytes of the file that BENCHMARK_SYNCS names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct {
    _Atomic uint64_t count, nanoseconds;
} *syncs;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BENCHMARK_SYNCS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *memory = mmap(NULL, sizeof *syncs, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED)
        syncs = memory;
    close(file);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

#define COUNTED(name)                                             \
    int name(int file) {                                          \
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, #name); \
        uint64_t begun = now();                                   \
        int result = real(file);                                  \
        if (syncs) {                                              \
            syncs->count++;                                       \
            syncs->nanoseconds += now() - begun;                  \
        }                                                         \
        return result;                                            \
    }

COUNTED(fsync)
COUNTED(fdatasync)
