/* SPDX-License-Identifier: MIT */
/*
 * migsim-bench compare: is B better than A, or does it only look so?
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "compare.h"
#include "read_options.h"

static const char help[] =
"Usage: migsim-bench compare [OPTION...] A.json B.json\n"
"Compares results that run or sweep wrote with --format json. Results of\n"
"equal configuration are paired, whatever their driver, runs, warm-up and\n"
"seed; one result on either side is a pair in any case.\n"
"\n"
"      --format=FORMAT   table (default) or json\n"
"      --metric=NAME     gib_s, first_us or inaccessible_us; may be repeated;\n"
"                        without it all three\n"
"      --help            this text\n"
"\n"
"B is better or worse where a two-sided Mann-Whitney test has p < 0.05 and\n"
"the 95 % interval of the difference of the medians leaves out 0. Results of\n"
"the model know no chance: their plain difference decides.\n"
"\n"
"Example:\n"
"  migsim-bench run --batch 512 --format json --output a.json\n"
"  migsim-bench run --batch 4096 --format json --output b.json\n"
"  migsim-bench compare a.json b.json\n";

struct request {
	bool json;
	bool help;
	bool any_metric;
	bool wanted[METRICS];
	const char *path[2];
};

static int take_format(struct request *rq, const char *word)
{
	if (strcmp(word, "table") && strcmp(word, "json")) {
		say("compare knows the formats table and json, not %s", word);
		return EXIT_USAGE;
	}
	rq->json = !strcmp(word, "json");
	return 0;
}

static int take_metric(struct request *rq, const char *word)
{
	size_t m;

	for (m = 0; m < METRICS; m++) {
		if (!strcmp(word, metrics[m].name)) {
			rq->wanted[m] = rq->any_metric = true;
			return 0;
		}
	}
	say("compare knows the metrics gib_s, first_us and inaccessible_us, not %s",
	    word);
	return EXIT_USAGE;
}

static int take_paths(struct request *rq, int argc, char **argv)
{
	if (argc - optind != 2) {
		say("compare needs two files, as in: migsim-bench compare A.json B.json");
		return EXIT_USAGE;
	}
	rq->path[0] = argv[optind];
	rq->path[1] = argv[optind + 1];
	return 0;
}

static int take(void *arg, int option, char *value)
{
	struct request *rq = arg;

	switch (option) {
	case 'f':
		return take_format(rq, value);
	case 'm':
		return take_metric(rq, value);
	default:
		rq->help = true;
		return 0;
	}
}

static int parse(int argc, char **argv, struct request *rq)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "metric", required_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int code = read_options(argc, argv, ":h", options, take, rq);

	return code || rq->help ? code : take_paths(rq, argc, argv);
}

static int judge_all(struct comparison *cmp)
{
	size_t i;
	int err = 0;

	cmp->finding = calloc(cmp->pairs.n * METRICS, sizeof(*cmp->finding));
	if (!cmp->finding)
		return -ENOMEM;
	for (i = 0; i < cmp->pairs.n * METRICS && !err; i++)
		err = judge(&cmp->pairs.pair[i / METRICS],
			    &metrics[i % METRICS], &cmp->finding[i]);
	return err;
}

static int judge_and_print(struct comparison *cmp, bool json)
{
	int err = judge_all(cmp);

	if (!err)
		err = json ? compare_print_json(stdout, cmp) :
			     compare_print_table(stdout, cmp);
	if (!err)
		return EXIT_DONE;
	say("cannot write the comparison: %s", strerror(-err));
	return EXIT_FAILED;
}

static int compare(const struct request *rq)
{
	struct comparison cmp = { 0 };
	size_t m;
	int code;

	for (m = 0; m < METRICS; m++)
		cmp.wanted[m] = rq->wanted[m] || !rq->any_metric;
	code = side_load(&cmp.a, rq->path[0]);
	if (!code)
		code = side_load(&cmp.b, rq->path[1]);
	if (!code)
		code = pairs_make(&cmp.pairs, &cmp.a, &cmp.b);
	if (!code)
		code = judge_and_print(&cmp, rq->json);
	free(cmp.finding);
	free(cmp.pairs.pair);
	side_free(&cmp.a);
	side_free(&cmp.b);
	return code;
}

int cmd_compare(int argc, char **argv)
{
	struct request rq = { 0 };
	int code = parse(argc, argv, &rq);

	if (code)
		return code;
	if (!rq.help)
		return compare(&rq);
	fputs(help, stdout);
	return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
}
