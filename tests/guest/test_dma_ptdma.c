/* SPDX-License-Identifier: MIT */
/*
 * The bridge over the kernel's ptdma driver and emulated devices: one that
 * fails, copies wrong, comes late, or loses its driver. Late is later than the
 * timeout; whether its pages can be taken away from it then, an IOMMU decides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dma_rig.h"

#define BYTES	(2 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))
#define DEVICES	"/sys/bus/pci/devices/"
/* A channel's part of a group. */
#define PART	64u

/* The order of ptdma/settings.h. */
enum setting {
	BANDWIDTH, LATENCY_NS, ERROR_EVERY, ERROR_CODE, HANG_EVERY,
	CORRUPT_EVERY, DESCRIPTORS, ERRORS,
};

/* Of the channels that the file has, by index. */
static struct migsim_dma_channel channels[16];

static int config_of(const char *device)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), DEVICES "%s/config", device);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* In the vendor's capability, which has number 9. */
static off_t settings_of(int config)
{
	uint8_t at = 0x34, capability[2] = { 0, 0x34 };

	assert_int_equal(pread(config, &at, 1, at), 1);
	while (capability[0] != 9) {
		assert_int_equal(pread(config, capability, 2, at), 2);
		if (capability[0] != 9)
			at = capability[1];
		assert_true(at);
	}
	return at + 4;
}

static uint64_t setting(const char *device, enum setting which)
{
	int config = config_of(device);
	uint64_t value;

	assert_int_equal(pread(config, &value, 8,
			       settings_of(config) + 8 * which), 8);
	close(config);
	return value;
}

static void set(const char *device, enum setting which, uint64_t value)
{
	int config = config_of(device);

	assert_int_equal(pwrite(config, &value, 8,
				settings_of(config) + 8 * which), 8);
	close(config);
}

static void well(const char *device)
{
	set(device, LATENCY_NS, 0);
	set(device, ERROR_EVERY, 0);
	set(device, CORRUPT_EVERY, 0);
	set(device, DESCRIPTORS, 0);
	set(device, ERRORS, 0);
}

static void claim(unsigned int n, int node)
{
	struct migsim_dma_claim c = { .channels = n, .node = node };
	unsigned int i;

	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CLAIM, &c, 1, 0), n);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CHANNELS, channels, 16, 0),
			 16);
	for (i = 0; i < n; i++) {
		assert_int_equal(channels[i].index, i);
		assert_string_equal(channels[i].driver, "ptdma");
		well(channels[i].device);
	}
}

/* The driver reports what its device did not copy as done. */
static void a_silent_error_is_found(void **state)
{
	unsigned int i;

	(void)state;
	claim(1, -1);
	set(channels[0].device, ERROR_EVERY, 8);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, PART, 0),
			 PART / 8);
	assert_int_equal(setting(channels[0].device, ERRORS), PART / 8);
	for (i = 0; i < PART; i++) {
		assert_int_equal(copies[i].status, i % 8 == 7 ? -EIO : 0);
		assert_true(copies[i].status ||
			    memory_check_at(dst + i * PAGE, PAGE, 1,
					    i * PAGE) == -1);
	}
}

/* A wrong byte in the midst of a page is found where all are compared. */
static void a_wrong_byte_is_found(void **state)
{
	unsigned int check;

	(void)state;
	claim(1, -1);
	for (check = MIGSIM_DMA_CHECK_NONE; check <= MIGSIM_DMA_CHECK_FULL;
	     check++) {
		set(channels[0].device, CORRUPT_EVERY, 8);
		set(channels[0].device, DESCRIPTORS, 0);
		dma_set("check", check);
		copies_again(copies, PART);
		assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, PART,
					0),
				 check == MIGSIM_DMA_CHECK_FULL ? PART / 8 : 0);
		assert_int_not_equal(memory_check(dst, PART * PAGE, 1), -1);
	}
}

/* Is no other device behind the IOMMU's same addresses? */
static bool has_own_addresses(const char *device)
{
	char path[128];
	unsigned int n = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), DEVICES "%s/iommu_group/devices", device);
	d = opendir(path);
	if (!d)
		return false;
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n == 1;
}

/*
 * The others copy meanwhile: other bytes, perhaps at the same addresses of the
 * bus; each of them is still at it when the late one comes.
 */
