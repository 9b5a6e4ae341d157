/* SPDX-License-Identifier: MIT */
/*
 * A page that somebody holds without a pin moves, and the holder goes on to
 * read the one that was vacated: as it was, where that is not recycled.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "memory.h"

#define BYTES	(4 * MIB)
#define HELD	(8 * PAGE)	/* fits into a pipe */

static struct migsim_migrator *open_no_recycle(void)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_migrator *m;

	o.space = "uffd:recycle=no";
	o.policy = "batch:pages=64";
	/* Few: were they used again, these would be soon. */
	o.pool_bytes = MIB;
	o.call_pages = BYTES / PAGE;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	return m;
}

static void a_pipe_reads_what_went_in(void **state)
{
	struct migsim_migrator *m = open_no_recycle();
	char *p = memory_map(BYTES, 0), *q = memory_map(BYTES, 0);
	struct iovec iov = { p, HELD };
	static char out[HELD];
	int fd[2], i;

	(void)state;
	memory_fill(p, BYTES, 1);
	memory_fill(q, BYTES, 2);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(vmsplice(fd[1], &iov, 1, 0), HELD);
	assert_int_equal(migsim_migrate_range(m, p, BYTES, 0, NULL), 0);
	memset(p, 3, HELD);
	for (i = 0; i < 4; i++)
		assert_int_equal(migsim_migrate_range(m, q, BYTES, 0, NULL), 0);
	assert_int_equal(read(fd[0], out, HELD), HELD);
	assert_int_equal(memory_check(out, HELD, 1), -1);
	close(fd[0]);
	close(fd[1]);
	migsim_migrator_close(m);
	memory_unmap(p, BYTES);
	memory_unmap(q, BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_reads_what_went_in),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
