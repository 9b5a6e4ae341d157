/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "field.h"
#include "handling.h"
#include "pair.h"
#include "raw.h"
#include "routine.h"
#include "sample.h"
#include "sys.h"

#define PAGE		((size_t)4096)
#define GROUP		(64 * PAGE)
#define MOST_NS		150

/* So long a thread polls that it never sleeps while groups come. */
#define AWAKE_US	"2000"
#define UNTIL_ASLEEP_US	10000

struct row {
	const char *word;
	unsigned int threads;
	bool scattered;
};

static const struct row rows[] = {
	{ "mt:threads=2,spin_us=" AWAKE_US, 2, false },
	{ "mt:threads=2,spin_us=" AWAKE_US, 2, true },
	{ "mt:threads=1,caller=no,spin_us=" AWAKE_US, 1, false },
	{ "mt:threads=1,caller=no,spin_us=" AWAKE_US, 1, true },
};

struct bare {
	struct copier copier;
	const struct field *field;
	unsigned int threads;
};

/*
 * A thread's share of every group, by the engine's own routine and joined
 * wherever copies continue each other, with one fence a group.
 */
static void bare_part(void *arg, unsigned int part)
{
	const struct bare *b = arg;
	struct field f = field_part(b->field, part, b->threads);
	size_t share = GROUP / b->threads, at, k;
	size_t run = f.stride == f.folio ? share : f.folio;

	for (at = 0; at < f.total; at += share) {
		for (k = at; k < at + share; k += run)
			copier_add(&b->copier, field_dst(&f, k),
				   field_src(&f, k), run,
				   field_src(&f, k + run));
		copier_finish();
	}
}

static void measure_row(const struct row *row, struct raw *raw, size_t total)
{
	struct field f;
	struct bare bare = { .field = &f, .threads = row->threads };
	double with[ROUNDS], without[ROUNDS], more;
	double copies = (double)(total / PAGE);
	uint64_t t;
	int i;

	if (copier_init(&bare.copier, ROUTINE_AUTO, ROUTINE_PREFETCH))
		exit(1);
	field_make(&f, total, PAGE, row->scattered);
	raw_copy(raw, &f, GROUP, 2);	/* thrown away */
	for (i = 0; i < ROUNDS; i++) {
		t = sys_ticks();
		raw_copy(raw, &f, GROUP, 2);
		with[i] = ticks_ns(sys_ticks() - t) / copies;
		usleep(UNTIL_ASLEEP_US);
		t = pair_run(bare_part, &bare, row->threads);
		without[i] = ticks_ns(t) / copies;
	}
	printf("%-38s %-9s %6.0f %6.0f  ", row->word,
	       row->scattered ? "scattered" : "joined",
	       sample_median(with), sample_median(without));
	more = sample_print_difference(with, without);
	printf("  %s\n", met(MOST_NS, more));
	field_free(&f);
}

void handling_print_copies(size_t total)
{
	struct raw *raw = malloc(sizeof(*raw));
	size_t i;

	if (!raw)
		exit(1);
	printf("\n4K copies in groups of 64, two groups in flight, no thread asleep; ns per copy.\n"
	       "bare: the same routine in a loop, as many threads. At most %d more.\n"
	       "%-38s %-9s %6s %6s  %s\n", MOST_NS, "", "", "engine", "bare",
	       "  more [95 %]");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pair_open(raw, rows[i].word);
		measure_row(&rows[i], raw, total);
		raw_close(raw);
	}
	free(raw);
}
