/* SPDX-License-Identifier: MIT */
/*
 * reproduce: how well does a profile say what was measured?
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "options.h"
#include "output.h"
#include "read_options.h"
#include "reproduce.h"

#define USUAL_PROFILE	"zen3-ptdma"

static const char help[] =
"migsim-bench reproduce [TABLE…] [OPTION…]    measured tables beside the model\n"
"\n"
"Predicts every cell of the tables and shows it beside what was measured, with\n"
"the error in percent and the 95 % interval of the prediction. Without a TABLE\n"
"all are shown; 'migsim-bench list tables' names the published ones.\n"
"\n"
"  --profile NAME|FILE[:KEY=V,…]  the model's costs                (" USUAL_PROFILE ")\n"
"  --data FILE[,FILE…]            CSV with the columns of the published data, or\n"
"                                 of a sweep of one's own    (the published data)\n"
"  --format table|lkml|csv|json   a line per cell, a mail, for programs  (table)\n"
"  --output FILE                  written when it is whole               (stdout)\n"
"  --quiet                        no progress, no remarks\n"
"\n"
"Flagged cells (column flag) are shown and counted in no mean. Examples:\n"
"  migsim-bench reproduce 2b-order0 2b-order9 --format lkml\n"
"  migsim-bench reproduce --profile zen3-ptdma:flush_base_us=36 1a\n";

/* Above any letter, so that getopt's answers can be told apart. */
enum { OPTION_PROFILE = 256, OPTION_DATA, OPTION_FORMAT, OPTION_OUTPUT,
       OPTION_QUIET };

struct request {
	const char *profile;
	char *data;		/* NULL: the published tables */
	enum format format;
	const char *output;
	bool quiet;
	bool help;
	char **tables;		/* point into argv */
	size_t nr_tables;
};

/* What the signals that end the program have to remove; "": nothing */
static char temporary[PATH_MAX];

static void on_signal(int number)
{
	unlink(temporary);
	signal(number, SIG_DFL);
	raise(number);
}

static int take_format(struct request *rq, const char *word)
{
	static const char *const known[] = {
		[FORMAT_TABLE] = "table", [FORMAT_LKML] = "lkml",
		[FORMAT_CSV] = "csv", [FORMAT_JSON] = "json",
	};
	unsigned int i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(word, known[i])) {
			rq->format = (enum format)i;
			return 0;
		}
	}
	say("--format: formats are table, lkml, csv and json, not '%.100s'",
	    word);
	return EXIT_USAGE;
}

static int take(void *arg, int option, char *value)
{
	struct request *rq = arg;

	if (value && !*value) {
		say("an option has an empty value; 'migsim-bench reproduce --help' lists them all");
		return EXIT_USAGE;
	}
	switch (option) {
	case OPTION_PROFILE:
		rq->profile = value;
		return 0;
	case OPTION_DATA:
		rq->data = value;
		return 0;
	case OPTION_FORMAT:
		return take_format(rq, value);
	case OPTION_OUTPUT:
		rq->output = value;
		return 0;
	case OPTION_QUIET:
		rq->quiet = true;
		return 0;
	default:
		rq->help = true;
		return 0;
	}
}

static int parse(int argc, char **argv, struct request *rq)
{
	static const struct option options[] = {
		{ "profile", required_argument, NULL, OPTION_PROFILE },
		{ "data", required_argument, NULL, OPTION_DATA },
		{ "format", required_argument, NULL, OPTION_FORMAT },
		{ "output", required_argument, NULL, OPTION_OUTPUT },
		{ "quiet", no_argument, NULL, OPTION_QUIET },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int rc = read_options(argc, argv, ":h", options, take, rq);

	rq->tables = argv + optind;
	rq->nr_tables = (size_t)(argc - optind);
	return rc;
}

static int read_data(struct data *d, const struct request *rq)
{
	char *rest = rq->data, *path;
	int rc = 0;

	if (!rest)
		return data_read_published(d);
	while (!rc && (path = strsep(&rest, ","))) {
		if (!strcmp(path, "published")) {
			rc = data_read_published(d);
		} else if (*path) {
			rc = data_read(d, path);
		} else {
			say("--data: a file is missing between the commas");
			rc = EXIT_USAGE;
		}
	}
	return rc;
}

static int write_tables(const struct repro *r, enum format format,
			struct output *out)
{
	static int (*const write[])(FILE *, const struct repro *) = {
		[FORMAT_TABLE] = repro_table, [FORMAT_LKML] = repro_lkml,
		[FORMAT_CSV] = repro_csv, [FORMAT_JSON] = repro_json,
	};
	int err = write[format](out->file, r), rc;

	if (err == -ENOMEM) {
		output_drop(out);
		return out_of_memory();
	}
	rc = output_finish(out);
	if (err && !rc) {
		say("the results could not be written");
		rc = EXIT_FAILED;
	}
	return rc;
}

/* Ctrl-C ends at once, but leaves no file beside the one to be written. */
static void catch_signals(const struct output *out)
{
	struct sigaction sa = { .sa_handler = on_signal };

	if (!out->temporary || strlen(out->temporary) >= sizeof(temporary))
		return;
	strcpy(temporary, out->temporary);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static int predict_and_write(struct repro *r, const struct data *data,
			     const struct request *rq,
			     const struct migsim_profile *profile)
{
	struct output out;
	int rc = output_open(&out, rq->output);

	if (rc)
		return rc;
	catch_signals(&out);
	rc = repro_predict(r, data, profile, rq->quiet);
	/* With other values it is not the profile of that name. */
	if (strchr(rq->profile, ':'))
		r->profile = rq->profile;
	if (!rc && r->skipped && !rq->quiet)
		say("%zu rows are left out: a mix of folio sizes, a policy that is not batch, several threads that copy, --busy, or the throughput of a traced kernel",
		    r->skipped);
	if (!rc)
		rc = write_tables(r, rq->format, &out);
	output_drop(&out);
	return rc;
}

static int reproduce(const struct request *rq)
{
	struct migsim_profile *profile;
	struct data data = { 0 };
	struct repro r = { 0 };
	int rc, err;

	listen_to_library(rq->quiet);
	err = migsim_profile_open(&profile, rq->profile);
	if (err)
		return err == -ENOMEM ? out_of_memory() : EXIT_USAGE;
	rc = read_data(&data, rq);
	if (!rc)
		rc = repro_tables(&r, &data, rq->tables, rq->nr_tables);
	if (!rc)
		rc = predict_and_write(&r, &data, rq, profile);
	repro_free(&r);
	data_free(&data);
	migsim_profile_close(profile);
	return rc;
}

int cmd_reproduce(int argc, char **argv)
{
	struct request rq = { .profile = USUAL_PROFILE };
	int rc = parse(argc, argv, &rq);

	if (rc)
		return rc;
	if (!rq.help)
		return reproduce(&rq);
	fputs(help, stdout);
	return EXIT_DONE;
}
