/* SPDX-License-Identifier: MIT */
/* Records of perf events, made up, in a ring that is read as the kernel's. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/perf_event.h>
#include <string.h>

#include "space/perf.h"

#define PAGE	4096
#define RING	4096
#define ID	700

static _Alignas(8) char memory[PAGE + RING];
static struct perf_event_mmap_page *ends = (void *)memory;
static struct perf p;

static int set_up(void **state)
{
	unsigned int i;

	(void)state;
	memset(memory, 0xaa, sizeof(memory));
	memset(memory, 0, PAGE);
	p = (struct perf){ .ring = memory, .ring_bytes = RING };
	for (i = 0; i < TRACE_KINDS; i++) {
		p.id[i] = (uint16_t)(ID + i);
		p.addr_at[i] = 8;
	}
	return 0;
}

static void begin_at(uint64_t at)
{
	ends->data_head = ends->data_tail = at;
}

static void put(const void *what, size_t bytes)
{
	const char *from = what;

	while (bytes--)
		memory[PAGE + ends->data_head++ % RING] = *from++;
}

/* As the kernel writes it: 36 bytes of the event, of which 28 count. */
static void put_record(uint32_t type, uint16_t id, uint64_t t, uint64_t addr)
{
	struct perf_event_header header = { .type = type, .size = 56 };
	char raw[36] = { 0 };
	uint32_t bytes = sizeof(raw);

	memcpy(raw, &id, sizeof(id));
	memcpy(raw + 8, &addr, sizeof(addr));
	put(&header, sizeof(header));
	put(&t, sizeof(t));
	put(&bytes, sizeof(bytes));
	put(raw, sizeof(raw));
}

static void put_sample(unsigned int kind, uint64_t t, uint64_t addr)
{
	put_record(PERF_RECORD_SAMPLE, (uint16_t)(ID + kind), t, addr);
}

static void assert_next(uint64_t *at, unsigned int kind, uint64_t t,
			uint64_t addr)
{
	struct trace_record r;

	assert_true(perf_next(&p, at, &r));
	assert_int_equal(r.kind, kind);
	assert_int_equal(r.t, t);
	assert_int_equal(r.addr, addr);
}

static void assert_end(uint64_t *at)
{
	struct trace_record r;

	assert_false(perf_next(&p, at, &r));
	assert_false(perf_next(&p, at, &r));
}

static void each_kind(void **state)
{
	uint64_t at = 0;
	unsigned int i;

	(void)state;
	for (i = 0; i < TRACE_KINDS; i++)
		put_sample(i, 10 + i, 4096 * i);
	for (i = 0; i < TRACE_KINDS; i++)
		assert_next(&at, i, 10 + i, 4096 * i);
	assert_end(&at);
}

/* From every place at which a record may be cut by the end of the ring. */
static void round_the_end(void **state)
{
	uint64_t begin, at;

	(void)state;
	for (begin = 0; begin <= RING; begin += 8) {
		begin_at(7 * RING + begin);
		put_sample(TRACE_SET_PTE, 1, 0x123456789000);
		put_sample(TRACE_REMOVE_PMD, 2, 0x7ffffffff000);
		at = 0;
		assert_next(&at, TRACE_SET_PTE, 1, 0x123456789000);
		assert_next(&at, TRACE_REMOVE_PMD, 2, 0x7ffffffff000);
		assert_end(&at);
	}
}

static void others_are_passed_over(void **state)
{
	uint64_t at = 0;

	(void)state;
	begin_at(64);
	put_record(PERF_RECORD_LOST, ID, 1, 4096);
	put_sample(TRACE_KINDS, 2, 4096);
	put_sample(TRACE_REMOVE_PTE, 3, 8192);
	put_record(PERF_RECORD_THROTTLE, ID, 4, 4096);
	assert_next(&at, TRACE_REMOVE_PTE, 3, 8192);
	assert_end(&at);
}

/* A size that no record has ends it: the next one cannot be found. */
static void no_record_at_all(void **state)
{
	struct perf_event_header header = { .type = PERF_RECORD_SAMPLE };
	uint64_t at = 0;

	(void)state;
	begin_at(64);
	put(&header, sizeof(header));
	put_sample(TRACE_SET_PTE, 1, 4096);
	assert_end(&at);
}

static void of_a_format_that_is_too_short(void **state)
{
	uint64_t at = 0;

	(void)state;
	p.addr_at[TRACE_SET_PTE] = 36;
	p.addr_at[TRACE_SET_PMD] = 1 << 20;
	put_sample(TRACE_SET_PTE, 1, 4096);
	put_sample(TRACE_SET_PMD, 1, 4096);
	assert_end(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_kind, set_up),
		cmocka_unit_test_setup(round_the_end, set_up),
		cmocka_unit_test_setup(others_are_passed_over, set_up),
		cmocka_unit_test_setup(no_record_at_all, set_up),
		cmocka_unit_test_setup(of_a_format_that_is_too_short, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
