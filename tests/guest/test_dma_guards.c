/* SPDX-License-Identifier: MIT */
/*
 * What the bridge refuses: commands that make no sense, memory that is not the
 * caller's, more than it may take at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma_rig.h"

#define BYTES	(2 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))

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

/* Two of 2 GiB are 0 bytes in 32 bits, which no limit would refuse. */
static void no_sum_overflows(void **state)
{
	struct migsim_dma_copy two[2];
	unsigned int i;

	(void)state;
	assert_int_equal(dma_claim(&dma, 2), 2);
	for (i = 0; i < 2; i++) {
		two[i] = copies[i];
		two[i].len = 1u << 31;
		two[i].src = (uint64_t)(2 * i + 1) << 31;
		two[i].dst = (uint64_t)(2 * i + 2) << 31;
	}
	assert_int_equal(copy(two, 2), -EINVAL);
	nothing_happened();
}

/* What INFO says holds to the last copy and the last byte. */
static void limits_hold(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 2), 2);
	dma_set("max_copies", COPIES - 1);
	assert_int_equal(rig_info().max_copies, COPIES - 1);
	assert_int_equal(copy(copies, COPIES), -EINVAL);
	nothing_happened();
	dma_set("max_copies", COPIES);
	dma_set("max_bytes", BYTES - 1);
	assert_int_equal(rig_info().max_bytes, BYTES - 1);
	assert_int_equal(copy(copies, COPIES), -EINVAL);
	nothing_happened();
	dma_set("max_bytes", BYTES);
	assert_int_equal(copy(copies, COPIES), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

static int set(const char *parameter, const char *value)
{
	char path[128];
	int fd, rc;

	snprintf(path, sizeof(path), "/sys/module/migsim_dma/parameters/%s",
		 parameter);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	rc = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static void senseless_parameters_are_refused(void **state)
{
	static const char *const zero[] = { "max_copies", "timeout_ms", "depth" };
	struct migsim_dma_info before = rig_info(), after;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(zero) / sizeof(*zero); i++) {
		assert_int_equal(set(zero[i], "0"), -EINVAL);
		assert_int_equal(set(zero[i], "-1"), -EINVAL);
	}
	assert_int_equal(set("check", "3"), -EINVAL);
	assert_int_equal(set("depth", "65537"), -EINVAL);
	after = rig_info();
	assert_int_equal(after.max_copies, before.max_copies);
	assert_int_equal(after.timeout_ms, before.timeout_ms);
	assert_int_equal(after.check, before.check);
	assert_int_equal(set("depth", "65536"), 0);
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
		test(wrong_copies_are_refused), test(wrong_memory_is_refused),
		test(wrong_commands_are_refused), test(no_sum_overflows),
		test(limits_hold), test(senseless_parameters_are_refused),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
