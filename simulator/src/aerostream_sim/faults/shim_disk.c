/* A disk that loses power and fills up, as one process sees it.
 *
 * Preloaded into a program, it watches the calls by which files under one folder change. It
 * needs no privileges and touches nothing outside of that folder. disk.py builds and drives it.
 *
 * FAULTY_DISK_DATA   the folder, as an absolute path without symbolic links
 * FAULTY_DISK_STATE  where its memory is kept, shared by all processes on this disk:
 *   lock      held (flock) while anything below changes; the kernel frees it when one is killed
 *   disk/     what the platter holds: every file as it was at its last successful sync
 *   pending   renames and removals that no sync of their folder has made lasting yet
 *   room      struct room: whether the disk is full, and how many bytes are left
 *
 * Power. A file's bytes last from the return of fsync or fdatasync on it. A new file's name
 * lasts from then as well, as on ext4, XFS and Btrfs. A rename or removal lasts once the folder
 * is synced, as POSIX has it (those file systems keep it with the file's next sync): the harder
 * rule. They happen in order, as in a journal: what makes one last makes those before it last.
 * sync_file_range, O_SYNC and sync give nothing here. Changes through a mapping are seen at the
 * next sync only.
 *
 * Room. While the disk is full, a file may not grow over the blocks that it has by more than
 * what is left. A write that fits in part is cut short, as on a real disk. Writing over what is
 * there works. Removing and shortening files gives room back.
 *
 * Not seen: stdio (it never leaves the C library; its fsync does), io_uring, hard links, the
 * renaming of folders, and programs linked statically.
 *
 * System calls are made directly: there is then nothing to look up before the first call, and the
 * false clock (shim_clock.c), which is in the same library, cannot answer in between.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8 && sizeof(long) == 8, "a 64-bit Linux is needed");

#define BLOCK 4096
/* Clocks of file systems tick every 1 to 10 ms: within a tick two writes look like one. */
#define TICK_NS 50000000LL
/* A real journal is committed by itself, too. */
#define MOST_PENDING 16384

struct room {
    int64_t full;
    int64_t left;
};

static char data[PATH_MAX];
static size_t data_length;
static int state = -1;
static struct room *room;

