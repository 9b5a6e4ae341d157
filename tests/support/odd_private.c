/* SPDX-License-Identifier: MIT */
/* Private anonymous memory: what there is of it, and what it allows. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "odd.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
/* Linux 6.13 */
#define ODD_MADV_GUARD_INSTALL 102

#define PM_SWAP (UINT64_C(1) << 62)

void odd_fill(struct odd *o)
{
	o->p = memory_map(o->bytes, o->order);
	memory_fill(o->p, o->bytes, ODD_SEED);
	if (o->order == MIGSIM_MAX_ORDER)
		assert_int_equal(smaps_kb(o->p, "AnonHugePages:"),
				 o->bytes >> 10);
}

void odd_unmap(struct odd *o)
{
	memory_unmap(o->p, o->bytes);
}

static const char *make_plain(struct odd *o)
{
	odd_fill(o);
	return NULL;
}

static const char *make_mlocked(struct odd *o)
{
	odd_fill(o);
	assert_int_equal(mlock(o->p, o->bytes), 0);
	return NULL;
}

static const char *protect(struct odd *o, int prot)
{
	odd_fill(o);
	assert_int_equal(mprotect(o->p, o->bytes, prot), 0);
	o->not_readable = !(prot & PROT_READ);
	o->not_writable = !(prot & PROT_WRITE);
	return NULL;
}

static const char *make_read_only(struct odd *o)
{
	return protect(o, PROT_READ);
}

static const char *make_no_access(struct odd *o)
{
	return protect(o, PROT_NONE);
}

static const char *make_code(struct odd *o)
{
	return protect(o, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static const char *make_with_key(struct odd *o)
{
	o->fd = pkey_alloc(0, 0);
	if (o->fd < 0)
		return "this CPU has no protection keys";
	odd_fill(o);
	assert_int_equal(pkey_mprotect(o->p, o->bytes, PROT_READ | PROT_WRITE,
				       o->fd), 0);
	return NULL;
}

static void undo_with_key(struct odd *o)
{
	odd_unmap(o);
	assert_int_equal(pkey_free(o->fd), 0);
}

static const char *make_zero_page(struct odd *o)
{
	o->p = memory_reserve(o->bytes, o->order);
	assert_true(memory_is_zero(o->p, o->bytes));
	o->content = ODD_ZERO;
	return NULL;
}

static const char *make_never_touched(struct odd *o)
{
	o->p = memory_reserve(o->bytes, o->order);
	o->content = ODD_NONE;
	return NULL;
}

static const char *make_guard(struct odd *o)
{
	odd_fill(o);
	o->content = ODD_NONE;
	o->not_readable = o->not_writable = true;
	if (!madvise(o->p, o->bytes, ODD_MADV_GUARD_INSTALL))
		return NULL;
	odd_unmap(o);
	return "MADV_GUARD_INSTALL needs Linux 6.13";
}

/* A THP of which the first half is not mapped any more. */
static const char *make_half(struct odd *o)
{
	o->bytes = HUGE;
	o->order = MIGSIM_MAX_ORDER;
	odd_fill(o);
	o->other = o->p;
	assert_int_equal(munmap(o->other, HUGE / 2), 0);
	o->p += HUGE / 2;
	o->bytes = HUGE / 2;
	o->order = 0;
	memory_fill(o->p, o->bytes, ODD_SEED);
	return NULL;
}

static void undo_half(struct odd *o)
{
	memory_unmap(o->other, HUGE);
}

static bool all_swapped(const struct odd *o)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;
	size_t i, n = 0;

	for (i = 0; i < o->bytes / PAGE; i++) {
		assert_int_equal(pread(fd, &entry, sizeof(entry), (off_t)
				       (((uintptr_t)o->p / PAGE + i) *
					sizeof(entry))), sizeof(entry));
		n += !!(entry & PM_SWAP);
	}
	close(fd);
	return n == o->bytes / PAGE;
}

static bool shell(const char *command)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execlp("bash", "bash", "-c", command, NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* To a RAM disk, whose memory is nobody's; guests have its module. */
static const char *make_swapped(struct odd *o)
{
	unsigned int i;

	if (access("/guest/brd.ko", R_OK))
		return "there is no module brd to swap to";
	assert_true(shell("insmod /guest/brd.ko rd_nr=1 rd_size=65536 && mkswap /dev/ram0 >/dev/null && swapon /dev/ram0"));
	odd_fill(o);
	for (i = 0; i < 2000 && !all_swapped(o); i++) {
		assert_int_equal(madvise(o->p, o->bytes, MADV_PAGEOUT), 0);
		nap_ms(5);
	}
	assert_true(all_swapped(o));
	return NULL;
}

static void undo_swapped(struct odd *o)
{
	odd_unmap(o);
	assert_true(shell("swapoff /dev/ram0 && rmmod brd"));
}

const struct odd_kind odd_private[] = {
	{ "private anonymous", make_plain, odd_unmap, ODD_4K | ODD_2M },
	{ "mlocked", make_mlocked, odd_unmap, ODD_4K | ODD_2M },
	{ "swapped out", make_swapped, undo_swapped, ODD_4K | ODD_2M },
	{ "half of a THP, the rest unmapped", make_half, undo_half, ODD_4K },
	{ "zero page", make_zero_page, odd_unmap, ODD_4K | ODD_2M },
	{ "never touched", make_never_touched, odd_unmap, ODD_4K | ODD_2M },
	{ "guard region (6.13)", make_guard, odd_unmap, ODD_4K },
	{ "PROT_READ", make_read_only, odd_unmap, ODD_4K | ODD_2M },
	{ "PROT_NONE", make_no_access, odd_unmap, ODD_4K | ODD_2M },
	{ "writable and PROT_EXEC", make_code, odd_unmap, ODD_4K | ODD_2M },
	{ "under a protection key", make_with_key, undo_with_key,
	  ODD_4K | ODD_2M },
	{ 0 },
};
