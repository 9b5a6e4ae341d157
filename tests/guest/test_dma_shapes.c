/* SPDX-License-Identifier: MIT */
/*
 * Copies of every shape: from 64 bytes on, beginning anywhere, several to a
 * page; of pages that follow one another in memory or do not, that are seen at
 * two addresses, that are parts of huge ones. What a status says is true, what
 * no copy names stays as it was, and nothing remains pinned or charged.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dma_rig.h"
#include "dma_view.h"
#include "dma_words.h"

#define BYTES	SIDE_FILE
#define VIEW	SIDE_VIEW
#define MOST	200
#define GRAIN	64

static struct side from, to;
static char shadow[BYTES], taken[BYTES / GRAIN];
static unsigned int n;
static bool hugetlb;

/* False: another copy has some of these bytes. */
static bool take(size_t at, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += GRAIN)
		if (taken[side_in_file(&to, at + i) / GRAIN])
			return false;
	for (i = 0; i < len; i += GRAIN) {
		if (taken[side_in_file(&to, at + i) / GRAIN]) {
			while (i) {
				i -= GRAIN;
				taken[side_in_file(&to, at + i) / GRAIN] = 0;
			}
			return false;
		}
		taken[side_in_file(&to, at + i) / GRAIN] = 1;
	}
	return true;
}

static size_t some_place(size_t len)
{
	size_t room = (VIEW - len) / GRAIN + 1;
	size_t at = words_random((uint32_t)room) * GRAIN;

	return words_random(2) ? at & ~(PAGE - 1) : at;
}

static void make_copies(unsigned int channels)
{
	static const uint32_t most[] = { PAGE, PAGE, 64 << 10, 3 * MIB };
	size_t src_at = 0, dst_at = 0, len = 0;
	unsigned int i;

	memset(taken, 0, sizeof(taken));
	n = 0;
	for (i = 0; i < 2 * MOST && n < MOST; i++) {
		/* Some go on where the one before has ended. */
		src_at += len;
		dst_at += len;
		len = (1 + words_random(most[words_random(4)] / GRAIN)) * GRAIN;
		if (words_random(2) || src_at + len > VIEW)
			src_at = some_place(len);
		if (words_random(2) || dst_at + len > VIEW)
			dst_at = some_place(len);
		if (!take(dst_at, len))
			continue;
		copies[n++] = (struct migsim_dma_copy){
			.dst = (uintptr_t)to.view + dst_at,
			.src = (uintptr_t)from.view + src_at,
			.len = (uint32_t)len, .status = MIGSIM_DMA_PENDING,
			.channel = words_random(4) ? MIGSIM_DMA_CHANNEL_ANY :
				(uint16_t)words_random(channels),
		};
	}
	assert_true(n > 10);
}

static void settings(void)
{
	static const unsigned long chunks[] = {
		0, 64, PAGE, 256 << 10, 256 << 10, 4294967295ul };
	static const unsigned long descs[] = {
		0, 1, 4159, PAGE, 20000, 2 * MIB, 4294967295ul };

	dma_set("chunk_bytes", chunks[words_random(6)]);
	dma_set("desc_bytes", descs[words_random(7)]);
	dma_set("depth", words_random(2) ? 64 : 1);
}

static long vm_pin(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	long kb = -1;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmPin: %ld", &kb);
	fclose(f);
	return kb;
}

static void nothing_stays(void)
{
	assert_true(pinned_become(0));
	assert_int_equal(vm_pin(), 0);
}

/* Of copies that failed nobody knows the targets. */
static unsigned int truth(void)
{
	unsigned int i, failed = 0;
	size_t at, k;

	for (i = 0; i < n; i++) {
		at = copies[i].dst - (uintptr_t)to.view;
		failed += copies[i].status != 0;
		for (k = 0; k < copies[i].len; k += GRAIN)
			memcpy(shadow + side_in_file(&to, at + k), copies[i].status ?
			       to.file + side_in_file(&to, at + k) :
			       (char *)(uintptr_t)copies[i].src + k, GRAIN);
	}
	assert_memory_equal(shadow, to.file, BYTES);
	return failed;
}

static void run(unsigned long skip)
{
	uint32_t flags = words_random(2) ? MIGSIM_DMA_SPLIT : 0;
	unsigned int check = skip ? 1 + words_random(2) : words_random(3), i;
	long errors;
	int rc;

	settings();
	dma_set("check", check);
	swdma_set("skip_every", skip);
	swdma_set("out_of_order", words_random(2));
	memcpy(shadow, to.file, BYTES);
	errors = dma_counter("errors");
	rc = dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, n, flags);
	swdma_set("skip_every", 0);
	for (i = 0; i < n; i++)
		assert_true(!copies[i].status ||
			    (skip && copies[i].status == -EIO));
	assert_int_equal(rc, truth());
	assert_int_equal(dma_counter("errors") - errors, rc);
	if (skip == 1)
		assert_int_equal(rc, n);
	nothing_stays();
}

