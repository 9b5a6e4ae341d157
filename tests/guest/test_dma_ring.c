/* SPDX-License-Identifier: MIT */
/*
 * The bridge takes commands from rings of any kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dma.h"

#define BYTES	(64 * PAGE)
#define ROUNDS	200

static struct dma dma;
static char *src, *dst;

static void open_ring(unsigned int entries, unsigned int flags)
{
	int rc = io_uring_queue_init(entries, &dma.ring, flags);

	if (rc == -EINVAL)
		skip();
	assert_int_equal(rc, 0);
	dma.fd = open(MIGSIM_DMA_DEVICE, O_RDWR | O_CLOEXEC);
	assert_true(dma.fd >= 0);
	assert_int_equal(dma_claim(&dma, 4), 4);
}

static void close_ring(void)
{
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0), 0);
	dma_close(&dma);
}

/* Two groups, submitted one after the other, and every byte of both. */
static void two_groups(uint64_t seed)
{
	struct migsim_dma_copy *c = copies_of(dst, src, PAGE, 64);
	uint64_t data, both = 0;
	unsigned int i;

	memory_fill(src, BYTES, seed);
	memory_fill(dst, BYTES, ~seed);
	for (i = 0; i < 2; i++) {
		dma_queue(&dma, MIGSIM_DMA_OP_COPY, c + 32 * i, 32, 0, 1 + i);
		assert_true(io_uring_submit(&dma.ring) >= 0);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(dma_wait(&dma, &data, 20), 0);
		both += data;
	}
	assert_int_equal(both, 3);
	assert_int_equal(copies_with(c, 64, 0), 64);
	assert_int_equal(memory_check(dst, BYTES, seed), -1);
	free(c);
}

/* The entry of a command that waits for a worker becomes that of the next. */
static void one_entry(void **state)
{
	uint64_t i;

	(void)state;
	open_ring(1, 0);
	for (i = 0; i < ROUNDS; i++)
		two_groups(i);
	close_ring();
}

static void long_entries(void **state)
{
	(void)state;
	open_ring(8, IORING_SETUP_SQE128);
	two_groups(1);
	close_ring();
}

static void the_kernel_submits(void **state)
{
	(void)state;
	open_ring(8, IORING_SETUP_SQPOLL);
	two_groups(2);
	close_ring();
}

static void completions_when_they_are_asked_for(void **state)
{
	(void)state;
	open_ring(8, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	two_groups(3);
	close_ring();
}

/* Of late a kernel lets commands into a ring that polls which do not poll. */
static void a_polled_ring_works_or_refuses(void **state)
{
	int rc;

	(void)state;
	assert_int_equal(io_uring_queue_init(8, &dma.ring, IORING_SETUP_IOPOLL),
			 0);
	dma.fd = open(MIGSIM_DMA_DEVICE, O_RDWR | O_CLOEXEC);
	assert_true(dma.fd >= 0);
	rc = dma_claim(&dma, 4);
	if (rc == -EOPNOTSUPP) {
		dma_close(&dma);
		return;
	}
	assert_int_equal(rc, 4);
	two_groups(4);
	close_ring();
}

/* A page that whoever touches it waits for. */
static void *missing_page(int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register r = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(page != MAP_FAILED);
	r.range.start = (uintptr_t)page;
	r.range.len = PAGE;
	*uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	assert_true(*uffd >= 0);
	assert_int_equal(ioctl(*uffd, UFFDIO_API, &api), 0);
	assert_int_equal(ioctl(*uffd, UFFDIO_REGISTER, &r), 0);
	return page;
}

struct holder {
	struct migsim_dma_copy *copies;
	void *page;
	int socket;
	long before;	/* descriptors */
};

/* The group of four is on its way before the ring is held. */
static void *hold_ring(void *arg)
{
	const struct timespec nap = { 0, 1000000 };
	const struct holder *h = arg;

	dma_queue(&dma, MIGSIM_DMA_OP_COPY, h->copies, 4, 0, 1);
	io_uring_submit(&dma.ring);
	while (dma_counter("descriptors") < h->before + 4)
		nanosleep(&nap, NULL);
	io_uring_prep_sendmsg(io_uring_get_sqe(&dma.ring), h->socket, h->page,
			      0);
	io_uring_submit(&dma.ring);
	return NULL;
}

static void wait_for_fault(int uffd)
{
	struct pollfd fd = { .fd = uffd, .events = POLLIN };

	assert_int_equal(poll(&fd, 1, 20000), 1);
	assert_int_equal(fd.revents, POLLIN);
}

static void resolve(int uffd, void *page)
{
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)page, PAGE },
	};

	assert_int_equal(ioctl(uffd, UFFDIO_ZEROPAGE, &zero), 0);
}

