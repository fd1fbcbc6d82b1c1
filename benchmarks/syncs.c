/* Counts how often a process waits for its disk. Preloaded; the count is the first eight bytes of
 * the file that BENCHMARK_SYNCS names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic uint64_t *count;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BENCHMARK_SYNCS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *memory = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED)
        count = memory;
    close(file);
}

#define COUNTED(name)                                              \
    int name(int file) {                                           \
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, #name);  \
        if (count)                                                 \
            ++*count;                                              \
        return real(file);                                         \
    }

COUNTED(fsync)
COUNTED(fdatasync)
