/* SPDX-License-Identifier: MIT */
/*
 * The options of validate: those of sweep that say what is measured, where the
 * fit begins, and a bound.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "read_options.h"
#include "validate.h"

static const char help[] =
"migsim-bench validate [OPTION…]    the pipeline and the model against the kernel\n"
"\n"
"Moves the same lists between two nodes by userfaultfd and by move_pages(2), N\n"
"pages a call, and fits the model to the kernel's, but for every second N, which\n"
"it predicts. Says for each metric whether they agree: the 95 % interval of the\n"
"error lies within the bound, at every N. The kernel is measured untraced for\n"
"its GiB/s (as kernel:trace=off), and traced for latencies and phases.\n"
"\n"
"  --from NODE --to NODE         (the first node with memory, and the next one)\n"
"  --folio SIZE | --order N      a list                                 (4K,2M)\n"
"  --folios-per-call N           a list, for every folio size\n"
"                                (8 to 4096 pages by x4; of 2M 1 to 16 by x2)\n"
"  --total BYTES --runs N --warmup N --seed N            (256M, 5, 1, 1)\n"
"  --layout contiguous|scattered\n"
"  --engine NAME[:KEY=V,…] --pool warm|cold     of userspace     (memcpy, warm)\n"
"  --profile NAME|FILE[:KEY=V,…] what the fit begins with          (zen3-ptdma)\n"
"  --tolerance PERCENT           one bound for all but pages moved and plateau\n"
"  --format table|lkml|csv|json  --output FILE  --quiet (no progress)\n"
"\n"
"The exit status is 0 when it ran, whatever the verdicts. Example:\n"
"  migsim-bench validate --folio 4K --folios-per-call 8:8192:x2 --format lkml\n";

/* Above any letter; then come the spellings of options.c. */
enum { OPTION_PROFILE = 256, OPTION_TOLERANCE, FIRST_SPELLING };

void validate_help(void)
{
	fputs(help, stdout);
}

static int take_tolerance(const char *text, double *percent)
{
	char *end;
	double value = strtod(text, &end);

	if (isdigit((unsigned char)*text) && !*end && isfinite(value)) {
		*percent = value;
		return 0;
	}
	say("--tolerance: %.100s is no number of percent from 0", text);
	return EXIT_USAGE;
}

static int take(void *arg, int option, char *value)
{
	struct validate_request *rq = arg;
	const struct spelling *s;
	char where[64];

	switch (option) {
	case 'h':
		rq->help = true;
		return 0;
	case OPTION_PROFILE:
		rq->profile = value;
		return 0;
	case OPTION_TOLERANCE:
		return take_tolerance(value, &rq->tolerance);
	default:
		s = options_spelling((size_t)(option - FIRST_SPELLING));
		snprintf(where, sizeof(where), "--%s", s->name);
		return options_set(&rq->options, s->name, value ? value : "yes",
				   where);
	}
}

/* What the others are is fixed: that is what is compared. */
static bool is_taken(enum option_id id)
{
	switch (id) {
	case OPT_FOLIO:
	case OPT_ENGINE:
	case OPT_FOLIOS_PER_CALL:
	case OPT_TOTAL:
	case OPT_FROM:
	case OPT_TO:
	case OPT_LAYOUT:
	case OPT_POOL:
	case OPT_RUNS:
	case OPT_WARMUP:
	case OPT_SEED:
	case OPT_FORMAT:
	case OPT_OUTPUT:
	case OPT_QUIET:
		return true;
	default:
		return false;
	}
}

static int check_lists(const struct options *o)
{
	unsigned int i;

	for (i = 0; i < DIMENSIONS; i++) {
		if (o->value[i].n < 2 || i == OPT_FOLIO ||
		    i == OPT_FOLIOS_PER_CALL)
			continue;
		say("%s: validate compares under equal conditions; give one value, not %zu",
		    o->value[i].where, o->value[i].n);
		return EXIT_USAGE;
	}
	return 0;
}

int validate_options(int argc, char **argv, struct validate_request *rq)
{
	struct option table[MAX_SPELLINGS + 4] = {
		{ "help", no_argument, NULL, 'h' },
		{ "profile", required_argument, NULL, OPTION_PROFILE },
		{ "tolerance", required_argument, NULL, OPTION_TOLERANCE },
	};
	const struct spelling *s;
	size_t i, n = 3;
	int rc;

	*rq = (struct validate_request){ .profile = "zen3-ptdma",
					 .tolerance = NAN };
	for (i = 0; (s = options_spelling(i)); i++)
		if (is_taken(s->id))
			table[n++] = (struct option){
				.name = s->name,
				.has_arg = s->kind == FLAG ? no_argument :
							     required_argument,
				.val = FIRST_SPELLING + (int)i,
			};
	rc = read_options(argc, argv, ":h", table, take, rq);
	if (rc || rq->help)
		return rc;
	if (optind < argc) {
		say("'%.100s' is no option of validate; 'migsim-bench validate --help' lists them all",
		    argv[optind]);
		return EXIT_USAGE;
	}
	return check_lists(&rq->options);
}