/*
 * A thread that submits to a ring holds it, while it waits for memory too. A
 * group of that ring ends meanwhile; its channels go on for others.
 */
static void a_ring_that_is_held(void **state)
{
	struct migsim_dma_copy *c = copies_of(dst, src, PAGE, 8);
	struct holder holder = { .copies = c };
	struct dma other;
	pthread_t thread;
	uint64_t data;
	int uffd, i, rc;

	(void)state;
	open_ring(8, 0);
	dma_open(&other);
	assert_int_equal(dma_claim(&other, 4), 4);
	for (i = 0; i < 8; i++)
		c[i].channel = (uint16_t)(i % 4);
	holder.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(holder.socket >= 0);
	holder.page = missing_page(&uffd);
	holder.before = dma_counter("descriptors");
	swdma_set("latency_us", 1000000);
	assert_int_equal(pthread_create(&thread, NULL, hold_ring, &holder), 0);
	wait_for_fault(uffd);
	swdma_set("latency_us", 0);
	assert_int_equal(dma_do(&other, MIGSIM_DMA_OP_COPY, c + 4, 4, 0), 0);
	assert_int_equal(copies_with(c, 8, 0), 8);

	resolve(uffd, holder.page);
	pthread_join(thread, NULL);
	for (i = 0; i < 2; i++) {
		rc = dma_wait(&dma, &data, 20);
		assert_true(data == 1 ? rc == 0 : rc < 0);
	}
	close(holder.socket);
	close(uffd);
	munmap(holder.page, PAGE);
	dma_close(&other);
	close_ring();
	free(c);
}

static uint64_t cpu_ns(void)
{
	struct migsim_dma_info info;

	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_INFO, &info, sizeof(info),
				0), sizeof(info));
	return info.cpu_ns;
}

/* A command that only asks costs less than a hundred that copy and check. */
static void what_it_costs_is_told(void **state)
{
	uint64_t i, before, after, least = UINT64_MAX;

	(void)state;
	open_ring(8, 0);
	before = cpu_ns();
	assert_true(before > 0);
	for (i = 0; i < 20; i++, before = after) {
		after = cpu_ns();
		assert_true(after > before);
		if (after - before < least)
			least = after - before;
	}
	for (i = 0; i < 50; i++)
		two_groups(i);
	assert_true(cpu_ns() - before > 10 * least);
	close_ring();
}

static int load(void **state)
{
	(void)state;
	src = memory_map(BYTES, 0);
	dst = memory_map(BYTES, 0);
	return module_load("migsim_swdma", "channels=4") ||
	       module_load("migsim_dma", "");
}

static int unload(void **state)
{
	(void)state;
	return !pinned_become(0) || module_unload("migsim_dma") ||
	       module_unload("migsim_swdma");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_entry),
		cmocka_unit_test(long_entries),
		cmocka_unit_test(the_kernel_submits),
		cmocka_unit_test(completions_when_they_are_asked_for),
		cmocka_unit_test(a_polled_ring_works_or_refuses),
		cmocka_unit_test(a_ring_that_is_held),
		cmocka_unit_test(what_it_costs_is_told),
	};

	need_modules();
	return cmocka_run_group_tests(tests, load, unload);
}
