/* SPDX-License-Identifier: MIT */
/*
 * validate: the pipeline in userspace and the model against the kernel's own
 * migration, on this machine.
 */
#include <errno.h>
#include <signal.h>

#include "bench.h"
#include "output.h"
#include "plan.h"
#include "run.h"
#include "validate.h"

static int write_all(const struct validation *v, struct output *out)
{
	static int (*const write[])(FILE *, const struct validation *) = {
		[FORMAT_TABLE] = validate_print, [FORMAT_LKML] = validate_lkml,
		[FORMAT_CSV] = validate_csv, [FORMAT_JSON] = validate_json,
	};
	int err = write[v->plan.format](out->file, v), rc;

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

/* Ctrl-C ends the fit as well; what was measured is written all the same. */
static int judge(struct validation *v)
{
	struct sigaction old[2];
	int err = validate_tables(v);

	if (v->rs.interrupted)
		v->no_model = "interrupted before the model was fitted";
	if (!err && !v->rs.interrupted) {
		sweep_catch_signals(old);
		err = validate_fit(v);
		sweep_release_signals(old);
	}
	if (err == -EINTR) {
		v->rs.interrupted = true;
		err = 0;
	}
	return err ? err : validate_judge(v);
}

static int finish(struct validation *v, struct output *out)
{
	int rc;

	if (!v->rs.n) {
		say("interrupted before anything was measured");
		return EXIT_FAILED;
	}
	if (judge(v))
		return out_of_memory();
	if (v->rs.interrupted)
		say("interrupted; this is what was measured");
	else if (v->ended_early)
		say("this is what was measured until then");
	rc = write_all(v, out);
	return v->rs.interrupted || v->ended_early ? EXIT_FAILED : rc;
}

static int validate(struct validate_request *rq)
{
	const struct value *path = &rq->options.value[OPT_OUTPUT];
	struct validation v = { .tolerance = rq->tolerance };
	struct output out = { 0 };
	int err = migsim_profile_open(&v.start, rq->profile), rc;

	/* The library has said what is wrong with a profile. */
	rc = err == -ENOMEM ? out_of_memory() : err ? EXIT_USAGE : 0;
	if (!rc)
		rc = output_open(&out, path->n ? path->words[0] : NULL);
	if (!rc)
		rc = validate_measure(&v, &rq->options);
	if (out.file && (!rc || v.rs.interrupted || v.ended_early))
		rc = finish(&v, &out);
	output_drop(&out);
	validate_free(&v);
	return rc;
}

int cmd_validate(int argc, char **argv)
{
	struct validate_request rq;
	int rc;

	listen_to_library(true);
	rc = validate_options(argc, argv, &rq);
	if (!rc && rq.help)
		validate_help();
	else if (!rc)
		rc = validate(&rq);
	options_free(&rq.options);
	return rc;
}
