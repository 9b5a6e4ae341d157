/* SPDX-License-Identifier: MIT */
/*
 * The options of recommend: those of sweep that say what is measured and
 * where it goes, and the bounds.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "read_options.h"
#include "recommend.h"

static const char help[] =
"migsim-bench recommend [OPTION…] [RESULT.json…]    how much in flight?\n"
"\n"
"Tries a grid of every kind of policy for each engine and folio size: by the\n"
"model, on this machine (--backend uffd), or as a sweep's JSON has it.\n"
"\n"
"  --profile NAME|FILE[:KEY=V,…]  the model's costs                (zen3-ptdma)\n"
"  --backend model|uffd           virtual time, or measured here        (model)\n"
"  --engine NAME[:KEY=V,…]        (model:channels=0,1,4,16, or memcpy for uffd)\n"
"  --folio SIZE | --order N       a list                                (4K,2M)\n"
"  --policy NAME[:KEY=V,…]        a name: its grid; with keys: that one   (all)\n"
"  --max-first-us US              bound of the mean first-folio latency   (500)\n"
"  --max-inaccessible-us US       and of the p99 of inaccessible time    (none)\n"
"  --total BYTES --runs N         of every candidate (1G, 1; uffd: 256M, 5)\n"
"  --format table|lkml|json|csv   csv has all candidates                (table)\n"
"  --output FILE --seed N --quiet, and more, as for sweep\n"
"\n"
"Best of a kind: the most GiB/s within the bounds; of those that cannot be told\n"
"apart from it and have 95 % of it, the least first-folio latency. Examples:\n"
"  migsim-bench recommend --folio 2M --max-first-us 500 --format lkml\n"
"  migsim-bench recommend sweep.json --max-first-us 1000\n";

/* Above any letter; then come the spellings of options.c. */
enum { OPTION_FIRST = 256, OPTION_INACCESSIBLE, FIRST_SPELLING };

void recommend_help(void)
{
	fputs(help, stdout);
}

static int take_bound(const char *name, const char *text, double *bound)
{
	char *end;
	double us = strtod(text, &end);

	if (isdigit((unsigned char)*text) && !*end && isfinite(us) && us > 0) {
		*bound = us;
		return 0;
	}
	say("--%s: %.100s is no time; it is a number of us above 0", name, text);
	return EXIT_USAGE;
}

static int take(void *arg, int option, char *value)
{
	struct request *rq = arg;
	const struct spelling *s;
	char where[64];

	switch (option) {
	case 'h':
		rq->help = true;
		return 0;
	case OPTION_FIRST:
		return take_bound("max-first-us", value, &rq->bounds.first_us);
	case OPTION_INACCESSIBLE:
		return take_bound("max-inaccessible-us", value,
				  &rq->bounds.away_us);
	default:
		s = options_spelling((size_t)(option - FIRST_SPELLING));
		snprintf(where, sizeof(where), "--%s", s->name);
		return options_set(&rq->options, s->name, value ? value : "yes",
				   where);
	}
}

/* --batch is for one size, and what the tool seeks; the rest is of no use. */
static bool is_taken(const struct spelling *s)
{
	return strcmp(s->name, "batch") && s->id != OPT_VERIFY &&
	       s->id != OPT_READ_AFTER;
}

/* These may be lists: the answer has a line for each. */
static bool may_vary(enum option_id id)
{
	return id == OPT_ENGINE || id == OPT_FOLIO || id == OPT_POLICY;
}

static int check_lists(const struct options *o)
{
	unsigned int i;

	for (i = 0; i < DIMENSIONS; i++) {
		if (o->value[i].n < 2 || may_vary((enum option_id)i))
			continue;
		say("%s: recommend compares under equal conditions; give one value, not %zu",
		    o->value[i].where, o->value[i].n);
		return EXIT_USAGE;
	}
	return 0;
}

/* What was measured is measured: files take no option of a measurement. */
static int check_files(const struct request *rq)
{
	unsigned int i;

	for (i = 0; i < DIMENSIONS && rq->nr_files; i++) {
		if (!rq->options.value[i].n || i == OPT_POLICY)
			continue;
		say("%s has no part where results come from files; leave it out or name no file",
		    rq->options.value[i].where);
		return EXIT_USAGE;
	}
	return 0;
}

static int check_backend(const struct options *o)
{
	const struct value *v = &o->value[OPT_BACKEND];

	if (!v->n || strcmp(v->words[0], "kernel"))
		return 0;
	say("--backend: kernel knows no policy to choose; take model or uffd");
	return EXIT_USAGE;
}

int recommend_options(int argc, char **argv, struct request *rq)
{
	struct option table[MAX_SPELLINGS + 4] = {
		{ "help", no_argument, NULL, 'h' },
		{ "max-first-us", required_argument, NULL, OPTION_FIRST },
		{ "max-inaccessible-us", required_argument, NULL,
		  OPTION_INACCESSIBLE },
	};
	const struct spelling *s;
	size_t i, n = 3;
	int rc;

	*rq = (struct request){ .bounds = { USUAL_BOUND_US, INFINITY } };
	for (i = 0; (s = options_spelling(i)); i++)
		if (is_taken(s))
			table[n++] = (struct option){
				.name = s->name,
				.has_arg = s->kind == FLAG ? no_argument :
							     required_argument,
				.val = FIRST_SPELLING + (int)i,
			};
	rc = read_options(argc, argv, ":h", table, take, rq);
	if (rc || rq->help)
		return rc;
	rq->files = argv + optind;
	rq->nr_files = (size_t)(argc - optind);
	rc = check_lists(&rq->options);
	if (!rc)
		rc = check_backend(&rq->options);
	return rc ? rc : check_files(rq);
}
