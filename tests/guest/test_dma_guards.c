/* SPDX-License-Identifier: MIT */
/*
 * What the bridge refuses: commands that make no sense, memory that is not the
 * caller's, callers that did not open the file, more than may be pinned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dma.h"

#define BYTES	(2 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))

static struct dma dma;
static char *src, *dst;
static struct migsim_dma_copy *copies;

static int setup(void **state)
{
	(void)state;
	swdma_well();
	dma_open(&dma);
	src = memory_map(BYTES, 0);
	dst = memory_map(BYTES, 0);
	memory_fill(src, BYTES, 1);
	memory_fill(dst, BYTES, 2);
	copies = copies_of(dst, src, PAGE, COPIES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(copies);
	memory_unmap(src, BYTES);
	memory_unmap(dst, BYTES);
	dma_close(&dma);
	return !pinned_become(0);
}

static int copy(void *c, unsigned int n)
{
	return dma_do(&dma, MIGSIM_DMA_OP_COPY, c, n, 0);
}

/* Nothing has happened: the targets and the statuses are what they were. */
static void nothing_happened(void)
{
	assert_int_equal(memory_check(dst, BYTES, 2), -1);
	assert_int_equal(copies_with(copies, COPIES, MIGSIM_DMA_PENDING),
			 COPIES);
	assert_int_equal(pinned_pages(), 0);
}

#define refused(rc, field, value) do {					\
	typeof(copies[0].field) old_ = copies[7].field;		\
									\
	copies[7].field = (typeof(old_))(value);			\
	assert_int_equal(copy(copies, COPIES), rc);			\
	copies[7].field = old_;						\
	nothing_happened();						\
} while (0)

/* One copy of the array is wrong, in one way. */
static void wrong_copies_are_refused(void **state)
{
	(void)state;
	assert_int_equal(copy(copies, COPIES), -ENODEV);
	assert_int_equal(dma_claim(&dma, 2), 2);
	refused(-EINVAL, len, 0);
	refused(-EINVAL, len, 63);
	refused(-EINVAL, len, 1u << 31);
	refused(-EINVAL, len, -64);
	refused(-EINVAL, src, copies[7].src + 8);
	refused(-EINVAL, dst, copies[7].dst + 32);
	refused(-EINVAL, channel, 2);
	refused(-EINVAL, flags, 1);
	refused(-EINVAL, reserved, 1);
	refused(-EINVAL, src, copies[7].dst);
	refused(-EINVAL, src, copies[7].dst + 64);
	refused(-EINVAL, dst, copies[7].src - 64);
	refused(-EFAULT, src, 0);
	refused(-EFAULT, dst, 1ull << 63);
	refused(-EFAULT, dst, -(1ull << 20));
	refused(-EFAULT, dst, -64ull);
	refused(-EFAULT, src, 0xffffffff81000000ull);
	copies[7].status = 0;
	assert_int_equal(copy(copies, COPIES), -EINVAL);
	copies[7].status = MIGSIM_DMA_PENDING;
	nothing_happened();
	assert_int_equal(copy(copies, COPIES), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

/* Memory that cannot be pinned as it would have to be. */
static void wrong_memory_is_refused(void **state)
{
	char *p = memory_map(PAGE, 0);

	(void)state;
	assert_int_equal(dma_claim(&dma, 2), 2);
	assert_int_equal(mprotect(p, PAGE, PROT_READ), 0);
	refused(-EFAULT, dst, (uintptr_t)p);
	assert_int_equal(mprotect(p, PAGE, PROT_NONE), 0);
	refused(-EFAULT, src, (uintptr_t)p);
	memory_unmap(p, PAGE);
	refused(-EFAULT, src, (uintptr_t)p);
	/* The array itself. */
	assert_int_equal(copy(NULL, 1), -EFAULT);
	assert_int_equal(copy((char *)copies + 4, 1), -EINVAL);
	assert_int_equal(copy((void *)-4096l, 1), -EFAULT);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(p + PAGE, PAGE);
	memcpy(p, copies, PAGE);
	assert_int_equal(mprotect(p, PAGE, PROT_READ), 0);
	assert_int_equal(copy(p, 16), -EFAULT);
	assert_int_equal(copy(p, PAGE / sizeof(*copies) + 1), -EFAULT);
	munmap(p, PAGE);
	nothing_happened();
}

static void wrong_commands_are_refused(void **state)
{
	struct migsim_dma_claim claim = { .channels = 1, .node = -1 };
	static char file[4096];
	unsigned int op;

	(void)state;
	for (op = 0; op < 16; op++)
		assert_int_equal(dma_do(&dma, op, file, 1, 0), -EOPNOTSUPP);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_INFO, file, 8, 1), -EINVAL);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_INFO, NULL, 8, 0), -EFAULT);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_INFO, file, 4, 0), 4);
	assert_int_equal(file[4], 0);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CHANNELS, NULL, 9, 0),
			 -EFAULT);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CHANNELS, NULL, 0, 0), 16);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, file, 0, 0),
			 -EINVAL);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CANCEL, file, 1, 0),
			 -EINVAL);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CLAIM, &claim, 2, 0),
			 -EINVAL);
	claim.channels = 0;
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CLAIM, &claim, 1, 0),
			 -EINVAL);
	claim.channels = 1;
	claim.node = -2;
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CLAIM, &claim, 1, 0),
			 -EINVAL);
	claim.node = -1;
	memset(claim.name, 'x', sizeof(claim.name));
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CLAIM, &claim, 1, 0),
			 -EINVAL);
	claim.name[31] = 0;
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CLAIM, &claim, 1, 0),
			 -ENODEV);
	assert_int_equal(dma_claim(&dma, 1), 1);
	assert_int_equal(dma_claim(&dma, 1), -EBUSY);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES, 2),
			 -EINVAL);
	assert_int_equal(copy(copies, 0), -EINVAL);
	assert_int_equal(copy(copies, 1u << 31), -EINVAL);
	nothing_happened();
}

