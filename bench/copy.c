/* SPDX-License-Identifier: MIT */
/*
 * Raw bandwidth of engines, without the pipeline, against copy loops as STREAM
 * has them, over the same pages and in turns within one run. Source memory is
 * cold, and so are the targets: they rotate through twice the last-level cache.
 * Engines get groups of copies, two in flight, so that none waits for the next.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/migsim.h>

#include "field.h"
#include "handling.h"
#include "loops.h"
#include "pair.h"
#include "raw.h"
#include "routine.h"
#include "sample.h"
#include "sys.h"

#define MAX_RACERS	64

struct setup {
	const char *name;
	size_t folio, group;	/* bytes */
	bool scattered;
};

enum { HUGE_8, HUGE_1, MIDDLE, SMALL_4096, SMALL, SCATTERED, SETUPS };

static const struct setup setups[SETUPS] = {
	[HUGE_8] = { "2M/4096", HUGE, 8 * HUGE, false },
	[HUGE_1] = { "2M/512", HUGE, HUGE, false },
	[MIDDLE] = { "64K/512", HUGE / 32, HUGE, false },
	[SMALL_4096] = { "4K/4096", HUGE / 512, 8 * HUGE, false },
	[SMALL] = { "4K/512", HUGE / 512, HUGE, false },
	[SCATTERED] = { "4K s/512", HUGE / 512, HUGE, true },
};

/* Who copies: a loop on so many threads, or an engine. */
struct racer {
	char name[64];
	const struct loop *loop;
	unsigned int threads;
	struct raw *raw;
	double gib_s[SETUPS][ROUNDS];
};

static struct racer racers[MAX_RACERS];
static size_t nr_racers;

static struct racer *add_racer(void)
{
	if (nr_racers == MAX_RACERS) {
		fprintf(stderr, "copy: more than %d engines and loops\n",
			MAX_RACERS);
		exit(2);
	}
	return &racers[nr_racers++];
}

static void add_loops(unsigned int threads)
{
	const struct loop *loop;
	struct racer *r;

	for (loop = loops; loop->name; loop++) {
		if (!loop->usable())
			continue;
		r = add_racer();
		r->loop = loop;
		r->threads = threads;
		snprintf(r->name, sizeof(r->name), "loop %s, %u thread%s",
			 loop->name, threads, threads > 1 ? "s" : "");
	}
}

static void add_engine(const char *word)
{
	struct racer *r = add_racer();

	snprintf(r->name, sizeof(r->name), "%s", word);
	r->raw = malloc(sizeof(*r->raw));
	if (!r->raw)
		exit(1);
	pair_open(r->raw, word);
}

static void to_stderr(void *arg, enum migsim_log_level level,
		      const char *sentence)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "copy: %s\n", sentence);
}

/* Every routine that the CPU has, by its name. */
static void add_routines(void)
{
	enum routine i;
	char word[64];
	bool usable;

	for (i = ROUTINE_GLIBC; i < ROUTINES; i++) {
		migsim_set_log(NULL, NULL);
		usable = i != ROUTINE_STREAM && !routine_check(i);
		migsim_set_log(to_stderr, NULL);
		if (!usable)
			continue;
		snprintf(word, sizeof(word), "memcpy:routine=%s",
			 routine_names[i]);
		add_engine(word);
	}
}

struct job {
	const struct racer *racer;
	const struct field *field;
};

/* As far as source and target go on: of one folio when scattered. */
static void loop_part(void *arg, unsigned int part)
{
	const struct job *job = arg;
	struct field f = field_part(job->field, part, job->racer->threads);
	size_t run = f.stride == f.folio ? f.pool : f.folio, at, n;

	for (at = 0; at < f.total; at += n) {
		n = f.total - at < run ? f.total - at : run;
		job->racer->loop->copy(field_dst(&f, at), field_src(&f, at), n);
	}
}

static uint64_t copy_all(const struct racer *r, const struct field *f,
			 size_t group)
{
	struct job job = { r, f };
	uint64_t t;

	if (r->loop)
		return pair_run(loop_part, &job, r->threads);
	t = sys_ticks();
	raw_copy(r->raw, f, group, 2);
	return sys_ticks() - t;
}

/* The first time is thrown away; it shows that everything is copied. */
static void check(const struct racer *r, const struct field *f, size_t group)
{
	unsigned int parts = r->loop ? r->threads : 1, i;
	struct field part;

	memset(f->dst, 0, f->pool);
	copy_all(r, f, group);
	if (r->raw && r->raw->engine->caps.flags & MIGSIM_ENGINE_NO_COPY)
		return;
	for (i = 0; i < parts; i++) {
		part = field_part(f, i, parts);
		if (field_is_copied(&part))
			continue;
		fprintf(stderr, "copy: %s did not copy everything\n", r->name);
		exit(1);
	}
}