/* Keeping the caller's errno: what we do besides is none of its business. */
#define QUIETLY(...)                                                                              \
    do {                                                                                          \
        int saved_ = errno;                                                                       \
        __VA_ARGS__;                                                                              \
        errno = saved_;                                                                           \
    } while (0)

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("FAULTY_DISK_DATA");
    const char *memory = getenv("FAULTY_DISK_STATE");
    if (!folder || !memory || strlen(folder) >= sizeof data)
        return;
    int opened = (int)syscall(SYS_openat, AT_FDCWD, memory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = opened < 0 ? -1 : (int)syscall(SYS_openat, opened, "room", O_RDWR | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED
                       : mmap(NULL, sizeof *room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        /* To go on would be a test that tests nothing. */
        static const char sentence[] = "faulty disk: its state cannot be opened\n";
        syscall(SYS_write, 2, sentence, sizeof sentence - 1);
        _exit(127);
    }
    syscall(SYS_close, fd);
    /* Far from the numbers that programs close or pass on. */
    int high = (int)syscall(SYS_fcntl, opened, F_DUPFD_CLOEXEC, 900);
    if (high >= 0)
        syscall(SYS_close, opened);
    strcpy(data, folder);
    data_length = strlen(data);
    state = high >= 0 ? high : opened;
    room = map;
}

/* ---- Where things are ---------------------------------------------------------------------- */

/* The path below the data folder, or NULL where it is outside; the folder itself is "". */
static const char *below(const char *path)
{
    if (strncmp(path, data, data_length) != 0)
        return NULL;
    if (path[data_length] == '\0')
        return path + data_length;
    return path[data_length] == '/' ? path + data_length + 1 : NULL;
}

static bool path_of(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    return true;
}

/* A name as the kernel would see it: its folder resolved, its last part as it is. */
static const char *named(int folder, const char *name, char *path)
{
    if (!room || !name)
        return NULL;
    char parent[PATH_MAX];
    const char *slash = strrchr(name, '/');
    const char *last = slash ? slash + 1 : name;
    size_t length = slash ? (size_t)(slash - name) : 0;
    if (length >= sizeof parent || strlen(last) > NAME_MAX)
        return NULL;
    memcpy(parent, name, length);
    parent[length] = '\0';
    const char *where = !slash ? "." : length ? parent : "/";
    int fd = (int)syscall(SYS_openat, folder, where, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    bool found = path_of(fd, path);
    syscall(SYS_close, fd);
    size_t used = found ? strlen(path) : PATH_MAX;
    if (used + strlen(last) + 2 > PATH_MAX)
        return NULL;
    path[used] = '/';
    strcpy(path + used + 1, last);
    const char *relative = below(path);
    return relative && *relative ? relative : NULL;
}

static bool file_at(const char *relative, struct statx *info)
{
    char path[PATH_MAX * 2];
    snprintf(path, sizeof path, "%s/%s", data, relative);
    return syscall(SYS_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, info) == 0;
}

static bool file_of(int fd, struct statx *info)
{
    return syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, info) == 0;
}

/* An open regular file of this disk that still has a name. */
static bool ours(int fd, struct statx *info)
{
    char path[PATH_MAX];
    return file_of(fd, info) && S_ISREG(info->stx_mode) && info->stx_nlink > 0 &&
           path_of(fd, path) && below(path) != NULL;
}

static int locked(void)
{
    /* One description per holder: threads exclude each other as processes do. */
    int fd = (int)syscall(SYS_openat, state, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        while (syscall(SYS_flock, fd, LOCK_EX) != 0 && errno == EINTR)
            ;
    return fd;
}

static void unlocked(int fd)
{
    if (fd < 0)
        return;
    /* A child that forked meanwhile shares the description: closing alone would not free it. */
    syscall(SYS_flock, fd, LOCK_UN);
    syscall(SYS_close, fd);
}

/* ---- What is not lasting yet --------------------------------------------------------------- */

/* A record: its kind, then its paths, each ended by a zero byte.
 *   r, u  a rename or removal about to happen (left by one that was killed: look whether it did)
 *   R, U  one that happened
 *   M, X  a rename being made lasting: the bytes move, or the target goes with no bytes synced
 *   -, =  a removal, a rename that is done, or never happened
 */
struct pending {
    int fd;
    char *bytes;
    size_t size;
};

static const char *first(const char *record)
{
    return record + 1;
}

static const char *second(const char *record)
{
    return first(record) + strlen(first(record)) + 1;
}

static bool is_rename(const char *record)
{
    return strchr("rRMX=", *record) != NULL;
}

static bool is_done(const char *record)
{
    return *record == '-' || *record == '=';
}

static size_t length_of(const char *record)
{
    const char *last = is_rename(record) ? second(record) : first(record);
    return (size_t)(last + strlen(last) + 1 - record);
}

static void mark(struct pending *all, char *record, char kind)
{
    *record = kind;
    syscall(SYS_pwrite64, all->fd, &kind, (size_t)1, (off_t)(record - all->bytes));
}

static void shadow_of(const char *relative, char *path)
{
    snprintf(path, PATH_MAX * 2, "disk/%s", relative);
}

static void make_parents(char *path)
{
    for (char *slash = strchr(path + sizeof "disk", '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        syscall(SYS_mkdirat, state, path, 0700);
        *slash = '/';
    }
}

/* Make one record lasting. Each step may be cut off by a kill and is then done again. */
static void apply(struct pending *all, char *record)
{
    char from[PATH_MAX * 2];
    char to[PATH_MAX * 2];
    shadow_of(first(record), from);
    if (*record == 'U') {
        syscall(SYS_unlinkat, state, from, 0);
        mark(all, record, '-');
        return;
    }
    if (*record == 'R')
        mark(all, record, syscall(SYS_faccessat, state, from, F_OK) == 0 ? 'M' : 'X');
    shadow_of(second(record), to);
    make_parents(to);
    if (*record == 'M')
        syscall(SYS_renameat2, state, from, state, to, 0);
    else
        syscall(SYS_unlinkat, state, to, 0);
    mark(all, record, '=');
}

/* Under the lock: all records, with those set right that a killed process left half done. */
static bool load(struct pending *all)
{
    struct statx info;
    *all = (struct pending){.fd = (int)syscall(SYS_openat, state, "pending",
                                               O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (all->fd < 0 || !file_of(all->fd, &info) || !(all->bytes = calloc(1, info.stx_size + 3))) {
        if (all->fd >= 0)
            syscall(SYS_close, all->fd);
        return false;
    }
    ssize_t got = syscall(SYS_pread64, all->fd, all->bytes, (size_t)info.stx_size, (off_t)0);
    all->size = got > 0 ? (size_t)got : 0;
    for (char *at = all->bytes; at < all->bytes + all->size; at += length_of(at)) {
        if (*at == 'r')
            mark(all, at, !file_at(first(at), &info) && file_at(second(at), &info) ? 'R' : '=');
        if (*at == 'u')
            mark(all, at, !file_at(first(at), &info) ? 'U' : '-');
        if (*at == 'M' || *at == 'X')
            apply(all, at);
    }
    return true;
}

static void unload(struct pending *all)
{
    free(all->bytes);
    syscall(SYS_close, all->fd);
}

/* Make everything up to one record lasting. */
static void settle(struct pending *all, const char *last)
{
    for (char *at = all->bytes; at <= last; at += length_of(at))
        if (!is_done(at))
            apply(all, at);
    for (char *at = all->bytes; at < all->bytes + all->size; at += length_of(at))
        if (!is_done(at))
            return;
    syscall(SYS_ftruncate, all->fd, (off_t)0);
    all->size = 0;
}

static bool is_in(const char *relative, const char *folder)
{
    const char *slash = strrchr(relative, '/');
    size_t length = slash ? (size_t)(slash - relative) : 0;
    return strlen(folder) == length && strncmp(relative, folder, length) == 0;
}

static void settle_folder(const char *folder)
{
    struct pending all;
    if (!load(&all))
        return;
    const char *last = NULL;
    for (char *at = all.bytes; at < all.bytes + all.size; at += length_of(at))
        if (!is_done(at) &&
            (is_in(first(at), folder) || (is_rename(at) && is_in(second(at), folder))))
            last = at;
    if (last)
        settle(&all, last);
    unload(&all);
}

/* The name by which the disk knows the file that the program calls `name`. */
static void lasting_name(const char *name, char *result)
{
    struct pending all;
    strcpy(result, name);
    if (!load(&all))
        return;
    /* Backwards in time; records have no links to the one before. */
    const char *end = all.bytes + all.size;
    while (end > all.bytes) {
        char *at = all.bytes;
        while (at + length_of(at) < end)
            at += length_of(at);
        if (*at == 'R' && strcmp(second(at), result) == 0) {
            strcpy(result, first(at));
        } else if (!is_done(at) && strcmp(first(at), result) == 0) {
            /* The name was another file's: ours is newer, and its sync commits that before it. */
            settle(&all, at);
            break;
        }
        end = at;
    }
    unload(&all);
}

/* A record of what is about to happen; its place, or -1. */
static off_t announce(char kind, const char *from, const char *to)
{
    char record[PATH_MAX * 2 + 3];
    struct pending all;
    struct statx info;
    char shadow[PATH_MAX * 2];
    if (!load(&all))
        return -1;
    off_t place = -1;
    shadow_of(from, shadow);
    bool known = syscall(SYS_faccessat, state, shadow, F_OK) == 0;
    if (all.size > MOST_PENDING) {
        const char *last = all.bytes;
        while (last + length_of(last) < all.bytes + all.size)
            last += length_of(last);
        settle(&all, last);
    }
    /* The removal of a file that the disk has never heard of is no news. */
    if ((kind == 'r' || known || all.size) && file_of(all.fd, &info)) {
        size_t size = 1;
        *record = kind;
        strcpy(record + size, from);
        size += strlen(from) + 1;
        strcpy(record + size, to);
        size += kind == 'r' ? strlen(to) + 1 : 0;
        if (syscall(SYS_pwrite64, all.fd, record, size, (off_t)info.stx_size) == (ssize_t)size)
            place = (off_t)info.stx_size;
    }
    unload(&all);
    return place;
}

static void conclude(off_t place, char kind)
{
    if (place < 0)
        return;
    int fd = (int)syscall(SYS_openat, state, "pending", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    /* What did not happen was the last one: nobody else has added since. */
    if (kind == '-')
        syscall(SYS_ftruncate, fd, place);
    else
        syscall(SYS_pwrite64, fd, &kind, (size_t)1, place);
    syscall(SYS_close, fd);
}

/* ---- Sync ---------------------------------------------------------------------------------- */

static bool copy(int from, int to, off_t size)
{
    char buffer[65536];
    off_t in = 0;
    off_t out = 0;
    if (syscall(SYS_ioctl, to, FICLONE, from) == 0)
        return true;
    while (in < size) {
        ssize_t n = syscall(SYS_copy_file_range, from, &in, to, &out, (size_t)(size - in), 0);
        if (n == 0)
            return true; /* Shortened meanwhile. */
        if (n > 0)
            continue;
        n = syscall(SYS_pread64, from, buffer, sizeof buffer, in);
        if (n <= 0)
            return n == 0;
        for (ssize_t done = 0; done < n;) {
            ssize_t put = syscall(SYS_pwrite64, to, buffer + done, (size_t)(n - done), out);
            if (put <= 0)
                return false;
            done += put;
            out += put;
        }
        in += n;
    }
    return true;
}

static bool keep(int fd, const char *relative, const struct statx *info)
{
    char name[PATH_MAX];
    char shadow[PATH_MAX * 2];
    struct statx kept;
    struct timespec now;
    lasting_name(relative, name);
    shadow_of(name, shadow);
    /* The copy's mtime is the file's ctime, which no program can set. */
    if (syscall(SYS_statx, state, shadow, 0, STATX_BASIC_STATS, &kept) == 0 &&
        kept.stx_size == info->stx_size && kept.stx_mtime.tv_sec == info->stx_ctime.tv_sec &&
        kept.stx_mtime.tv_nsec == info->stx_ctime.tv_nsec)
        return true;
    /* Never open a file that the descriptor can read: closing it again would free the locks
     * (fcntl) that the process holds on the file, and SQLite lives by these. */
    int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
    int from = fd;
    if ((flags & O_ACCMODE) == O_WRONLY) {
        char self[64];
        snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
        from = (int)syscall(SYS_openat, AT_FDCWD, self, O_RDONLY | O_CLOEXEC);
    }
    int to = (int)syscall(SYS_openat, state, "copy", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = from >= 0 && to >= 0;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    if (good)
        good = copy(from, to, (off_t)info->stx_size);
    if (good) {
        struct timespec stamp[2] = {{0, UTIME_OMIT},
                                    {info->stx_ctime.tv_sec, info->stx_ctime.tv_nsec}};
        int64_t age_ns = (now.tv_sec - stamp[1].tv_sec) * 1000000000LL + now.tv_nsec -
                         stamp[1].tv_nsec;
        if (age_ns < TICK_NS)
            stamp[1] = (struct timespec){0, 0};
        make_parents(shadow);
        good = syscall(SYS_fchmod, to, info->stx_mode & 07777) == 0 &&
               syscall(SYS_utimensat, to, NULL, stamp, 0) == 0 &&
               syscall(SYS_renameat2, state, "copy", state, shadow, 0) == 0;
    }
    int reason = errno;
    if (to >= 0)
        syscall(SYS_close, to);
    if (from >= 0 && from != fd)
        syscall(SYS_close, from);
    errno = reason;
    return good;
}

/* A sync whose bytes could not be kept has failed: better than a promise that is not held. */
static int synced(int fd, long result)
{
    struct statx info;
    char path[PATH_MAX];
    if (result != 0 || !room)
        return (int)result;
    int reason = errno;
    bool good = true;
    if (path_of(fd, path) && below(path) && file_of(fd, &info)) {
        int lock = locked();
        /* Again, under the lock: it may have been renamed or removed meanwhile. */
        const char *relative = path_of(fd, path) ? below(path) : NULL;
        good = lock >= 0 && file_of(fd, &info);
        if (good && relative && S_ISDIR(info.stx_mode))
            settle_folder(relative);
        else if (good && relative && S_ISREG(info.stx_mode) && info.stx_nlink > 0)
            good = keep(fd, relative, &info);
        if (!good)
            reason = errno;
        unlocked(lock);
    }
    errno = reason;
    return good ? 0 : -1;
}

int fsync(int fd)
{
    return synced(fd, syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
    return synced(fd, syscall(SYS_fdatasync, fd));
}

/* ---- Room ---------------------------------------------------------------------------------- */

static bool is_full(void)
{
    return room && __atomic_load_n(&room->full, __ATOMIC_ACQUIRE) != 0;
}

static int64_t blocks(int64_t size)
{
    return (size + BLOCK - 1) / BLOCK * BLOCK;
}

/* Under the lock: a file's size changed. */
static void charge(int64_t before, int64_t after)
{
    int64_t left = room->left - (blocks(after) - blocks(before));
    room->left = left < 0 ? 0 : left;
}

static int64_t size_of(int fd)
{
    struct statx info;
    return file_of(fd, &info) ? (int64_t)info.stx_size : 0;
}

/* Up to where a file of this size may reach now. */
static int64_t reach(int64_t size)
{
    return blocks(size) + room->left / BLOCK * BLOCK;
}

/* Begin a change of a file while the disk is full; the lock, or -1 where it is none of ours. */
static int begin_change(int fd, int64_t *size)
{
    struct statx info;
    if (!is_full())
        return -1;
    int reason = errno;
    int lock = ours(fd, &info) ? locked() : -1;
    errno = reason;
    *size = lock >= 0 ? size_of(fd) : 0;
    return lock;
}

static void end_change(int lock, int fd, int64_t size)
{
    QUIETLY({
        charge(size, size_of(fd));
        unlocked(lock);
    });
}

static int64_t position(int fd, off_t offset, int64_t size)
{
    if (syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND)
        return size;
    return offset >= 0 ? (int64_t)offset : (int64_t)syscall(SYS_lseek, fd, (off_t)0, SEEK_CUR);
}

/* How many of these bytes find room; -1 and ENOSPC where none does. */
static ssize_t fitting(int fd, off_t offset, size_t count, int64_t size)
{
    int64_t most = reach(size) - position(fd, offset, size);
    if (count == 0 || (int64_t)count <= most)
        return (ssize_t)count;
    if (most > 0)
        return (ssize_t)most;
    errno = ENOSPC;
    return -1;
}

static ssize_t writing(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    int64_t size;
    int lock = begin_change(fd, &size);
    if (lock < 0)
        return syscall(SYS_pwritev2, fd, parts, (long)count, offset, 0L, flags);
    struct iovec fit[IOV_MAX];
    size_t total = 0;
    for (int i = 0; i < count && i < IOV_MAX; i++)
        total += parts[i].iov_len;
    ssize_t most = fitting(fd, offset, total, size);
    ssize_t result = -1;
    if (most >= 0) {
        int used = 0;
        for (size_t rest = (size_t)most; used < count && used < IOV_MAX; used++) {
            fit[used] = parts[used];
            if (fit[used].iov_len > rest)
                fit[used].iov_len = rest;
            rest -= fit[used].iov_len;
        }
        result = syscall(SYS_pwritev2, fd, fit, (long)used, offset, 0L, flags);
    }
    end_change(lock, fd, size);
    return result;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    struct iovec part = {(void *)bytes, count};
    return is_full() ? writing(fd, &part, 1, -1, 0) : syscall(SYS_write, fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    struct iovec part = {(void *)bytes, count};
    if (!is_full() || offset < 0)
        return syscall(SYS_pwrite64, fd, bytes, count, offset);
    return writing(fd, &part, 1, offset, 0);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return is_full() ? writing(fd, parts, count, -1, 0)
                     : syscall(SYS_writev, fd, parts, (long)count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    if (!is_full() || offset < 0)
        return syscall(SYS_pwritev, fd, parts, (long)count, offset, 0L);
    return writing(fd, parts, count, offset, 0);
}

ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    return writing(fd, parts, count, offset, flags);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t count)
{
    int64_t size;
    int lock = begin_change(to, &size);
    if (lock < 0)
        return syscall(SYS_sendfile, to, from, offset, count);
    ssize_t most = fitting(to, -1, count, size);
    ssize_t result = most < 0 ? -1 : syscall(SYS_sendfile, to, from, offset, (size_t)most);
    end_change(lock, to, size);
    return result;
}

ssize_t copy_file_range(int from, off_t *in, int to, off_t *out, size_t count, unsigned flags)
{
    int64_t size;
    int lock = begin_change(to, &size);
    if (lock < 0)
        return syscall(SYS_copy_file_range, from, in, to, out, count, flags);
    ssize_t most = fitting(to, out ? *out : -1, count, size);
    ssize_t result =
        most < 0 ? -1 : syscall(SYS_copy_file_range, from, in, to, out, (size_t)most, flags);
    end_change(lock, to, size);
    return result;
}

int ftruncate(int fd, off_t length)
{
    int64_t size;
    int lock = begin_change(fd, &size);
    if (lock < 0)
        return (int)syscall(SYS_ftruncate, fd, length);
    int result = -1;
    /* Real file systems would allow the hole. To refuse it spares us counting blocks. */
    if (length > reach(size))
        errno = ENOSPC;
    else
        result = (int)syscall(SYS_ftruncate, fd, length);
    end_change(lock, fd, size);
    return result;
}

int truncate(const char *name, off_t length)
{
    if (!is_full())
        return (int)syscall(SYS_truncate, name, length);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = ftruncate(fd, length);
    QUIETLY(syscall(SYS_close, fd));
    return result;
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    int64_t size;
    int lock = begin_change(fd, &size);
    if (lock < 0)
        return (int)syscall(SYS_fallocate, fd, (long)mode, offset, length);
    int result = -1;
    if (!(mode & FALLOC_FL_PUNCH_HOLE) && offset + length > reach(size))
        errno = ENOSPC;
    else
        result = (int)syscall(SYS_fallocate, fd, (long)mode, offset, length);
    end_change(lock, fd, size);
    return result;
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
    int64_t size;
    /* The C library's own: it writes zeros where the file system cannot allocate. */
    int (*real)(int, off_t, off_t) = (int (*)(int, off_t, off_t))dlsym(RTLD_NEXT, __func__);
    int lock = begin_change(fd, &size);
    if (lock < 0)
        return real(fd, offset, length);
    int result = offset + length > reach(size) ? ENOSPC : real(fd, offset, length);
    end_change(lock, fd, size);
    return result;
}

/* ---- Names --------------------------------------------------------------------------------- */

/* Bytes that go with a name; not those of a file that has another one. */
static int64_t weight(const char *relative)
{
    struct statx info;
    if (!relative || !file_at(relative, &info) || !S_ISREG(info.stx_mode) || info.stx_nlink > 1)
        return 0;
    return (int64_t)info.stx_size;
}

int unlinkat(int folder, const char *name, int flags)
{
    char path[PATH_MAX];
    const char *relative = NULL;
    int lock = -1;
    off_t place = -1;
    int64_t gone = 0;
    if (!(flags & AT_REMOVEDIR))
        QUIETLY(relative = named(folder, name, path));
    if (relative)
        QUIETLY({
            lock = locked();
            gone = weight(relative);
            place = lock < 0 ? -1 : announce('u', relative, "");
        });
    int result = (int)syscall(SYS_unlinkat, folder, name, flags);
    if (lock >= 0)
        QUIETLY({
            conclude(place, result == 0 ? 'U' : '-');
            if (result == 0 && is_full())
                charge(gone, 0);
            unlocked(lock);
        });
    return result;
}

int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

int remove(const char *name)
{
    int result = unlinkat(AT_FDCWD, name, 0);
    return result != 0 && errno == EISDIR ? unlinkat(AT_FDCWD, name, AT_REMOVEDIR) : result;
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    char from_path[PATH_MAX];
    char to_path[PATH_MAX];
    const char *source = NULL;
    const char *target = NULL;
    int lock = -1;
    off_t place = -1;
    int64_t gone = 0;
    if (!(flags & RENAME_EXCHANGE))
        QUIETLY({
            source = named(from_folder, from, from_path);
            target = named(to_folder, to, to_path);
        });
    /* To rename a file to itself changes nothing. */
    bool counts = (source || target) && !(source && target && strcmp(source, target) == 0);
    if (counts)
        QUIETLY({
            lock = locked();
            gone = weight(target);
            if (lock >= 0)
                place = source && target ? announce('r', source, target)
                                         : announce('u', source ? source : target, "");
        });
    int result = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (lock >= 0)
        QUIETLY({
            conclude(place, result != 0 ? '-' : source && target ? 'R' : 'U');
            if (result == 0 && is_full())
                charge(gone, 0);
            unlocked(lock);
        });
    return result;
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return renameat2(from_folder, from, to_folder, to, 0);
}

/* ---- Opening: only what it empties matters -------------------------------------------------- */

static int opening(int folder, const char *name, int flags, mode_t mode)
{
    if (!(flags & O_TRUNC) || !is_full())
        return (int)syscall(SYS_openat, folder, name, flags, mode);
    /* Emptied after it is open, so that exactly what was there is given back. */
    int fd = (int)syscall(SYS_openat, folder, name, flags & ~O_TRUNC, mode);
    if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY) {
        struct statx info;
        QUIETLY({
            if (file_of(fd, &info) && S_ISREG(info.stx_mode))
                ftruncate(fd, 0);
        });
    }
    return fd;
}

#define MODE(flags, mode)                                                                         \
    do {                                                                                          \
        if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {                          \
            va_list rest_;                                                                        \
            va_start(rest_, flags);                                                               \
            (mode) = va_arg(rest_, mode_t);                                                       \
            va_end(rest_);                                                                        \
        }                                                                                         \
    } while (0)

int open(const char *name, int flags, ...)
{
    mode_t mode = 0;
    MODE(flags, mode);
    return opening(AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...)
{
    mode_t mode = 0;
    MODE(flags, mode);
    return opening(folder, name, flags, mode);
}

int creat(const char *name, mode_t mode)
{
    return opening(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* What programs call that were built for large files, or with checks. */
#ifdef __GLIBC__
int __open_2(const char *, int);
int __openat_2(int, const char *, int);
#define ALSO(name, result, ...)                                                                   \
    extern result name##64(__VA_ARGS__) __attribute__((alias(#name)))
ALSO(open, int, const char *, int, ...);
ALSO(openat, int, int, const char *, int, ...);
ALSO(creat, int, const char *, mode_t);
ALSO(pwrite, ssize_t, int, const void *, size_t, off_t);
ALSO(pwritev, ssize_t, int, const struct iovec *, int, off_t);
ALSO(sendfile, ssize_t, int, int, off_t *, size_t);
ALSO(ftruncate, int, int, off_t);
ALSO(truncate, int, const char *, off_t);
ALSO(fallocate, int, int, int, off_t, off_t);
ALSO(posix_fallocate, int, int, off_t, off_t);
extern ssize_t pwritev64v2(int, const struct iovec *, int, off_t, int)
    __attribute__((alias("pwritev2")));
int __open_2(const char *name, int flags)
{
    return opening(AT_FDCWD, name, flags, 0);
}
int __openat_2(int folder, const char *name, int flags)
{
    return opening(folder, name, flags, 0);
}
extern int __open64_2(const char *, int) __attribute__((alias("__open_2")));
extern int __openat64_2(int, const char *, int) __attribute__((alias("__openat_2")));
#endif