static void limits_hold(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 2), 2);
	dma_set("max_copies", COPIES - 1);
	assert_int_equal(copy(copies, COPIES), -EINVAL);
	dma_set("max_copies", COPIES);
	dma_set("max_bytes", BYTES - 1);
	assert_int_equal(copy(copies, COPIES), -EINVAL);
	dma_set("max_bytes", 64 * MIB);
	nothing_happened();

	/* A second group finds no room while the first is in flight. */
	dma_set("max_in_flight", BYTES);
	swdma_set("latency_us", 20000);
	dma_queue(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES / 2 + 1, 0, 1);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
	while (!pinned_pages())
		usleep(1000);
	dma_queue(&dma, MIGSIM_DMA_OP_COPY, copies + COPIES / 2, COPIES / 2, 0,
		  2);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
	assert_int_equal(dma_wait(&dma, NULL, 60), -EBUSY);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0),
			 -EBUSY);
	swdma_set("latency_us", 0);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	dma_set("max_in_flight", 1ul << 30);
}

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

static bool file_is_refused(void)
{
	struct dma own = { .fd = dma.fd };
	struct migsim_dma_info info;

	if (io_uring_queue_init(8, &own.ring, 0))
		return false;
	if (dma_do(&own, MIGSIM_DMA_OP_COPY, copies, 1, 0) != -EPERM)
		return false;
	return dma_do(&own, MIGSIM_DMA_OP_INFO, &info, sizeof(info), 0) ==
		-EPERM;
}

static void another_process_is_refused(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 2), 2);
	child_holds(file_is_refused);
	nothing_happened();
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
static bool limit_holds(void)
{
	struct rlimit limit = { 16 * PAGE, 16 * PAGE };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return false;
	drop_capability(CAP_IPC_LOCK);
	dma_open(&dma);
	if (dma_claim(&dma, 1) != 1)
		return false;
	if (copy(copies, 8) != -ENOMEM || copy(copies, 32) != -ENOMEM)
		return false;
	/* Nothing of it stays charged. */
	return copy(copies, 7) == 0 && copy(copies + 8, 7) == 0 &&
	       copy(copies + 16, 8) == -ENOMEM;
}

