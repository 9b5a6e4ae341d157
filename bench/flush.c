/* SPDX-License-Identifier: MIT */
/*
 * What a thread on a second CPU costs each UFFDIO_MOVE: the kernel flushes one
 * folio's translation from every CPU that may hold it, and waits for them.
 *
 *	alone	  no other thread has run for long
 *	asleep	  one ran on the other CPU just now; that CPU is idle
 *	polling	  one spins there
 *
 * In turns within one run. An idle CPU could flush when it wakes, but x86's
 * flush_tlb_range() says that page tables may be freed, and such a flush goes
 * to idle CPUs too. It is the first one only: then the CPU has left the memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "field.h"
#include "pair.h"
#include "sample.h"
#include "sys.h"

#define FOLIOS		32

enum other { ALONE, ASLEEP, POLLING, OTHERS };

static const char *const names[OTHERS] = { "alone", "asleep", "polling" };

/* Folios that are either in @here or away in @there. */
struct place {
	char *here, *there;
	size_t folio;
	int fd;
	bool away;
};

struct figures {
	double us[ROUNDS];	/* median of a round's moves */
	double longest[ROUNDS];
	double flushes[ROUNDS];	/* that a CPU got from another one, a move */
};

struct turn {
	struct place *place;
	enum other other;
	struct figures *figures;
	size_t round;
	sem_t go, ran;
	atomic_bool stop;
};

static uint64_t sum_of(const char *numbers)
{
	uint64_t sum = 0, n;
	char *end;

	for (;; numbers = end) {
		n = strtoull(numbers, &end, 10);
		if (end == numbers)
			return sum;
		sum += n;
	}
}

/* The row TLB of /proc/interrupts over all CPUs; 0 where there is none. */
static uint64_t flushes_received(void)
{
	FILE *f = fopen("/proc/interrupts", "re");
	char *line = NULL, *row;
	uint64_t sum = 0;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		row = strstr(line, "TLB:");
		if (row)
			sum = sum_of(row + strlen("TLB:"));
	}
	free(line);
	if (f)
		fclose(f);
	return sum;
}

static double move_us(const struct place *p, size_t i)
{
	uint64_t here = (uintptr_t)p->here + i * p->folio;
	uint64_t there = (uintptr_t)p->there + i * p->folio, moved, t;
	int ret;

	t = sys_ticks();
	ret = p->away ? sys_uffd_move(p->fd, here, there, p->folio, &moved) :
			sys_uffd_move(p->fd, there, here, p->folio, &moved);
	t = sys_ticks() - t;
	if (ret) {
		fprintf(stderr, "flush: UFFDIO_MOVE: %s\n", strerror(-ret));
		exit(1);
	}
	return ticks_ns(t) / 1e3;
}

/* The other thread runs, and has time to fall asleep. */
static void let_run(struct turn *t)
{
	sem_post(&t->go);
	sem_wait(&t->ran);
	stay_awake(200);
}

static void move_all(struct turn *t)
{
	struct figures *f = t->figures;
	uint64_t before = flushes_received();
	double us[FOLIOS];
	size_t i;

	for (i = 0; i < FOLIOS; i++) {
		if (t->other == ASLEEP)
			let_run(t);
		us[i] = move_us(t->place, i);
	}
	f->flushes[t->round] = (double)(flushes_received() - before) / FOLIOS;
	t->place->away = !t->place->away;
	sample_sort(us, FOLIOS);
	f->us[t->round] = us[FOLIOS / 2];
	f->longest[t->round] = us[FOLIOS - 1];
}

/* Part 0 moves, part 1 is the thread beside. */
static void take_part(void *arg, unsigned int part)
{
	struct turn *t = arg;

	if (!part) {
		move_all(t);
		t->stop = true;
		sem_post(&t->go);
		return;
	}
	while (!t->stop) {
		if (t->other == POLLING)
			continue;
		sem_wait(&t->go);
		sem_post(&t->ran);
	}
}

static char *memory(size_t bytes)
{
	char *p = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "flush: no memory\n");
		exit(1);
	}
	return p + (-(uintptr_t)p & (HUGE - 1));
}

static void place_open(struct place *p, size_t folio)
{
	size_t bytes = FOLIOS * folio;

	*p = (struct place){ .here = memory(bytes), .there = memory(bytes),
			     .folio = folio, .fd = sys_uffd_open() };
	if (p->fd < 0) {
		fprintf(stderr, "flush: userfaultfd or UFFDIO_MOVE is missing, or forbidden\n");
		exit(77);
	}
	madvise(p->here, bytes, folio == HUGE ? MADV_HUGEPAGE :
						MADV_NOHUGEPAGE);
	memset(p->here, 1, bytes);
	if (sys_uffd_register(p->fd, (uintptr_t)p->here, bytes) ||
	    sys_uffd_register(p->fd, (uintptr_t)p->there, bytes)) {
		fprintf(stderr, "flush: cannot register memory\n");
		exit(1);
	}
}

static void one_turn(struct place *p, enum other other, struct figures *f,
		     size_t round)
{
	struct turn t = { .place = p, .other = other, .figures = f,
			  .round = round };

	sem_init(&t.go, 0, 0);
	sem_init(&t.ran, 0, 0);
	pair_run(take_part, &t, other == ALONE ? 1 : 2);
	sem_destroy(&t.go);
	sem_destroy(&t.ran);
}

static void measure(const char *name, size_t folio, enum other others)
{
	struct figures f[OTHERS];
	struct migsim_cpu_time start;
	struct place p;
	enum other o;
	size_t i;

	place_open(&p, folio);
	migsim_cpu_time_read(&start);
	for (i = 0; i < ROUNDS; i++)
		for (o = ALONE; o < others; o++)
			one_turn(&p, o, &f[o], i);
	for (o = ALONE; o < others; o++)
		printf("%-6s %-8s %8.2f %9.1f %9.2f\n", name, names[o],
		       sample_median(f[o].us), sample_median(f[o].longest),
		       sample_median(f[o].flushes));
	printf("%-6s stolen %.1f %% of the CPU time\n", name,
	       stolen_percent(&start));
}

int main(void)
{
	enum other others = pair_start() ? OTHERS : ASLEEP;

	printf("One UFFDIO_MOVE, medians of %d rounds of %d\n\n"
	       "%-6s %-8s %8s %9s %9s\n", ROUNDS, FOLIOS, "folio", "beside",
	       "us", "longest", "flushes");
	measure("4K", (size_t)4096, others);
	measure("2M", HUGE, others);
	pair_stop();
	return 0;
}
