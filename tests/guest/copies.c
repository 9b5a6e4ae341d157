/* SPDX-License-Identifier: MIT */
/*
 * Prints what the same copies of the same pages take by a client within the
 * kernel (client/baseline_copy.c) and by the bridge: time, descriptors and
 * interrupts. Both modules are there, and a driver with channels. All groups
 * are submitted before the first is waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "client/baseline.h"
#include "dma.h"
#include "profile/window.h"

struct taken {
	uint64_t ns;
	long descriptors;
	long interrupts;
};

static size_t size, bytes;
static unsigned int nr, per_group, channels;
static char *from, *to;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int fails(const char *what, int error)
{
	printf("copies: %s: %s\n", what, strerror(error));
	return 1;
}

/* What a channel has at a time, by the bridge's parameter. */
static uint32_t part_bytes(void)
{
	FILE *f = fopen("/sys/module/migsim_dma/parameters/chunk_bytes", "r");
	uint32_t n = 0;

	if (!f || fscanf(f, "%u", &n) != 1)
		exit(fails("chunk_bytes", errno));
	fclose(f);
	return n;
}

/* The driver gives its interrupts the name of the function: 0000:21:00.3. */
static bool is_of_function(const char *line)
{
	const char *name = strrchr(line, ' ');

	return name && strchr(name, ':') && strchr(name, '.');
}

/* Of all CPUs and functions. */
static long interrupts(void)
{
	FILE *f = fopen("/proc/interrupts", "r");
	char line[1024], *at, *end;
	long n, all = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (!is_of_function(line))
			continue;
		for (at = strchr(line, ':') + 1;; at = end) {
			n = strtol(at, &end, 10);
			if (end == at)
				break;
			all += n;
		}
	}
	if (f)
		fclose(f);
	return all;
}

/* No page's frame follows that of the page before it. */
static void touch(char *p, bool scattered)
{
	size_t i, pages = bytes / PAGE;

	for (i = 0; i < pages; i++)
		p[(scattered ? i * 509 % pages : i) * PAGE] = 1;
}

static char *memory(bool huge, bool scattered)
{
	char *p = memory_reserve(bytes, huge ? 9 : 0);

	touch(p, scattered);
	return p;
}

static int check(const char *who, const struct taken *t, bool tell)
{
	ptrdiff_t wrong = memory_check(to, bytes, 7);

	if (tell)
		printf("%s: %llu ns, %ld descriptors, %ld interrupts\n",
		       who, (unsigned long long)t->ns, t->descriptors,
		       t->interrupts);
	if (wrong < 0)
		return 0;
	printf("copies: %s: byte %td is wrong\n", who, wrong);
	return 1;
}

static int baseline(struct migsim_dma_copy *copies, bool tell)
{
	struct baseline_run run = {
		.copies = (uintptr_t)copies, .count = nr, .group = per_group,
		.channels = channels, .part_bytes = part_bytes(),
	};
	struct taken t = { .interrupts = -interrupts() };
	int fd = open("/dev/migsim_baseline", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, BASELINE_RUN, &run))
		return fails("baseline", errno);
	close(fd);
	t.interrupts += interrupts();
	t.descriptors = run.descriptors;
	t.ns = run.ns;
	return check("baseline", &t, tell);
}

/* -errno, or how many copies failed. */
static int copy_all(struct dma *d, struct migsim_dma_copy *copies)
{
	unsigned int i, out = 0;
	int rc, failed = 0;

	for (i = 0; i < nr; i += per_group, out++)
		dma_queue(d, MIGSIM_DMA_OP_COPY, copies + i,
			  nr - i < per_group ? nr - i : per_group, 0, 0);
	rc = io_uring_submit(&d->ring);
	while (rc > 0 && out--) {
		rc = dma_wait(d, NULL, 60);
		if (rc < 0)
			return rc;
		failed += rc;
		rc = 1;
	}
	return rc < 0 ? rc : failed;
}

static int bridge(struct migsim_dma_copy *copies, bool tell)
{
	struct taken t;
	struct dma d;
	int rc;

	dma_open(&d);
	rc = dma_claim(&d, channels);
	if (rc != (int)channels)
		return fails("claim", rc < 0 ? -rc : ENODEV);
	t.interrupts = -interrupts();
	t.descriptors = -dma_counter("descriptors");
	t.ns = -now_ns();
	window_begin();
	rc = copy_all(&d, copies);
	window_end();
	t.ns += now_ns();
	t.descriptors += dma_counter("descriptors");
	t.interrupts += interrupts();
	if (rc)
		return fails("bridge", rc < 0 ? -rc : EIO);
	rc = dma_do(&d, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0);
	dma_close(&d);
	return rc ? fails("release", -rc) : check("bridge", &t, tell);
}

int main(int argc, char **argv)
{
	struct migsim_dma_copy *copies;
	int failed = 0, i;

	if (argc != 6) {
		fprintf(stderr, "usage: guest_copies BYTES GROUP COPIES "
				"CHANNELS huge|scattered\n");
		return 2;
	}
	size = (size_t)atol(argv[1]);
	per_group = (unsigned int)atoi(argv[2]);
	nr = (unsigned int)atoi(argv[3]);
	channels = (unsigned int)atoi(argv[4]);
	bytes = size * nr;
	from = memory(!strcmp(argv[5], "huge"), !strcmp(argv[5], "scattered"));
	to = memory(!strcmp(argv[5], "huge"), !strcmp(argv[5], "scattered"));
	memory_fill(from, bytes, 7);
	copies = copies_of(to, from, size, nr);
	/* What is kept for the next time costs more the first time. */
	for (i = 0; i < 2 && !failed; i++) {
		memset(to, 0, bytes);
		failed = baseline(copies, i);
		window_next();
		memset(to, 0, bytes);
		failed += bridge(copies, i);
		window_next();
		copies_again(copies, nr);
	}
	free(copies);
	return failed != 0;
}