static void copies_are_made(void **state)
{
	unsigned int i, channels;

	(void)state;
	for (i = 0; i < 12; i++) {
		channels = 1 + words_random(16);
		assert_int_equal(dma_claim(&dma, channels), channels);
		make_copies(channels);
		run(i % 4);
		assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0,
					0), 0);
	}
}

static void a_hole_undoes_all(void **state)
{
	unsigned int i, k;
	size_t at, page;
	uint64_t a;

	(void)state;
	assert_int_equal(dma_claim(&dma, 4), 4);
	for (i = 0; i < 8; i++) {
		make_copies(4);
		settings();
		k = words_random(n);
		a = i % 2 ? copies[k].src : copies[k].dst;
		at = words_random(copies[k].len);
		page = i % 2 ? from.unit : to.unit;
		a = (a + at) & ~(page - 1);
		memcpy(shadow, to.file, BYTES);
		assert_int_equal(mprotect((void *)(uintptr_t)a, page,
					  PROT_NONE), 0);
		assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, n,
					MIGSIM_DMA_SPLIT), -EFAULT);
		assert_int_equal(mprotect((void *)(uintptr_t)a, page,
					  PROT_READ | PROT_WRITE), 0);
		nothing_stays();
		assert_memory_equal(shadow, to.file, BYTES);
		run(0);
	}
}

static unsigned long pages_of(uint64_t addr, uint64_t len)
{
	return (addr % PAGE + len + PAGE - 1) / PAGE;
}

static int copy_limited(unsigned long pages)
{
	struct rlimit was, limit;
	int rc;

	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &was), 0);
	limit.rlim_cur = pages * PAGE;
	limit.rlim_max = RLIM_INFINITY;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	assert_int_equal(seteuid(65534), 0);
	copies_again(copies, n);
	rc = dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, n, 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &was), 0);
	return rc;
}

/* To the page, again and again. */
static void the_limit_is_exact(void **state)
{
	unsigned long pages;
	unsigned int i, k;

	(void)state;
	assert_int_equal(dma_claim(&dma, 4), 4);
	for (i = 0; i < 4; i++) {
		make_copies(4);
		settings();
		pages = pages_of((uintptr_t)copies, n * sizeof(*copies));
		for (k = 0; k < n; k++)
			pages += pages_of(copies[k].src, copies[k].len) +
				 pages_of(copies[k].dst, copies[k].len);
		assert_int_equal(copy_limited(pages), 0);
		nothing_stays();
		assert_int_equal(copy_limited(pages - 1), -ENOMEM);
		nothing_stays();
		assert_int_equal(copy_limited(words_random((uint32_t)pages)),
				 -ENOMEM);
		nothing_stays();
		assert_int_equal(copy_limited(pages), 0);
		nothing_stays();
	}
}

static void put(const char *file, const char *word)
{
	FILE *f = fopen(file, "we");

	assert_non_null(f);
	fputs(word, f);
	assert_int_equal(fclose(f), 0);
}

static void set_huge(const char *word)
{
	put("/sys/kernel/mm/transparent_hugepage/shmem_enabled", word);
}

/* While memory is in one piece. */
static int load(void **state)
{
	put("/proc/sys/vm/nr_hugepages", "4");
	return rig_load(state);
}

static int unload(void **state)
{
	put("/proc/sys/vm/nr_hugepages", "0");
	return rig_unload(state);
}

static int setup_any(bool tlb, const char *shmem)
{
	hugetlb = tlb;
	words_seed(tlb ? 7 : (uint64_t)shmem[0]);
	set_huge(shmem);
	rig_begin(4 * MIB);
	side_make(&from, 1, false);
	/* Of huge pages a guest has enough for one side. */
	side_make(&to, 2, hugetlb);
	set_huge("never");
	return 0;
}

static int setup_small(void **state)
{
	(void)state;
	return setup_any(false, "never");
}

static int setup_thp(void **state)
{
	(void)state;
	return setup_any(false, "force");
}

static int setup_tlb(void **state)
{
	(void)state;
	return setup_any(true, "never");
}

static int teardown(void **state)
{
	side_drop(&from);
	side_drop(&to);
	return rig_end(state);
}

#define of(name, kind) \
	{ #name " (" #kind ")", name, setup_##kind, teardown, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		of(copies_are_made, small), of(copies_are_made, thp),
		of(copies_are_made, tlb),
		of(a_hole_undoes_all, small), of(a_hole_undoes_all, thp),
		of(a_hole_undoes_all, tlb),
		of(the_limit_is_exact, small), of(the_limit_is_exact, thp),
		of(the_limit_is_exact, tlb),
	};

	need_modules();
	return cmocka_run_group_tests(tests, load, unload);
}
