/* A wall clock that jumps, as one process sees it.
 *
 * Preloaded into a program, it answers those calls that tell the time of day. The monotonic clock,
 * the dates of files, and all that waits for a time to pass are the real ones. clocks.py drives it.
 *
 * FALSE_CLOCK_OFFSET  a file of eight bytes: nanoseconds, signed, in the machine's own order, that
 *                     are added to the true time. It stays mapped: a change counts at once.
 *
 * One load of eight aligned bytes, which is never torn, and no lock: it may be called from anywhere,
 * also from a signal handler and between fork and exec.
 *
 * Not seen: programs that ask the kernel themselves, and programs linked statically.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(time_t) == 8 && sizeof(long) == 8, "a 64-bit Linux is needed");

#define SECOND_NS 1000000000L

static const int64_t *offset;
/* The C library's own, which need no system call. Looked up once, before the program runs: the
 * loader's lock is not for a signal handler. */
static int (*true_gettime)(clockid_t, struct timespec *);
static int (*true_timespec)(struct timespec *, int);
static int (*true_wait)(sem_t *, const struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("FALSE_CLOCK_OFFSET");
    true_timespec = (int (*)(struct timespec *, int))dlsym(RTLD_NEXT, "timespec_get");
    true_wait = (int (*)(sem_t *, const struct timespec *))dlsym(RTLD_NEXT, "sem_timedwait");
    true_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (!file)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
    struct stat info;
    /* A mapping beyond the end of its file would be a crash later. */
    bool whole = fd >= 0 && fstat(fd, &info) == 0 && info.st_size >= (off_t)sizeof *offset;
    void *map = whole ? mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (map == MAP_FAILED) {
        /* To go on would be a test that tests nothing. */
        static const char sentence[] = "false clock: its offset cannot be read\n";
        syscall(SYS_write, 2, sentence, sizeof sentence - 1);
        _exit(127);
    }
    syscall(SYS_close, fd);
    offset = map;
}

static int64_t wrong_by(void)
{
    return offset ? __atomic_load_n(offset, __ATOMIC_RELAXED) : 0;
}

static void add(struct timespec *moment, int64_t ns)
{
    moment->tv_sec += ns / SECOND_NS;
    moment->tv_nsec += ns % SECOND_NS;
    if (moment->tv_nsec >= SECOND_NS) {
        moment->tv_sec += 1;
        moment->tv_nsec -= SECOND_NS;
    } else if (moment->tv_nsec < 0) {
        moment->tv_sec -= 1;
        moment->tv_nsec += SECOND_NS;
    }
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    /* Other libraries may ask before our constructor has run. */
    int result = true_gettime ? true_gettime(clock, now)
                              : (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        add(now, wrong_by());
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact;
    if (zone)
        *(struct timezone *)zone = (struct timezone){0};
    if (clock_gettime(CLOCK_REALTIME, &exact) == 0)
        *now = (struct timeval){.tv_sec = exact.tv_sec, .tv_usec = exact.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *result)
{
    /* By ticks, as the C library's own. */
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *now, int base)
{
    if (base != TIME_UTC)
        return true_timespec ? true_timespec(now, base) : 0;
    return clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

/* Python waits for its locks until a wall clock's time where it was built for a C library older
 * than 2.30 (sem_clockwait). The kernel knows only the true one. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
    if (!true_wait) {
        errno = ENOSYS;
        return -1;
    }
    struct timespec truly = *until;
    /* What is no time is the C library's to refuse. */
    if (truly.tv_nsec >= 0 && truly.tv_nsec < SECOND_NS)
        add(&truly, -wrong_by());
    return true_wait(semaphore, &truly);
}
