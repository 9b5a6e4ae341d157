/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dma_late.h"

char *late;

static int uffd;

void late_begin(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register r = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	assert_true(uffd >= 0);
	assert_int_equal(ioctl(uffd, UFFDIO_API, &api), 0);
	late = memory_reserve(LATE, 0);
	r.range.start = (uintptr_t)late;
	r.range.len = LATE;
	assert_int_equal(ioctl(uffd, UFFDIO_REGISTER, &r), 0);
}

void late_wanted(void)
{
	struct pollfd p = { .fd = uffd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 60000), 1);
}

void late_comes(const void *from, size_t at, size_t bytes)
{
	struct uffdio_copy c = {
		.dst = (uintptr_t)late + at, .src = (uintptr_t)from + at,
		.len = bytes,
	};

	assert_int_equal(ioctl(uffd, UFFDIO_COPY, &c), 0);
}

void late_end(void)
{
	close(uffd);
	memory_unmap(late, LATE);
}