static void others_copy(unsigned int nr)
{
	unsigned int i;

	for (i = 1; i < nr; i++)
		set(channels[i].device, LATENCY_NS, 40000000);
	for (i = PART; i < nr * PART; i++) {
		copies[i].channel = (uint16_t)(i / PART);
		copies[i].src += 64;
		copies[i].len -= 64;
	}
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies + PART,
				(nr - 1) * PART, 0), 0);
	for (i = PART; i < nr * PART; i++) {
		assert_memory_equal(dst + i * PAGE, src + i * PAGE + 64,
				    PAGE - 64);
		assert_int_equal(memory_check_at(dst + (i + 1) * PAGE - 64, 64,
						 2, (i + 1) * PAGE - 64), -1);
	}
}

/* Where the pages were taken away they are ours at once. */
static void comes_late(int node)
{
	char *late = channels[0].device;
	unsigned int i;
	bool taken;

	claim(8, node);
	taken = has_own_addresses(late);
	printf("%s: pages are %s\n", late, taken ? "taken away" : "kept");
	for (i = 0; i < PART; i++)
		copies[i].channel = 0;
	set(late, LATENCY_NS, 3000000000);
	dma_set("timeout_ms", 1000);
	rig_submit(PART);
	assert_int_equal(dma_wait(&dma, NULL, 60), PART);
	dma_set("timeout_ms", 60000);
	assert_int_equal(copies_with(copies, PART, taken ? -EIO : -ETIMEDOUT),
			 PART);
	assert_int_equal(pinned_pages(), taken ? 0 : 2 * PART);
	assert_int_equal(dma_counter("quarantined_pages"),
			 taken ? 0 : 2 * PART);
	assert_int_equal(rig_info().dead, 1);
	if (taken)
		memory_fill(dst, PART * PAGE, 3);
	set(late, LATENCY_NS, 0);
	others_copy(8);
	assert_true(pinned_become(0));
	/* It holds the module until the device has ended. */
	dma_close(&dma);
	assert_int_equal(module_leaves("migsim_dma"), 0);
	assert_int_equal(module_load("migsim_dma", ""), 0);
	dma_open(&dma);
	assert_int_equal(memory_check(dst, PART * PAGE, taken ? 3 : 1), -1);
	claim(16, -1);
}

static void one_of_many_comes_late(void **state)
{
	(void)state;
	comes_late(0);
}

static void one_alone_comes_late(void **state)
{
	(void)state;
	comes_late(1);
}

static void driver(const char *what, const char *device)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/ptdma/%s", what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, device, strlen(device)), strlen(device));
	close(fd);
}

/*
 * One of four loses its driver: what waited for it goes to the others. -ENODEV:
 * what was not issued of a chunk that had begun.
 */
static void a_driver_may_go(void **state)
{
	unsigned int i;

	(void)state;
	claim(4, 0);
	for (i = 0; i < 4; i++)
		set(channels[i].device, LATENCY_NS, 1000000);
	rig_submit(COPIES);
	rig_wait_pinned(1);
	driver("unbind", channels[1].device);
	assert_true(dma_wait(&dma, NULL, 60) >= 0);
	assert_int_equal(rig_info().dead, 1);
	for (i = 0; i < COPIES; i++) {
		assert_true(!copies[i].status || copies[i].status == -ENODEV);
		assert_true(copies[i].status ||
			    memory_check_at(dst + i * PAGE, PAGE, 1,
					    i * PAGE) == -1);
	}
	driver("bind", channels[1].device);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0), 0);
	claim(16, -1);
	copies_again(copies, COPIES);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES, 0),
			 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

static int load(void **state)
{
	(void)state;
	assert_int_equal(module_load("ptdma", ""), 0);
	assert_int_equal(module_load("migsim_dma", ""), 0);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	assert_int_equal(module_leaves("migsim_dma"), 0);
	assert_int_equal(module_leaves("ptdma"), 0);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	rig_begin(BYTES);
	dma_set("desc_bytes", PAGE);
	return 0;
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, rig_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_silent_error_is_found), test(a_wrong_byte_is_found),
		test(one_of_many_comes_late), test(one_alone_comes_late),
		test(a_driver_may_go),
	};

	need_modules();
	return cmocka_run_group_tests(tests, load, unload);
}
