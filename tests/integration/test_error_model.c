/* SPDX-License-Identifier: MIT */
/*
 * The engine error over the model, in virtual time: every kind of fault but
 * delays, which are real time. 1000 seeded migrations of each kind; there are
 * no bytes, but there are folios and counters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "watch.h"

#define FOLIOS	256
#define CALLS	10
#define RUNS	100

static struct migsim_folio folios[FOLIOS];
static char word[400];

static void lay_out(uint64_t *seed)
{
	static const uint8_t orders[] = { 0, 0, 0, 2, 4, 9 };
	uint64_t mix = 1 + next_random(seed) % 6;
	size_t i;

	for (i = 0; i < FOLIOS; i++)
		folios[i] = (struct migsim_folio){
			.addr = (i + 1) << 21,
			.order = orders[next_random(seed) % mix],
		};
	if (next_random(seed) % 2)
		shuffle(folios, FOLIOS, next_random(seed));
}

static void set_options(struct migsim_options *o, struct watch_call *call,
			const struct watch_kind *kind, uint64_t *seed)
{
	char at[32] = "";

	if (kind->dies)
		snprintf(at, sizeof(at), ",die_nth=%" PRIu64,
			 1 + next_random(seed) % 1500);
	snprintf(word, sizeof(word),
		 "watched:of=model+channels=%" PRIu64 ",seed=%" PRIu64 ",%s%s",
		 next_random(seed) % 5, next_random(seed), kind->faults, at);
	o->space = "model";
	o->engine = word;
	o->policy = watch_policy(seed, &call->pieces);
	o->mode = next_random(seed) % 2 ? MIGSIM_MODE_SYNC
					: MIGSIM_MODE_ASYNC;
	o->copy_timeout_ms = 5;
	call->mode = o->mode;
}

static void one_run(const struct watch_kind *kind, uint64_t seed)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct watch_call call = { .folios = folios, .n = FOLIOS,
				   .report = migsim_report_new() };
	unsigned int i;

	set_options(&o, &call, kind, &seed);
	watch_reset();
	assert_int_equal(migsim_migrator_open(&call.m, &o), 0);
	for (i = 0; i < CALLS; i++) {
		lay_out(&seed);
		watch_run(&call);
		watchdog_pat();
	}
	migsim_migrator_close(call.m);
	migsim_report_free(call.report);
	*word = '\0';
}

static void kind_of_fault(void **state)
{
	const struct watch_kind *kind = *state;
	unsigned int i;

	watchdog_start();
	for (i = 0; i < RUNS; i++)
		one_run(kind, (uint64_t)(kind - watch_kinds) << 32 | i);
}

static int say_what_failed(void **state)
{
	(void)state;
	if (*word)
		fprintf(stderr, "in %s\n", word);
	*word = '\0';
	return 0;
}

static void delays_are_refused(void **state)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_migrator *m = NULL;

	(void)state;
	o.space = "model";
	o.engine = "error:of=model,delay_ppm=1";
	assert_true(migsim_migrator_open(&m, &o) < 0);
}

int main(void)
{
	struct CMUnitTest tests[64] = { 0 };
	unsigned int i, n = 0;

	for (i = 0; i < watch_nr_kinds; i++)
		if (!watch_kinds[i].delays)
			tests[n++] = (struct CMUnitTest){
				watch_kinds[i].faults, kind_of_fault, NULL,
				say_what_failed, (void *)&watch_kinds[i],
			};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(delays_are_refused);
	return _cmocka_run_group_tests("error over model", tests, n, NULL,
				       NULL);
}
