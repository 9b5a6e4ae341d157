/* SPDX-License-Identifier: MIT */
/* Private anonymous memory that somebody else has a hold on. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "odd.h"

void odd_fork(struct odd *o)
{
	int ready[2];
	char c = 0;

	assert_int_equal(pipe(ready), 0);
	o->child = fork();
	assert_true(o->child >= 0);
	if (!o->child) {
		c = memory_check(o->p, o->bytes, ODD_SEED) == -1;
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 1);
	close(ready[0]);
	close(ready[1]);
}

void odd_end_child(struct odd *o)
{
	if (!o->child)
		return;
	assert_int_equal(kill(o->child, SIGKILL), 0);
	assert_int_equal(waitpid(o->child, NULL, 0), o->child);
	o->child = 0;
}

static const char *make_shared(struct odd *o)
{
	odd_fill(o);
	odd_fork(o);
	return NULL;
}

static void undo_shared(struct odd *o)
{
	odd_end_child(o);
	odd_unmap(o);
}

static const char *make_no_more_shared(struct odd *o)
{
	make_shared(o);
	odd_end_child(o);
	return NULL;
}

static bool put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 &&
		    write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

#define KSM "/sys/kernel/mm/ksm/"
#define KPF_KSM (UINT64_C(1) << 21)

static bool all_merged(const struct odd *o)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	size_t pages = o->bytes / PAGE, i, n = 0;
	uint64_t pfn[8], other[8], flags;

	assert_true(fd >= 0 && pages <= 8);
	read_pfns(o->p, pages, pfn);
	read_pfns(o->other, pages, other);
	for (i = 0; i < pages; i++) {
		assert_int_equal(pread(fd, &flags, sizeof(flags), (off_t)
				       (pfn[i] * sizeof(flags))),
				 sizeof(flags));
		n += flags & KPF_KSM && pfn[i] == other[i];
	}
	close(fd);
	return n == pages;
}

static const char *make_merged(struct odd *o)
{
	unsigned int i;

	if (access(KSM "run", W_OK))
		return "this kernel has no KSM";
	odd_fill(o);
	o->other = memory_map(o->bytes, 0);
	memory_fill(o->other, o->bytes, ODD_SEED);
	assert_int_equal(madvise(o->p, o->bytes, MADV_MERGEABLE), 0);
	assert_int_equal(madvise(o->other, o->bytes, MADV_MERGEABLE), 0);
	put(KSM "sleep_millisecs", "5");
	assert_true(put(KSM "run", "1"));
	for (i = 0; i < 2000 && !all_merged(o); i++)
		nap_ms(10);
	assert_true(all_merged(o));
	assert_true(put(KSM "run", "0"));
	return NULL;
}

static void undo_merged(struct odd *o)
{
	memory_unmap(o->other, o->bytes);
	odd_unmap(o);
}

static const char *make_pinned(struct odd *o)
{
	struct iovec iov;

	if (io_uring_queue_init(4, &o->ring, 0))
		return "io_uring is not allowed";
	odd_fill(o);
	iov = (struct iovec){ o->p, o->bytes };
	assert_int_equal(io_uring_register_buffers(&o->ring, &iov, 1), 0);
	return NULL;
}

static void undo_pinned(struct odd *o)
{
	io_uring_queue_exit(&o->ring);
	odd_unmap(o);
}

static const char *make_in_a_pipe(struct odd *o)
{
	struct iovec iov;

	odd_fill(o);
	assert_int_equal(pipe(o->pipe), 0);
	iov = (struct iovec){ o->p, o->bytes };
	assert_int_equal(vmsplice(o->pipe[1], &iov, 1, 0), o->bytes);
	return NULL;
}

/* And what comes out of it is what went in. */
static void undo_in_a_pipe(struct odd *o)
{
	char *copy = memory_map(o->bytes, 0);
	size_t n = 0;
	ssize_t got;

	while (n < o->bytes) {
		got = read(o->pipe[0], copy + n, o->bytes - n);
		assert_true(got > 0);
		n += (size_t)got;
	}
	assert_int_equal(memory_check(copy, o->bytes, ODD_SEED), -1);
	close(o->pipe[0]);
	close(o->pipe[1]);
	memory_unmap(copy, o->bytes);
	odd_unmap(o);
}

static const char *register_it(struct odd *o, uint64_t mode)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = mode };

	if (mode == UFFDIO_REGISTER_MODE_WP)
		api.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP;
	o->fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (o->fd < 0)
		return "userfaultfd is missing or forbidden";
	assert_int_equal(ioctl(o->fd, UFFDIO_API, &api), 0);
	odd_fill(o);
	reg.range = (struct uffdio_range){ (uintptr_t)o->p, o->bytes };
	assert_int_equal(ioctl(o->fd, UFFDIO_REGISTER, &reg), 0);
	return NULL;
}

static const char *make_uffd_missing(struct odd *o)
{
	return register_it(o, UFFDIO_REGISTER_MODE_MISSING);
}

static const char *make_uffd_wp(struct odd *o)
{
	const char *lacks = register_it(o, UFFDIO_REGISTER_MODE_WP);
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)o->p, o->bytes },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	if (lacks)
		return lacks;
	assert_int_equal(ioctl(o->fd, UFFDIO_WRITEPROTECT, &wp), 0);
	o->writes_block = true;
	return NULL;
}

static void undo_uffd(struct odd *o)
{
	close(o->fd);
	odd_unmap(o);
}

const struct odd_kind odd_held[] = {
	{ "shared after fork()", make_shared, undo_shared, ODD_4K | ODD_2M },
	{ "shared once, the child gone", make_no_more_shared, odd_unmap,
	  ODD_4K | ODD_2M },
	{ "merged by KSM", make_merged, undo_merged, ODD_4K },
	{ "pinned (io_uring buffer)", make_pinned, undo_pinned,
	  ODD_4K | ODD_2M },
	{ "in a pipe (vmsplice)", make_in_a_pipe, undo_in_a_pipe, ODD_4K },
	{ "another userfaultfd, missing", make_uffd_missing, undo_uffd,
	  ODD_4K | ODD_2M },
	{ "another userfaultfd, wp", make_uffd_wp, undo_uffd, ODD_4K | ODD_2M },
	{ 0 },
};
