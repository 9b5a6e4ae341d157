/* SPDX-License-Identifier: MIT */
/*
 * migsim-bench fit: a cost profile from measurements.
 */
#include <stdlib.h>

#include "bench.h"
#include "fit_command.h"
#include "options.h"
#include "read_options.h"
#include "real.h"

static const char help[] =
"migsim-bench fit DATA… -o FILE [OPTION…]    a cost profile from measurements\n"
"\n"
"DATA is a file that run or sweep wrote with --format csv, or 'published', the\n"
"tables that come with this tool. Rows that are flagged are not used,\n"
"nor is gib_s of a kernel that was traced (sweep kernel:trace=off as well).\n"
"\n"
"  -o, --output FILE    the profile, written when all is done\n"
"  --start PROFILE      NAME|FILE[:key=value…] to begin with       (zen3-ptdma)\n"
"  --free KEY,…         fit these coefficients only                (all)\n"
"  --fix KEY,…          leave these as they are at the start\n"
"  --prior SD           how near the start a coefficient is thought to lie: its\n"
"                       logarithm scatters by SD; 0: no opinion   (1, a factor e)\n"
"  --holdout EXPR       leave rows out and predict them: conditions with commas\n"
"                       between, all must hold; may be repeated. A condition is\n"
"                       a column, one of = != < <= > >= and a value, or 4|8.\n"
"                       Columns: table, engine, metric, order, channels,\n"
"                       folios_per_call, batch_pages\n"
"  --name NAME          of the profile                   (the file's base name)\n"
"  --quiet              no progress\n"
"\n"
"Example:\n"
"  migsim-bench fit published --holdout 'table=2b-order9,channels=4' -o x.profile\n";

static int add_word(struct fit_words *w, const char *word)
{
	const char **grown = realloc(w->word, (w->n + 1) * sizeof(*grown));

	if (!grown)
		return out_of_memory();
	w->word = grown;
	w->word[w->n++] = word;
	return 0;
}

static int take_prior(struct fit_request *rq, const char *text)
{
	if (parse_real(text, &rq->prior) && rq->prior >= 0)
		return 0;
	say("--prior: %.100s is no number of 0 or more", text);
	return EXIT_USAGE;
}

static int take_once(const char **value, const char *name, const char *text)
{
	if (*value)
		say("%s is given twice", name);
	else if (!*text)
		say("%s: a value is missing", name);
	else
		*value = text;
	return *value == text ? 0 : EXIT_USAGE;
}

static int take(void *arg, int c, char *text)
{
	struct fit_request *rq = arg;

	switch (c) {
	case 'o':
		return take_once(&rq->output, "--output", text);
	case 's':
		return take_once(&rq->start, "--start", text);
	case 'n':
		return take_once(&rq->name, "--name", text);
	case 'p':
		return take_prior(rq, text);
	case 'f':
		return add_word(&rq->free, text);
	case 'x':
		return add_word(&rq->fix, text);
	case 'e':
		return add_word(&rq->holdout, text);
	case 'q':
		rq->quiet = true;
		return 0;
	default:
		rq->help = true;
		return 0;
	}
}

static int parse(int argc, char **argv, struct fit_request *rq)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "start", required_argument, NULL, 's' },
		{ "free", required_argument, NULL, 'f' },
		{ "fix", required_argument, NULL, 'x' },
		{ "prior", required_argument, NULL, 'p' },
		{ "holdout", required_argument, NULL, 'e' },
		{ "name", required_argument, NULL, 'n' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int code = read_options(argc, argv, ":o:h", options, take, rq);

	for (; !code && !rq->help && optind < argc; optind++)
		code = add_word(&rq->data, argv[optind]);
	return code;
}

static int check(struct fit_request *rq)
{
	if (!rq->data.n) {
		say("fit needs measurements: CSV files, or 'published'; see migsim-bench fit --help");
		return EXIT_USAGE;
	}
	if (!rq->output) {
		say("fit needs -o FILE, where the profile is written");
		return EXIT_USAGE;
	}
	if (!rq->start)
		rq->start = "zen3-ptdma";
	return 0;
}

int cmd_fit(int argc, char **argv)
{
	struct fit_request rq = { .prior = 1 };
	int code = parse(argc, argv, &rq);

	if (!code && rq.help)
		fputs(help, stdout);
	else if (!code)
		code = check(&rq);
	if (!code && !rq.help)
		code = fit_run(&rq);
	free(rq.data.word);
	free(rq.free.word);
	free(rq.fix.word);
	free(rq.holdout.word);
	return code;
}
