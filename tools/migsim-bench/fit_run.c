/* SPDX-License-Identifier: MIT */
/*
 * One fit from the data to the file, which appears when it is whole.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "fit_command.h"
#include "options.h"
#include "output.h"
#include "render.h"

#define WIPE_REST "\033[K"

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static void catch_signals(struct sigaction old[2])
{
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_RESTART };

	stopped = 0;
	sigaction(SIGINT, &sa, &old[0]);
	sigaction(SIGTERM, &sa, &old[1]);
}

static void release_signals(const struct sigaction old[2])
{
	sigaction(SIGINT, &old[0], NULL);
	sigaction(SIGTERM, &old[1], NULL);
}

static int interrupted(void)
{
	say("interrupted; no profile is written");
	return EXIT_FAILED;
}

static int read_data(struct fit_job *job)
{
	const struct fit_words *words = &job->rq->data;
	size_t i;
	int code = 0;

	for (i = 0; i < words->n && !code; i++)
		code = strcmp(words->word[i], "published") ?
		       data_read(&job->data, words->word[i]) :
		       data_read_published(&job->data);
	return code;
}

/* The measurements must outlive the fit. */
static int check_output(const struct fit_request *rq)
{
	struct stat out, in;
	size_t i;

	if (stat(rq->output, &out))
		return 0;
	for (i = 0; i < rq->data.n; i++)
		if (!stat(rq->data.word[i], &in) && in.st_dev == out.st_dev &&
		    in.st_ino == out.st_ino) {
			say("--output: %.200s holds the measurements", rq->output);
			return EXIT_USAGE;
		}
	return 0;
}

static int refuse_split(const struct fit_job *job)
{
	if (job->nr_held)
		say("--holdout holds out everything, and nothing is left to fit");
	else if (!strcmp(job->data.row[0].flag, EMULATED))
		say("nothing to fit: of %zu rows %zu are flagged, the first as '" EMULATED "': an emulated machine's times are no costs, and no option takes them; measure on a real machine",
		    job->data.n, job->nr_flagged);
	else
		say("nothing to fit: of %zu rows %zu are flagged, the first as '%.60s', and no option takes them; %zu rows are of no single folio size, of another policy than batch, copied by several threads, or the throughput of a traced kernel",
		    job->data.n, job->nr_flagged, job->data.row[0].flag,
		    job->data.skipped);
	return EXIT_USAGE;
}

/* Which rows are fitted, which held out. */
static int split_data(struct fit_job *job)
{
	size_t i, n = job->data.n;
	int code = 0;

	job->held = calloc(n + 1, sizeof(*job->held));
	job->datum = calloc(n + 1, sizeof(*job->datum));
	job->error = calloc(n + 1, sizeof(*job->error));
	if (!job->held || !job->datum || !job->error)
		return out_of_memory();
	for (i = 0; i < job->rq->holdout.n && !code; i++)
		code = fit_hold_out(job, job->rq->holdout.word[i]);
	if (code)
		return code;
	for (i = 0; i < n; i++) {
		if (!fit_row_counts(&job->data.row[i]))
			job->nr_flagged++;
		else if (job->held[i])
			job->nr_held++;
		else
			job->datum[job->nr_fitted++] = job->data.row[i].datum;
	}
	return job->nr_fitted ? 0 : refuse_split(job);
}

/* One line on a terminal. */
struct steps {
	bool shown;
	double rms;	/* that the line shows */
};

/* False: somebody pressed Ctrl-C. */
static bool on_step(void *arg, unsigned int step, double rms)
{
	struct steps *s = arg;

	if (s->shown && isfinite(rms) && rms != s->rms) {
		fprintf(stderr, "step %u, rms %.3g %%" WIPE_REST "\r", step,
			100 * rms);
		fflush(stderr);
		s->rms = rms;
	}
	return !stopped;
}

static int fit(struct fit_job *job)
{
	struct steps steps = {
		.shown = !job->rq->quiet && isatty(STDERR_FILENO), .rms = NAN,
	};
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	int err;

	o.fixed = job->fixed;
	o.prior_sd = job->rq->prior;
	o.progress = on_step;
	o.arg = &steps;
	job->fit.size = sizeof(job->fit);
	job->profile = migsim_profile_copy(job->start);
	if (!job->profile)
		return out_of_memory();
	err = migsim_fit(job->profile, job->datum, job->nr_fitted, &o,
			 &job->fit);
	if (steps.shown)
		fputs(WIPE_REST, stderr);
	if (err == -EINTR)
		return interrupted();
	if (err == -ENOMEM)
		return out_of_memory();
	/* The library has said what is wrong with the data. */
	return err ? EXIT_USAGE : 0;
}

static bool go_on(void *arg)
{
	(void)arg;
	return !stopped;
}

/* Every row that counts, fitted or held out. */
static int predict(struct fit_job *job, const struct migsim_profile *profile)
{
	size_t n = job->data.n, i;
	struct data_prediction *p = calloc(n + 1, sizeof(*p));
	bool *wanted = calloc(n + 1, sizeof(*wanted));
	int code = p && wanted ? 0 : out_of_memory();

	for (i = 0; i < n && !code; i++)
		wanted[i] = fit_row_counts(&job->data.row[i]);
	if (!code)
		code = data_predict(&job->data, wanted, profile, p, go_on,
				    NULL);
	for (i = 0; i < n && !code; i++)
		job->error[i] = p[i].value / job->data.row[i].datum.value - 1;
	free(p);
	free(wanted);
	/* What is wrong with a row was said. */
	return stopped && code != EXIT_USAGE ? interrupted() : code;
}

static int write_profile(struct fit_job *job)
{
	struct output out;
	struct sigaction old[2];
	int code;

	/* From here on a signal must not leave half a file. */
	catch_signals(old);
	code = output_open(&out, job->rq->output);
	/* The library does not know in which row a value stands. */
	if (!code)
		code = predict(job, job->start);
	if (!code)
		code = fit(job);
	if (!code)
		code = predict(job, job->profile);
	if (!code)
		code = fit_describe(job);
	if (!code && migsim_profile_write(job->profile, out.file)) {
		say("--output: %.200s could not be written", job->rq->output);
		code = EXIT_FAILED;
	}
	if (!code)
		code = output_finish(&out);
	output_drop(&out);
	release_signals(old);
	return code;
}

static int prepare(struct fit_job *job)
{
	int code = migsim_profile_open(&job->start, job->rq->start) ?
		   EXIT_USAGE : 0;

	if (!code)
		code = fit_choose_keys(job);
	if (!code)
		code = check_output(job->rq);
	if (!code)
		code = read_data(job);
	return code ? code : split_data(job);
}

int fit_run(const struct fit_request *rq)
{
	struct fit_job job = { .rq = rq };
	int code, err = 0;

	listen_to_library(rq->quiet);
	code = prepare(&job);
	if (!code)
		code = write_profile(&job);
	if (!code)
		err = fit_print(stdout, &job);
	if (err) {
		say("the report could not be written: %s", strerror(-err));
		code = EXIT_FAILED;
	}
	data_free(&job.data);
	free(job.held);
	free(job.datum);
	free(job.error);
	migsim_profile_close(job.start);
	migsim_profile_close(job.profile);
	return code;
}