static void memlock_is_kept(void **state)
{
	struct migsim_dma_copy *old = copies;

	(void)state;
	/* An array that does not cross a page. */
	copies = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(copies, old, 32 * sizeof(*old));
	child_holds(limit_holds);
	munmap(copies, 2 * PAGE);
	copies = old;
}

static void only_root_may(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(MIGSIM_DMA_DEVICE, &st), 0);
	assert_int_equal(st.st_mode, S_IFCHR | 0600);
	assert_int_equal(st.st_uid, 0);
}

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t odd_number(uint64_t *seed)
{
	static const uint64_t odd[] = {
		0, 1, 63, 64, 4095, 4096, 1ull << 31, 1ull << 32, -1ull, -64ull,
		1ull << 47, 1ull << 63,
	};
	uint64_t r = next(seed);

	return r % 4 ? odd[r / 4 % (sizeof(odd) / sizeof(*odd))] : next(seed);
}

/* Knows the layout: most of a command is right. */
static void spoil(struct migsim_dma_copy *c, uint64_t *seed)
{
	switch (next(seed) % 8) {
	case 0: c->src = odd_number(seed); break;
	case 1: c->dst = odd_number(seed); break;
	case 2: c->len = (uint32_t)odd_number(seed); break;
	case 3: c->channel = (uint16_t)odd_number(seed); break;
	case 4: c->flags = (uint16_t)odd_number(seed); break;
	case 5: c->status = (int32_t)odd_number(seed); break;
	case 6: c->reserved = (uint32_t)odd_number(seed); break;
	default: c->src += 64 * (next(seed) % 100000); break;
	}
}

/*
 * The sources stay what they are, and no byte outside of the targets changes:
 * the only places that a copy may name by chance and have. Commands that are
 * right by chance may copy.
 */
static void nonsense_does_no_harm(void **state)
{
	const char *times = getenv("MIGSIM_FUZZ");
	unsigned int i, n, rounds = times ? (unsigned int)atoi(times) : 500;
	uint64_t seed = 88172645463325252ull;
	struct migsim_dma_info info;
	struct migsim_dma_copy *c = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t addr;
	uint32_t op, count, flags;

	(void)state;
	for (i = 0; i < rounds; i++) {
		n = 1 + (unsigned int)(next(&seed) % 64);
		memcpy(c, copies, n * sizeof(*c));
		if (next(&seed) % 4)
			spoil(&c[next(&seed) % n], &seed);
		op = MIGSIM_DMA_OP_INFO + (uint32_t)(next(&seed) % 8);
		if (next(&seed) % 2)
			op = MIGSIM_DMA_OP_COPY;
		addr = next(&seed) % 8 ? (uintptr_t)c : odd_number(&seed);
		count = next(&seed) % 8 ? n : (uint32_t)odd_number(&seed);
		flags = next(&seed) % 4 ? 0 : (uint32_t)odd_number(&seed);
		/* INFO and CHANNELS write where they are told to. */
		if (op < MIGSIM_DMA_OP_CLAIM)
			addr = (uintptr_t)c, count %= 64;
		dma_do(&dma, op, (void *)addr, count, flags);
		if (i % 16 == 0)
			dma_claim(&dma, 1 + (unsigned int)(next(&seed) % 20));
	}
	munmap(c, 4 * PAGE);
	assert_int_equal(memory_check(src, BYTES, 1), -1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_INFO, &info, sizeof(info),
				0), sizeof(info));
	dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0);
	assert_int_equal(dma_claim(&dma, 16), 16);
	assert_int_equal(copy(copies, COPIES), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

static int load(void **state)
{
	(void)state;
	assert_int_equal(module_load("migsim_swdma", "channels=16"), 0);
	assert_int_equal(module_load("migsim_dma", ""), 0);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	assert_int_equal(module_unload("migsim_dma"), 0);
	assert_int_equal(module_unload("migsim_swdma"), 0);
	return 0;
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(wrong_copies_are_refused), test(wrong_memory_is_refused),
		test(wrong_commands_are_refused), test(limits_hold),
		test(another_process_is_refused), test(memlock_is_kept),
		test(only_root_may), test(nonsense_does_no_harm),
	};

	need_modules();
	return cmocka_run_group_tests(tests, load, unload);
}
