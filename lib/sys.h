/* SPDX-License-Identifier: MIT */
/*
 * What the library asks of the system, on one page, so that tests can stand in
 * for it (link with --wrap=sys_…). Results are 0 or more, or -errno.
 */
#ifndef MIGSIM_SYS_H
#define MIGSIM_SYS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Zeroed memory of its own mapping, for what is touched while folios are in
 * flight: a call that names it is refused (own.h). NULL without.
 */
void *sys_map(size_t bytes);
void sys_unmap(void *p, size_t bytes);

/* Reserves address space without memory; aligned to 2M. NULL without. */
void *sys_reserve(size_t bytes);

/* madvise(2) */
int sys_advise(void *addr, size_t bytes, int advice);

/* Binds a mapping to a node; -1: leaves it alone. */
int sys_bind(void *addr, size_t bytes, int node);

/* mlock2(2): pages are locked as they come. */
int sys_lock_on_fault(void *addr, size_t bytes);

/* Memory that could be allocated on a node (-1: anywhere) without swapping. */
uint64_t sys_free_bytes(int node);

/*
 * A thread that takes none of the application's signals, and whose stack no
 * call migrates.
 */
struct sys_thread {
	pthread_t id;
	void *stack;
};

int sys_thread_start(struct sys_thread *thread, void *(*fn)(void *), void *arg);
void sys_thread_join(struct sys_thread *thread);

/* userfaultfd(2) or /dev/userfaultfd, with UFFDIO_MOVE: fd or -errno */
int sys_uffd_open(void);
int sys_uffd_register(int fd, uint64_t addr, uint64_t bytes);
int sys_uffd_unregister(int fd, uint64_t addr, uint64_t bytes);
/* *@moved: bytes that did move, also on error */
int sys_uffd_move(int fd, uint64_t dst, uint64_t src, uint64_t bytes,
		  uint64_t *moved);
int sys_uffd_copy(int fd, uint64_t dst, uint64_t src, uint64_t bytes);
int sys_uffd_zeropage(int fd, uint64_t addr, uint64_t bytes);
int sys_uffd_wake(int fd, uint64_t addr, uint64_t bytes);

/* move_pages(2) on this process */
int sys_move_pages(size_t n, void **pages, const int *nodes, int *status);

/* Bytes of the range that huge pages map; -errno without PAGEMAP_SCAN. */
int64_t sys_huge_bytes(int pagemap_fd, uint64_t addr, uint64_t bytes);

/* The clock of real spaces: ticks, and how many make a second. */
uint64_t sys_ticks(void);
uint64_t sys_ticks_per_s(void);
/* One moment by that clock, and in ns of CLOCK_MONOTONIC_RAW. */
struct sys_moment {
	uint64_t ticks;
	uint64_t raw_ns;
};

void sys_moment(struct sys_moment *m);
/* What sys_ticks() reads, which must not be migrated either. */
void *sys_clock_state(size_t *bytes);

/*
 * May this thread, and those that it starts, run on one CPU only? Then to poll
 * for what another thread is to do keeps that one from doing it.
 */
bool sys_one_cpu(void);

/* CPU time of this thread, ns */
uint64_t sys_thread_cpu_ns(void);

#endif