static void measure(const struct setup *s, size_t total, size_t column)
{
	struct field f;
	struct racer *r;
	size_t i, k;

	field_make(&f, total, s->folio, s->scattered);
	for (i = 0; i < nr_racers; i++)
		check(&racers[i], &f, s->group);
	for (k = 0; k < ROUNDS; k++)
		for (i = 0; i < nr_racers; i++) {
			/* Nobody always runs behind the same one's leavings. */
			r = &racers[k % 2 ? nr_racers - 1 - i : i];
			r->gib_s[column][k] =
				gib_s(total, copy_all(r, &f, s->group));
		}
	field_free(&f);
}

static void print_table(void)
{
	size_t i, k;

	printf("%-28s", "GiB/s, medians");
	for (k = 0; k < SETUPS; k++)
		printf(" %9s", setups[k].name);
	printf("\n");
	for (i = 0; i < nr_racers; i++) {
		printf("%-28s", racers[i].name);
		for (k = 0; k < SETUPS; k++)
			printf(" %9.2f", sample_median(racers[i].gib_s[k]));
		printf("\n");
	}
}

static const struct racer *named(const char *name)
{
	size_t i;

	for (i = 0; i < nr_racers; i++)
		if (!strcmp(racers[i].name, name))
			return &racers[i];
	return NULL;
}

/* The fastest of those whose name begins so, and of so many threads. */
static const struct racer *best(const char *begin, unsigned int threads,
				size_t column)
{
	const struct racer *r, *top = NULL;
	double median, most = 0;

	for (r = racers; r < racers + nr_racers; r++) {
		if (strncmp(r->name, begin, strlen(begin)) ||
		    r->threads != threads)
			continue;
		median = sample_median(r->gib_s[column]);
		if (median > most) {
			most = median;
			top = r;
		}
	}
	return top;
}

static void target(size_t column, const struct racer *a, const struct racer *b,
		   double least)
{
	double ratio;

	if (!a || !b)
		return;
	printf("%-9s %-13s / %-26s", setups[column].name, a->name, b->name);
	ratio = sample_print_ratio(a->gib_s[column], b->gib_s[column]);
	printf("  %.2f %s\n", least, met(ratio, least));
}

static void print_targets(void)
{
	const struct racer *plain = named("memcpy");
	const struct racer *one = named("mt:threads=1");
	const struct racer *two = named("mt:threads=2");
	size_t k;

	printf("\nTargets: ratios of the rounds, median [95 %%], at least\n");
	for (k = HUGE_8; k <= HUGE_1; k++) {
		target(k, plain, named("memcpy:routine=glibc"), 1.4);
		target(k, plain, best("loop ", 1, k), 0.95);
		target(k, two, one, 1.6);
		target(k, two, best("loop ", 2, k), 0.95);
	}
	for (k = SMALL_4096; k <= SCATTERED; k++)
		target(k, plain, best("memcpy:", 0, k), 0.97);
}

static void usage(FILE *to)
{
	fprintf(to, "usage: copy [MiB] [ENGINE...]\n"
		"Bandwidth of engines by themselves beside STREAM-like loops, by folio size.\n"
		"MiB: bytes a round, a multiple of 16; 1024, so that they are cold.\n"
		"ENGINE: as memcpy:routine=glibc or mt:threads=2. Without one: memcpy and mt in\n"
		"all their ways, the targets, and what it costs to hand copies over.\n"
		"A column is the folio and the pages of a group; s: scattered.\n");
}

static void add_default_engines(bool two)
{
	add_routines();
	add_engine("memcpy");
	add_engine("mt:threads=1");
	if (two)
		add_engine("mt:threads=2");
	add_engine(two ? "mt:threads=2,caller=no" : "mt:threads=1,caller=no");
}

static void close_engines(void)
{
	size_t i;

	for (i = 0; i < nr_racers; i++) {
		if (racers[i].raw)
			raw_close(racers[i].raw);
		free(racers[i].raw);
	}
}

static bool parse_total(const char *text, size_t *total)
{
	char *end;

	*total = strtoull(text, &end, 10) << 20;
	return !*end && *total && *total % (8 * HUGE) == 0;
}

int main(int argc, char **argv)
{
	struct migsim_cpu_time start;
	size_t total = GIB, i;
	int at = 1;
	bool two;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return 0;
	}
	if (argc > at && isdigit((unsigned char)*argv[at]) &&
	    !parse_total(argv[at++], &total)) {
		usage(stderr);
		return 2;
	}
	migsim_set_log(to_stderr, NULL);
	two = pair_start();
	add_loops(1);
	if (two)
		add_loops(2);
	if (at == argc)
		add_default_engines(two);
	for (i = (size_t)at; i < (size_t)argc; i++)
		add_engine(argv[i]);
	printf("%zu MiB a round, %d rounds\n\n", total >> 20, ROUNDS);
	migsim_cpu_time_read(&start);
	for (i = 0; i < SETUPS; i++)
		measure(&setups[i], total, i);
	print_table();
	printf("\nThe hypervisor kept back %.1f %% of the CPU time (steal).\n",
	       stolen_percent(&start));
	if (at == argc)
		print_targets();
	if (at == argc && two) {
		handling_print_copies(total);
		handling_print_waking();
	}
	close_engines();
	pair_stop();
	return 0;
}
