/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "perf.h"

/* A record: its header, the time, the length, the event's own 28 bytes. */
#define RECORD_BYTES	56
#define RING_MIN	((size_t)1 << 18)
/* Kernel memory that cannot be swapped: calls of 4 GiB in 4K folios. */
#define RING_MAX	((size_t)1 << 27)

static int open_event(struct perf *p, enum trace_kind kind)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = p->id[kind],
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC_RAW,
		.disabled = 1,
	};

	p->fd[kind] = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
				   PERF_FLAG_FD_CLOEXEC);
	return p->fd[kind] < 0 ? -errno : 0;
}

static void explain_open(int err, char *why, size_t len)
{
	if (err == -EACCES || err == -EPERM)
		snprintf(why, len, "perf_event_open(2) is not permitted: run as root or with CAP_PERFMON, or sysctl kernel.perf_event_paranoid=-1");
	else
		snprintf(why, len, "perf_event_open(2) fails: %s",
			 strerror(-err));
}

int perf_open(struct perf *p, char *why, size_t len)
{
	enum trace_kind kind;
	int err = 0;

	memset(p, 0, sizeof(*p));
	for (kind = 0; kind < TRACE_KINDS; kind++)
		p->fd[kind] = -1;
	p->thread = perf_thread();
	for (kind = 0; kind < TRACE_KINDS; kind++) {
		err = perf_find_event(p, kind, why, len);
		if (err)
			break;
		err = open_event(p, kind);
		if (err) {
			explain_open(err, why, len);
			break;
		}
	}
	if (err)
		perf_close(p);
	return err;
}

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void drop_ring(struct perf *p)
{
	if (p->ring)
		munmap(p->ring, page_bytes() + p->ring_bytes);
	p->ring = NULL;
	p->ring_bytes = 0;
}

void perf_close(struct perf *p)
{
	enum trace_kind kind;

	if (!p->thread)
		return;
	drop_ring(p);
	for (kind = 0; kind < TRACE_KINDS; kind++)
		if (p->fd[kind] >= 0)
			close(p->fd[kind]);
	p->thread = 0;
}

/* All events write to the first one's ring, so that their order is kept. */
static int map_ring(struct perf *p, size_t bytes)
{
	enum trace_kind kind;
	void *ring;

	drop_ring(p);
	ring = mmap(NULL, page_bytes() + bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED, p->fd[0], 0);
	if (ring == MAP_FAILED)
		return -errno;
	p->ring = ring;
	p->ring_bytes = bytes;
	for (kind = 1; kind < TRACE_KINDS; kind++)
		if (ioctl(p->fd[kind], PERF_EVENT_IOC_SET_OUTPUT, p->fd[0]))
			return -errno;
	return 0;
}

/* The kernel may allow less than is wanted; what is lost will be told. */
static int make_ring(struct perf *p, uint64_t records)
{
	size_t bytes = RING_MIN;
	int err;

	while (bytes < RING_MAX && bytes / RECORD_BYTES < records)
		bytes *= 2;
	if (bytes <= p->ring_bytes)
		return 0;
	do {
		err = map_ring(p, bytes);
		bytes /= 2;
	} while (err && bytes >= page_bytes());
	return err;
}

/* Since they were opened; what found no room in the ring is counted, too. */
static int64_t count_events(const struct perf *p)
{
	uint64_t value, all = 0;
	enum trace_kind kind;

	for (kind = 0; kind < TRACE_KINDS; kind++) {
		if (read(p->fd[kind], &value, sizeof(value)) != sizeof(value))
			return -1;
		all += value;
	}
	return (int64_t)all;
}

static int switch_events(const struct perf *p, unsigned long request)
{
	enum trace_kind kind;

	for (kind = 0; kind < TRACE_KINDS; kind++)
		if (ioctl(p->fd[kind], request, 0))
			return -errno;
	return 0;
}

void perf_stop(const struct perf *p)
{
	switch_events(p, PERF_EVENT_IOC_DISABLE);
}

int perf_restart(struct perf *p, uint64_t records)
{
	int err = make_ring(p, records);
	struct perf_event_mmap_page *ends = p->ring;
	int64_t count;

	if (err)
		return err;
	__atomic_store_n(&ends->data_tail,
			 __atomic_load_n(&ends->data_head, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
	count = count_events(p);
	if (count < 0)
		return -EIO;
	p->count = (uint64_t)count;
	return switch_events(p, PERF_EVENT_IOC_ENABLE);
}

int64_t perf_count(const struct perf *p)
{
	int64_t count = count_events(p);

	return count < 0 ? -1 : count - (int64_t)p->count;
}

uint64_t perf_thread(void)
{
	static _Atomic uint64_t threads;
	static _Thread_local uint64_t thread;

	if (!thread)
		thread = ++threads;
	return thread;
}

/* A record may go round the end of the ring. */
static void copy_out(const struct perf *p, uint64_t at, void *to, size_t n)
{
	const char *data = (const char *)p->ring + page_bytes();
	size_t from = (size_t)at & (p->ring_bytes - 1);
	size_t first = p->ring_bytes - from < n ? p->ring_bytes - from : n;

	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, n - first);
}

/* The header of every record, then those of samples that open_event() asks. */
struct sample {
	struct perf_event_header header;
	uint64_t t;
	uint32_t raw_bytes;
	char raw[RECORD_BYTES * 2 - 20];
};

static bool parse_sample(const struct perf *p, const struct sample *s,
			 struct trace_record *r)
{
	enum trace_kind kind;
	uint16_t id;

	if (s->header.type != PERF_RECORD_SAMPLE)
		return false;
	memcpy(&id, s->raw, sizeof(id));
	for (kind = 0; kind < TRACE_KINDS; kind++) {
		if (p->id[kind] != id ||
		    p->addr_at[kind] + sizeof(r->addr) > s->raw_bytes ||
		    p->addr_at[kind] + sizeof(r->addr) > sizeof(s->raw))
			continue;
		r->t = s->t;
		r->kind = kind;
		memcpy(&r->addr, s->raw + p->addr_at[kind], sizeof(r->addr));
		return true;
	}
	return false;
}

bool perf_next(const struct perf *p, uint64_t *at, struct trace_record *r)
{
	const struct perf_event_mmap_page *ends = p->ring;
	uint64_t head = __atomic_load_n(&ends->data_head, __ATOMIC_ACQUIRE);
	struct sample s;
	uint64_t here;

	if (!*at)
		*at = ends->data_tail;
	while (*at < head) {
		here = *at;
		copy_out(p, here, &s.header, sizeof(s.header));
		if (s.header.size < sizeof(s.header))
			return false;
		*at += s.header.size;
		copy_out(p, here, &s, s.header.size < sizeof(s) ? s.header.size
								: sizeof(s));
		if (parse_sample(p, &s, r))
			return true;
	}
	return false;
}
