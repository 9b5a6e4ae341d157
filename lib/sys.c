/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <numa.h>
#include <numaif.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <migsim/types.h>

#include "own.h"
#include "sys.h"

#define MIGSIM_MAX_NODE_WORDS 16
#define HUGE_BYTES ((uint64_t)2 << 20)

/*
 * UFFDIO_MOVE (Linux 6.8) and PAGEMAP_SCAN (6.7), which the headers of
 * Debian 12 lack: interfaces of include/uapi/linux/userfaultfd.h and fs.h.
 */
#ifndef UFFDIO_MOVE
struct uffdio_move {
	__u64 dst;
	__u64 src;
	__u64 len;
	__u64 mode;
	__s64 move;
};
#define UFFDIO_MOVE _IOWR(UFFDIO, 0x05, struct uffdio_move)
#define UFFD_FEATURE_MOVE (1 << 16)
#endif

#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

struct sys_page_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

struct sys_pm_scan_arg {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t vec;
	uint64_t vec_len;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

#define SYS_PAGEMAP_SCAN _IOWR('f', 16, struct sys_pm_scan_arg)
#define SYS_PAGE_IS_HUGE (1 << 6)

static void *map(size_t bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void *remember(void *p, size_t bytes)
{
	if (p && own_add(p, bytes))
		return p;
	if (p)
		munmap(p, bytes);
	return NULL;
}

void *sys_map(size_t bytes)
{
	return remember(map(bytes, PROT_READ | PROT_WRITE), bytes);
}

void sys_unmap(void *p, size_t bytes)
{
	if (!p || !bytes)
		return;
	own_remove(p);
	munmap(p, bytes);
}

void *sys_reserve(size_t bytes)
{
	/* Where mlockall(2) holds for new mappings, they come with pages. */
	char *p = map(bytes + HUGE_BYTES, PROT_NONE), *aligned;
	size_t before;

	if (!p)
		return NULL;
	if (munlock(p, bytes + HUGE_BYTES) ||
	    mprotect(p, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE)) {
		munmap(p, bytes + HUGE_BYTES);
		return NULL;
	}
	before = (size_t)(-(uintptr_t)p & (HUGE_BYTES - 1));
	aligned = p + before;
	if (before)
		munmap(p, before);
	munmap(aligned + bytes, HUGE_BYTES - before);
	return remember(aligned, bytes);
}

int sys_advise(void *addr, size_t bytes, int advice)
{
	return madvise(addr, bytes, advice) ? -errno : 0;
}

int sys_bind(void *addr, size_t bytes, int node)
{
	unsigned long mask[MIGSIM_MAX_NODE_WORDS] = { 0 };
	const unsigned int bits = 8 * sizeof(mask[0]);

	if (node < 0 || numa_available() < 0)
		return 0;
	if ((unsigned int)node >= bits * MIGSIM_MAX_NODE_WORDS)
		return -EINVAL;
	mask[(unsigned int)node / bits] |= 1ul << ((unsigned int)node % bits);
	return mbind(addr, bytes, MPOL_BIND, mask, sizeof(mask) * 8, 0) ?
	       -errno : 0;
}

int sys_lock_on_fault(void *addr, size_t bytes)
{
	return mlock2(addr, bytes, MLOCK_ONFAULT) ? -errno : 0;
}

/* The number behind "key:" in a file as /proc/meminfo, in bytes; 0 without. */
static uint64_t meminfo(const char *path, const char *key)
{
	char text[8192], *at;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, 10) << 10 : 0;
}

/* On a node the page cache counts as free, as it does in MemAvailable. */
uint64_t sys_free_bytes(int node)
{
	char path[64];

	if (node < 0)
		return meminfo("/proc/meminfo", "MemAvailable:");
	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/meminfo", node);
	if (access(path, R_OK))
		return meminfo("/proc/meminfo", "MemAvailable:");
	return meminfo(path, "MemFree:") + meminfo(path, "Inactive(file):");
}

/*
 * The application's thread-local variables lie on it, too, so that it is as
 * large as the C library's; it is touched as far as it is used. The lowest
 * page is the guard.
 */
#define STACK_BYTES ((size_t)8 << 20)
#define GUARD_BYTES MIGSIM_PAGE_SIZE

static int create(struct sys_thread *thread, void *(*fn)(void *), void *arg)
{
	char *lowest = (char *)thread->stack + GUARD_BYTES;
	pthread_attr_t attr;
	sigset_t all, old;
	int err;

	err = pthread_attr_init(&attr);
	if (err)
		return err;
	err = pthread_attr_setstack(&attr, lowest, STACK_BYTES - GUARD_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (!err)
		err = pthread_create(&thread->id, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

int sys_thread_start(struct sys_thread *thread, void *(*fn)(void *), void *arg)
{
	int err;

	thread->stack = sys_map(STACK_BYTES);
	if (!thread->stack)
		return -ENOMEM;
	err = mprotect(thread->stack, GUARD_BYTES, PROT_NONE) ? errno : 0;
	if (!err)
		err = create(thread, fn, arg);
	if (err)
		sys_unmap(thread->stack, STACK_BYTES);
	return -err;
}

void sys_thread_join(struct sys_thread *thread)
{
	pthread_join(thread->id, NULL);
	sys_unmap(thread->stack, STACK_BYTES);
}

bool sys_one_cpu(void)
{
	cpu_set_t set;

	return !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) == 1;
}

static int uffd_new(void)
{
	int fd, dev, err;

	fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 || errno != EPERM)
		return fd >= 0 ? fd : -errno;
	dev = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return -EPERM;
	fd = ioctl(dev, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
	err = errno;
	close(dev);
	return fd >= 0 ? fd : -err;
}

int sys_uffd_open(void)
{
	struct uffdio_api api = { .api = UFFD_API,
				  .features = UFFD_FEATURE_MOVE };
	int fd = uffd_new();

	if (fd < 0)
		return fd;
	/* An unknown feature is refused with EINVAL. */
	if (ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		return -EOPNOTSUPP;
	}
	return fd;
}

int sys_uffd_register(int fd, uint64_t addr, uint64_t bytes)
{
	struct uffdio_register r = {
		.range = { addr, bytes },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	return ioctl(fd, UFFDIO_REGISTER, &r) ? -errno : 0;
}

int sys_uffd_unregister(int fd, uint64_t addr, uint64_t bytes)
{
	struct uffdio_range r = { addr, bytes };

	return ioctl(fd, UFFDIO_UNREGISTER, &r) ? -errno : 0;
}

int sys_uffd_move(int fd, uint64_t dst, uint64_t src, uint64_t bytes,
		  uint64_t *moved)
{
	struct uffdio_move mv = { .dst = dst, .src = src, .len = bytes };
	int err = 0;

	if (ioctl(fd, UFFDIO_MOVE, &mv))
		err = -errno;
	*moved = mv.move > 0 ? (uint64_t)mv.move : 0;
	/* The ioctl says EAGAIN whatever stopped it; the field says why. */
	if (mv.move < 0)
		err = (int)mv.move;
	return err;
}

int sys_uffd_copy(int fd, uint64_t dst, uint64_t src, uint64_t bytes)
{
	struct uffdio_copy c = { .dst = dst, .src = src, .len = bytes };

	return ioctl(fd, UFFDIO_COPY, &c) ? -errno : 0;
}

int sys_uffd_zeropage(int fd, uint64_t addr, uint64_t bytes)
{
	struct uffdio_zeropage z = { .range = { addr, bytes } };

	return ioctl(fd, UFFDIO_ZEROPAGE, &z) ? -errno : 0;
}

int sys_uffd_wake(int fd, uint64_t addr, uint64_t bytes)
{
	struct uffdio_range r = { addr, bytes };

	return ioctl(fd, UFFDIO_WAKE, &r) ? -errno : 0;
}

int sys_move_pages(size_t n, void **pages, const int *nodes, int *status)
{
	long rc = syscall(SYS_move_pages, 0, n, pages, nodes, status,
			  MPOL_MF_MOVE);

	return rc < 0 ? -errno : (int)rc;
}

int64_t sys_huge_bytes(int pagemap_fd, uint64_t addr, uint64_t bytes)
{
	struct sys_page_region regions[64];
	int64_t huge = 0;
	struct sys_pm_scan_arg arg = {
		.size = sizeof(arg),
		.start = addr,
		.end = addr + bytes,
		.vec = (uint64_t)(uintptr_t)regions,
		.vec_len = 64,
		.category_mask = SYS_PAGE_IS_HUGE,
		.return_mask = SYS_PAGE_IS_HUGE,
	};
	long i, n;

	do {
		n = ioctl(pagemap_fd, SYS_PAGEMAP_SCAN, &arg);
		if (n < 0)
			return -errno;
		for (i = 0; i < n; i++)
			huge += (int64_t)(regions[i].end - regions[i].start);
		arg.start = arg.walk_end;
	} while (arg.start < arg.end);
	return huge;
}

static uint64_t raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t sys_thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>

static pthread_once_t tsc_once = PTHREAD_ONCE_INIT;
static uint64_t tsc_hz;		/* 0: the TSC is not to be used */

/* A kernel that has found the TSC wanting keeps its time by these. */
static bool kernel_trusts_tsc(void)
{
	char name[32] = "";
	int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		      O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, name, sizeof(name) - 1);

	if (fd >= 0)
		close(fd);
	return n <= 0 || (strncmp(name, "hpet", 4) &&
			  strncmp(name, "acpi_pm", 7) &&
			  !strstr(name, "jiffies"));
}

/* Invariant TSC: CPUID 0x80000007, EDX bit 8. */
static void tsc_calibrate(void)
{
	unsigned int a, b, c, d;
	uint64_t t0, n0, t1, n1;

	if (!__get_cpuid(0x80000007, &a, &b, &c, &d) || !(d & 1u << 8) ||
	    !kernel_trusts_tsc())
		return;
	n0 = raw_ns();
	t0 = __rdtsc();
	do {
		n1 = raw_ns();
		t1 = __rdtsc();
	} while (n1 - n0 < 20000000);
	tsc_hz = (uint64_t)((unsigned __int128)(t1 - t0) * 1000000000 /
			    (n1 - n0));
}

uint64_t sys_ticks_per_s(void)
{
	pthread_once(&tsc_once, tsc_calibrate);
	return tsc_hz ? tsc_hz : 1000000000;
}

void *sys_clock_state(size_t *bytes)
{
	*bytes = sizeof(tsc_hz);
	return &tsc_hz;
}

uint64_t sys_ticks(void)
{
	return tsc_hz ? __rdtsc() : raw_ns();
}
#else
void *sys_clock_state(size_t *bytes)
{
	*bytes = 0;
	return NULL;
}

uint64_t sys_ticks_per_s(void)
{
	return 1000000000;
}

uint64_t sys_ticks(void)
{
	return raw_ns();
}
#endif

/* Where the two are read one after the other, the closest of three counts. */
void sys_moment(struct sys_moment *m)
{
	uint64_t before, ns, after, least = UINT64_MAX;
	int i;

	for (i = 0; i < 3; i++) {
		before = sys_ticks();
		ns = raw_ns();
		after = sys_ticks();
		if (after - before >= least)
			continue;
		least = after - before;
		*m = (struct sys_moment){ before + least / 2, ns };
	}
}
