/* SPDX-License-Identifier: MIT */
/*
 * run: one configuration. Holds what sweep does as well: plan, measure, write.
 */
#include "bench.h"
#include "options.h"
#include "output.h"
#include "plan.h"

static long verify_errors(const struct results *rs)
{
	long sum = 0;
	size_t i;

	for (i = 0; i < rs->n; i++)
		if (rs->result[i].verify_errors > 0)
			sum += rs->result[i].verify_errors;
	return sum;
}

/* Every format has room for the warnings but csv. */
static void say_warnings(const struct plan *plan, const struct results *rs)
{
	size_t i;

	if (plan->format != FORMAT_CSV || plan->quiet)
		return;
	for (i = 0; i < rs->nr_warnings; i++)
		say("warning: %s", rs->warnings[i]);
}

/* What was measured before Ctrl-C is written as well, but is no success. */
static int write_results(const struct plan *plan, const struct results *rs,
			 struct output *out)
{
	long bad = verify_errors(rs);
	int err, rc;

	if (rs->interrupted)
		say(rs->n ? "interrupted; these are the runs that were done" :
			    "interrupted before anything was measured");
	if (!rs->n)
		return EXIT_FAILED;
	err = render(out->file, rs, plan->format);
	rc = output_finish(out);
	if (err && !rc) {
		say("the results could not be written");
		rc = EXIT_FAILED;
	}
	say_warnings(plan, rs);
	if (bad) {
		say("%ld pages do not hold what they held before", bad);
		rc = EXIT_FAILED;
	}
	return rs->interrupted ? EXIT_FAILED : rc;
}

static int measure(const struct plan *plan)
{
	struct results rs = { 0 };
	struct output out;
	int rc = output_open(&out, plan->output);

	if (rc)
		return rc;
	rc = sweep_measure(plan, &rs);
	/* What was measured before something failed is not thrown away. */
	if (!rc || rs.interrupted || rs.n) {
		int written = write_results(plan, &rs, &out);

		rc = rc ? rc : written;
	}
	output_drop(&out);
	results_free(&rs);
	return rc;
}

int measure_and_write(const struct options *sets, size_t n, bool only_one)
{
	struct plan plan;
	int rc;

	listen_to_library(true);
	rc = plan_make(&plan, sets, n);
	if (rc)
		return rc;
	if (only_one && plan.n > 1) {
		say("run measures one configuration and these are %zu; 'migsim-bench sweep' measures many",
		    plan.n);
		rc = EXIT_USAGE;
	} else {
		rc = measure(&plan);
	}
	plan_free(&plan);
	return rc;
}

int cmd_run(int argc, char **argv)
{
	struct command_line line = { 0 };
	int rc = options_parse(argc, argv, &line);

	if (rc) {
		;
	} else if (line.help) {
		help_run();
	} else if (line.nr_files) {
		say("'%.100s' is no option of run; job files are for sweep",
		    line.files[0]);
		rc = EXIT_USAGE;
	} else {
		rc = measure_and_write(&line.options, 1, true);
	}
	options_free(&line.options);
	return rc;
}
