/* SPDX-License-Identifier: MIT */
/*
 * recommend: how much should be in flight, by which kind of policy?
 */
#include <errno.h>

#include "bench.h"
#include "output.h"
#include "plan.h"
#include "recommend.h"

static int write_advice(const struct advice *a, enum format format,
			struct output *out)
{
	static int (*const write[])(FILE *, const struct advice *) = {
		[FORMAT_TABLE] = recommend_table,
		[FORMAT_LKML] = recommend_lkml,
		[FORMAT_CSV] = recommend_csv, [FORMAT_JSON] = recommend_json,
	};
	int err = write[format](out->file, a), rc;

	if (err == -ENOMEM) {
		output_drop(out);
		return out_of_memory();
	}
	rc = output_finish(out);
	if (err && !rc) {
		say("the recommendations could not be written");
		rc = EXIT_FAILED;
	}
	return rc;
}

/* Where batch is among what is tried, its largest one is sought as well. */
static int seek(struct advice *a, struct request *rq)
{
	int rc;

	if (rq->nr_files)
		return recommend_load(a, rq);
	a->predicts = true;
	rc = recommend_measure(a, rq);
	if (!rc && !a->measured && !a->interrupted &&
	    asks_for_kind(&rq->options.value[OPT_POLICY], "batch"))
		rc = recommend_bound(a, rq);
	return rc;
}

/* What was tried before Ctrl-C is written as well, but is no success. */
static int finish(struct advice *a, enum format format, struct output *out)
{
	int rc;

	if (!a->n) {
		say("interrupted before anything was tried");
		return EXIT_FAILED;
	}
	if (advice_choose(a))
		return out_of_memory();
	if (a->interrupted)
		say("interrupted; these are the candidates that were tried");
	rc = write_advice(a, format, out);
	return a->interrupted ? EXIT_FAILED : rc;
}

static int recommend(struct request *rq, enum format format,
		     const char *path)
{
	struct advice a = { .bounds = rq->bounds };
	struct output out;
	int rc = output_open(&out, path);

	if (rc)
		return rc;
	rc = seek(&a, rq);
	if (!rc || a.interrupted)
		rc = finish(&a, format, &out);
	output_drop(&out);
	advice_free(&a);
	return rc;
}

static int read_format(const struct options *o, enum format *format)
{
	static const char *const formats[] = { "table", "lkml", "csv", "json",
					       NULL };
	const struct value *v = &o->value[OPT_FORMAT];
	int i = v->n ? choose(v->words[0], formats) : FORMAT_TABLE;

	if (i < 0) {
		say("--format: formats are table, lkml, csv and json, not '%.100s'",
		    v->words[0]);
		return EXIT_USAGE;
	}
	*format = (enum format)i;
	return 0;
}

int cmd_recommend(int argc, char **argv)
{
	enum format format = FORMAT_TABLE;
	struct request rq;
	int rc;

	listen_to_library(true);
	rc = recommend_options(argc, argv, &rq);
	if (!rc && rq.help) {
		recommend_help();
	} else if (!rc) {
		const struct value *v = &rq.options.value[OPT_OUTPUT];

		rc = read_format(&rq.options, &format);
		if (!rc)
			rc = recommend(&rq, format, v->n ? v->words[0] : NULL);
	}
	options_free(&rq.options);
	return rc;
}
