/* SPDX-License-Identifier: MIT */
/*
 * From the kick to the first completion: of a thread that polls, and of one
 * that sleeps. Both copy the same first pages, so that the rest is the waking.
 */
#include <stdio.h>
#include <stdlib.h>

#include "field.h"
#include "handling.h"
#include "pair.h"
#include "raw.h"
#include "sample.h"
#include "sys.h"

#define PAGE		((size_t)4096)
#define GROUP		(64 * PAGE)
#define FIELD		(64 * GROUP)
#define KICKS		100

#define BESIDE		"mt:threads=1,caller=no,spin_us="

struct wake {
	double kick_us[ROUNDS];	/* within kick */
	double first_us[ROUNDS];	/* from before it to the first end */
};

static void round_of(struct raw *raw, const struct field *f, unsigned int idle,
		     double *kick_us, double *first_us)
{
	double kick[KICKS], first[KICKS];
	uint64_t t0, t1;
	size_t i, at;

	for (i = 0; i < KICKS; i++) {
		at = i * GROUP % f->total;
		/* As one who prepares the next group. */
		stay_awake(idle);
		raw_submit(raw, f, at, at + GROUP);
		t0 = sys_ticks();
		raw_kick(raw);
		t1 = sys_ticks();
		while (!raw_reap(raw, 0))
			;
		first[i] = ticks_ns(sys_ticks() - t0) / 1e3;
		kick[i] = ticks_ns(t1 - t0) / 1e3;
		raw_drain(raw, raw->group - 1);
	}
	sample_sort(kick, KICKS);
	sample_sort(first, KICKS);
	*kick_us = kick[KICKS / 2];
	*first_us = first[KICKS / 2];
}

/* Opened anew, since one that polls would be in the way of the other. */
static void measure(struct raw *raw, const struct field *f, const char *word,
		    unsigned int idle, struct wake *w, size_t i)
{
	pair_open(raw, word);
	round_of(raw, f, idle, &w->kick_us[i], &w->first_us[i]);
	raw_close(raw);
}

static void print_idle(struct raw *raw, const struct field *f,
		       unsigned int idle)
{
	struct wake awake, asleep;
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		measure(raw, f, BESIDE "1000000", idle, &awake, i);
		measure(raw, f, BESIDE "0", idle, &asleep, i);
	}
	printf("idle for %5u us: kick %6.1f us awake, %6.1f asleep; to the first end %6.1f us awake, %6.1f asleep:",
	       idle, sample_median(awake.kick_us), sample_median(asleep.kick_us),
	       sample_median(awake.first_us), sample_median(asleep.first_us));
	sample_print_difference(asleep.first_us, awake.first_us);
	printf(" more\n");
}

void handling_print_waking(void)
{
	struct raw *raw = malloc(sizeof(*raw));
	struct field f;

	if (!raw)
		exit(1);
	field_make(&f, FIELD, PAGE, false);
	printf("\nTo wake a thread that sleeps (" BESIDE "0 against one that polls), medians of %d kicks\n",
	       KICKS);
	print_idle(raw, &f, 100);
	print_idle(raw, &f, 5000);
	field_free(&f);
	free(raw);
}
