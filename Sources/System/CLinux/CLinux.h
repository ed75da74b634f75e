// Parts of the kernel's interface that Glibc's Swift module does not have, only for the module Linux.
// Each function is the system call of its name and, like it, returns -1 and sets errno on failure.
#ifndef GATEKEEL_CLINUX_H
#define GATEKEEL_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

// openat2(2) has no glibc wrapper.
static inline int gk_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

// mallopt(3): Glibc's Swift module does not include malloc.h.
static inline int gk_mallopt_mmap_threshold(int bytes) { return mallopt(M_MMAP_THRESHOLD, bytes); }

static inline int gk_syncfs(int fd) { return (int)syscall(SYS_syncfs, fd); }

static inline int gk_pidfd_open(int pid, unsigned int flags) { return (int)syscall(SYS_pidfd_open, pid, flags); }

static inline long gk_getrandom(void *buffer, size_t length) { return syscall(SYS_getrandom, buffer, length, 0); }

// pipe2(2): glibc declares it only with _GNU_SOURCE.
static inline int gk_pipe_cloexec(int ends[2]) { return (int)syscall(SYS_pipe2, ends, O_CLOEXEC); }

static inline int gk_eventfd(void) { return (int)syscall(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK); }

// The type of the file system of a file: f_type of statfs(2), whose C type differs between architectures.
static inline int64_t gk_file_system_type(int fd) {
    struct statfs status;
    return fstatfs(fd, &status) == 0 ? (int64_t)status.f_type : -1;
}
static const int64_t gk_FUSE_SUPER_MAGIC = 0x65735546;

// ioctl(2) is variadic.
static inline int gk_ioctl_pointer(int fd, unsigned long request, void *argument) { return ioctl(fd, request, argument); }

static const uint64_t gk_RESOLVE_BENEATH = RESOLVE_BENEATH;
static const uint64_t gk_RESOLVE_NO_XDEV = RESOLVE_NO_XDEV;
static const uint64_t gk_RESOLVE_NO_SYMLINKS = RESOLVE_NO_SYMLINKS;
static const uint64_t gk_RESOLVE_NO_MAGICLINKS = RESOLVE_NO_MAGICLINKS;

#endif
