/* SPDX-License-Identifier: MIT */
/*
 * Who may use the bridge, and how much memory he may have pinned: the process
 * that opened the file, as far as RLIMIT_MEMLOCK of its user goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dma_rig.h"

#define BYTES	(2 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))

/* How a child ends: 0 when what it was asked for holds. */
static void child_holds(bool (*holds)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(holds() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool is_refused(struct dma *d)
{
	struct migsim_dma_claim claim = { .channels = 1, .node = -1 };
	const struct {
		uint32_t op;
		void *addr;
		uint32_t count;
	} commands[] = {
		{ MIGSIM_DMA_OP_INFO, &claim, sizeof(claim) },
		{ MIGSIM_DMA_OP_CHANNELS, &claim, 0 },
		{ MIGSIM_DMA_OP_CLAIM, &claim, 1 },
		{ MIGSIM_DMA_OP_COPY, copies, 1 },
		{ MIGSIM_DMA_OP_CANCEL, copies, 0 },
		{ MIGSIM_DMA_OP_RELEASE, NULL, 0 },
		{ 0, NULL, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (dma_do(d, commands[i].op, commands[i].addr,
			   commands[i].count, 0) != -EPERM)
			return false;
	}
	return true;
}

static bool inherited_file_is_refused(void)
{
	struct dma own = { .fd = dma.fd };

	return !io_uring_queue_init(8, &own.ring, 0) && is_refused(&own);
}

static struct dma other;

static bool inherited_ring_is_refused(void)
{
	return is_refused(&other);
}

static int sockets[2];

static void pass_on(int fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .h = {
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
	} };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.h), &fd, sizeof(fd));
	assert_int_equal(sendmsg(sockets[0], &m, 0), 1);
}

static int take_over(void)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(sockets[1], &m, 0) == 1 && m.msg_controllen)
		memcpy(&fd, CMSG_DATA(&control.h), sizeof(fd));
	return fd;
}

static bool passed_file_is_refused(void)
{
	struct dma own;

	close(dma.fd);
	own.fd = take_over();
	return own.fd >= 0 && !io_uring_queue_init(8, &own.ring, 0) &&
	       is_refused(&own);
}

/* The file is the process' that opened it, wherever it has come to. */
static void another_process_is_refused(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 2), 2);
	child_holds(inherited_file_is_refused);
	assert_int_equal(io_uring_queue_init(8, &other.ring, 0), 0);
	other.fd = dma.fd;
	child_holds(inherited_ring_is_refused);
	io_uring_queue_exit(&other.ring);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	pass_on(dma.fd);
	child_holds(passed_file_is_refused);
	close(sockets[0]);
	close(sockets[1]);
	assert_int_equal(copies_with(copies, COPIES, MIGSIM_DMA_PENDING),
			 COPIES);
	assert_int_equal(memory_check(dst, BYTES, 2), -1);
	assert_int_equal(rig_info().channels, 2);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES, 0),
			 0);
}

/* The node is of a number that is given out anew at each load. */
static void only_root_may(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(MIGSIM_DMA_DEVICE, &st), 0);
	assert_int_equal(st.st_mode, S_IFCHR | 0600);
	assert_int_equal(st.st_uid, 0);
}

static void drop_capability(unsigned int capability)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct d[2];

	assert_int_equal(syscall(SYS_capget, &h, d), 0);
	d[0].effective &= ~(1u << capability);
	assert_int_equal(syscall(SYS_capset, &h, d), 0);
}

/* 16 pages: seven copies have 14, and their array has one. */
#define LIMIT	(16 * PAGE)
#define MOST	7u

static void limit(void)
{
	struct rlimit l = { LIMIT, LIMIT };

	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &l), 0);
}

/* A file of its own, with a channel. */
static void limited_file(void)
{
	limit();
	drop_capability(CAP_IPC_LOCK);
	dma_open(&dma);
	assert_int_equal(dma_claim(&dma, 1), 1);
}

static int copy(unsigned int first, unsigned int n)
{
	return dma_do(&dma, MIGSIM_DMA_OP_COPY, copies + first, n, 0);
}

static bool limit_holds(void)
{
	limited_file();
	/* Nothing of what is refused stays charged. */
	return copy(0, MOST + 1) == -ENOMEM && copy(0, 32) == -ENOMEM &&
	       copy(0, MOST) == 0 && copy(8, MOST) == 0 &&
	       copy(16, MOST + 1) == -ENOMEM;
}

static bool limit_does_not_bind(void)
{
	limit();
	dma_open(&dma);
	return dma_claim(&dma, 1) == 1 && copy(0, COPIES) == 0;
}

static void memlock_is_kept(void **state)
{
	(void)state;
	child_holds(limit_holds);
	copies_again(copies, COPIES);
	child_holds(limit_does_not_bind);
}

static bool there_is_no_room(void)
{
	limited_file();
	return copy(COPIES / 2, 1) == -ENOMEM;
}

static bool there_is_room(void)
{
	limited_file();
	return copy(COPIES / 2, MOST) == 0;
}

/* All that may be pinned is, until somebody kills it. */
static pid_t fork_that_pins(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	limited_file();
	rig_submit(MOST);
	dma_wait(&dma, NULL, 1000);
	_exit(1);
}

/*
 * A user's processes share what he may pin; the pages of one that is gone are
 * charged for as long as they are pinned.
 */
static void memlock_is_a_users(void **state)
{
	pid_t pid;

	(void)state;
	swdma_set("hang_every", 1);
	pid = fork_that_pins();
	swdma_wait_hung(1);
	child_holds(there_is_no_room);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	child_holds(there_is_no_room);
	swdma_set("unhang", 1);
	assert_true(pinned_become(0));
	child_holds(there_is_room);
}

/* As the kernel tells it of a process. */
static void what_is_pinned_is_told(void **state)
{
	(void)state;
	assert_int_equal(status_kb("VmPin:"), 0);
	assert_int_equal(dma_claim(&dma, 1), 1);
	swdma_set("hang_every", 1);
	rig_submit(MOST);
	swdma_wait_hung(1);
	assert_int_equal(status_kb("VmPin:"), (2 * MOST + 1) * PAGE / 1024);
	assert_int_equal(pinned_pages(), 2 * MOST + 1);
	swdma_set("unhang", 1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	assert_int_equal(status_kb("VmPin:"), 0);
	assert_int_equal(pinned_pages(), 0);
}

static int setup(void **state)
{
	(void)state;
	return rig_begin(BYTES);
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, rig_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(another_process_is_refused), test(only_root_may),
		test(memlock_is_kept), test(memlock_is_a_users),
		test(what_is_pinned_is_told),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
