/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dma.h"

void need_modules(void)
{
	const char *modules = getenv("MODULES");

	if (modules && strstr(modules, "migsim_dma.ko"))
		return;
	printf("this guest has no modules of kmod/\n");
	exit(77);
}

int module_load(const char *name, const char *parameters)
{
	char *modules = strdup(getenv("MODULES")), *path, *at = modules;
	char file[64];
	int fd, rc = -ENOENT;

	snprintf(file, sizeof(file), "/%s.ko", name);
	while ((path = strsep(&at, " "))) {
		if (!strstr(path, file))
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		rc = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
		close(fd);
	}
	free(modules);
	return rc;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* A ring that ends holds its files for a while, and they the module. */
int module_leaves(const char *name)
{
	unsigned int i;
	int rc;

	/* A profile of what it did wants its names. */
	if (!access("/guest/symbols", X_OK))
		assert_int_equal(system("/guest/symbols '\\['"), 0);
	for (i = 0; i < 6000 && (rc = module_unload(name)) == -EAGAIN; i++)
		usleep(10000);
	return rc;
}

static void set(const char *module, const char *parameter, unsigned long value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 parameter);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%lu\n", value);
	assert_int_equal(fclose(f), 0);
}

void swdma_set(const char *parameter, unsigned long value)
{
	set("migsim_swdma", parameter, value);
}

static unsigned int hung(void)
{
	unsigned int n = 0;
	FILE *f = fopen("/sys/module/migsim_swdma/parameters/unhang", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &n), 1);
	fclose(f);
	return n;
}

void swdma_wait_hung(unsigned int channels)
{
	unsigned int i;

	for (i = 0; i < 6000 && hung() < channels; i++)
		usleep(10000);
	assert_int_equal(hung(), channels);
	swdma_set("hang_every", 0);
}

void dma_set(const char *parameter, unsigned long value)
{
	set("migsim_dma", parameter, value);
}

void swdma_well(void)
{
	static const char *const zero[] = {
		"latency_us", "bandwidth", "slots", "refuse_every",
		"fail_every", "skip_every", "corrupt_every", "hang_every",
		"hang_channels", "out_of_order",
	};
	size_t i;

	if (access("/sys/module/migsim_swdma", F_OK))
		return;
	for (i = 0; i < sizeof(zero) / sizeof(*zero); i++)
		swdma_set(zero[i], 0);
	swdma_set("unhang", 1);
}

void dma_well(void)
{
	static const struct {
		const char *name;
		unsigned long value;
	} usual[] = {
		{ "max_copies", 4096 }, { "max_bytes", 64 * MIB },
		{ "max_in_flight", 1024 * MIB }, { "max_all", 4096 * MIB },
		{ "depth", 64 }, { "chunk_bytes", MIB / 4 },
		{ "desc_bytes", 0 }, { "check", MIGSIM_DMA_CHECK_TAIL },
		/* A guest may stand still for longer than the default. */
		{ "timeout_ms", 60000 },
	};
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		dma_set(usual[i].name, usual[i].value);
}

long dma_counter(const char *name)
{
	char path[128];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/misc/migsim_dma/%s", name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &value), 1);
	fclose(f);
	return value;
}

/* CPUs keep some of the count to themselves, unless told to hand it over. */
static void refresh_statistics(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
}

long pinned_pages(void)
{
	long acquired = -1, released = -1;
	char line[128];
	FILE *f;

	refresh_statistics();
	f = fopen("/proc/vmstat", "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "nr_foll_pin_acquired %ld", &acquired);
		sscanf(line, "nr_foll_pin_released %ld", &released);
	}
	fclose(f);
	assert_true(acquired >= 0 && released >= 0);
	return acquired - released;
}

bool pinned_become(long pages)
{
	const struct timespec nap = { 0, 50000000 };
	unsigned int i;

	for (i = 0; i < 400 && pinned_pages() != pages; i++)
		nanosleep(&nap, NULL);
	return pinned_pages() == pages;
}

void dma_open(struct dma *d)
{
	assert_int_equal(io_uring_queue_init(256, &d->ring, 0), 0);
	d->fd = open(MIGSIM_DMA_DEVICE, O_RDWR | O_CLOEXEC);
	assert_true(d->fd >= 0);
}

void dma_close(struct dma *d)
{
	close(d->fd);
	io_uring_queue_exit(&d->ring);
}

/* liburing 2.3 has no io_uring_prep_uring_cmd(). */
void dma_queue(struct dma *d, uint32_t op, void *addr, uint32_t count,
	       uint32_t flags, uint64_t user_data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&d->ring);
	struct migsim_dma_cmd c = {
		.addr = (uintptr_t)addr, .count = count, .flags = flags,
	};

	if (!sqe)
		abort();
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = d->fd;
	sqe->cmd_op = op;
	sqe->user_data = user_data;
	memcpy((char *)sqe + offsetof(struct io_uring_sqe, addr3), &c,
	       sizeof(c));
}

int dma_wait(struct dma *d, uint64_t *user_data, unsigned int seconds)
{
	struct __kernel_timespec ts = { .tv_sec = seconds };
	time_t end = time(NULL) + seconds;
	struct io_uring_cqe *cqe;
	int rc;

	/* A ring that polls returns at once where there is nothing to poll. */
	do
		rc = io_uring_wait_cqe_timeout(&d->ring, &cqe, &ts);
	while (rc == -ETIME && time(NULL) < end);
	if (rc)
		return rc;
	rc = cqe->res;
	if (user_data)
		*user_data = cqe->user_data;
	io_uring_cqe_seen(&d->ring, cqe);
	return rc;
}

int dma_do(struct dma *d, uint32_t op, void *addr, uint32_t count,
	   uint32_t flags)
{
	uint64_t data = 0;
	int rc;

	dma_queue(d, op, addr, count, flags, 4711);
	assert_int_equal(io_uring_submit(&d->ring), 1);
	rc = dma_wait(d, &data, 60);
	assert_int_equal(data, 4711);
	return rc;
}

int dma_claim(struct dma *d, unsigned int channels)
{
	struct migsim_dma_claim claim = {
		.channels = channels, .node = MIGSIM_DMA_NODE_ANY,
	};

	return dma_do(d, MIGSIM_DMA_OP_CLAIM, &claim, 1, 0);
}

struct migsim_dma_copy *copies_of(char *dst, const char *src, size_t size,
				  unsigned int n)
{
	struct migsim_dma_copy *c = calloc(n, sizeof(*c));
	unsigned int i;

	assert_non_null(c);
	for (i = 0; i < n; i++) {
		c[i].dst = (uintptr_t)dst + i * size;
		c[i].src = (uintptr_t)src + i * size;
		c[i].len = (uint32_t)size;
		c[i].channel = MIGSIM_DMA_CHANNEL_ANY;
	}
	copies_again(c, n);
	return c;
}

void copies_again(struct migsim_dma_copy *c, unsigned int n)
{
	while (n--)
		c[n].status = MIGSIM_DMA_PENDING;
}

unsigned int copies_with(const struct migsim_dma_copy *c, unsigned int n,
			 int status)
{
	unsigned int i, with = 0;

	for (i = 0; i < n; i++)
		with += __atomic_load_n(&c[i].status, __ATOMIC_ACQUIRE) ==
			status;
	return with;
}
