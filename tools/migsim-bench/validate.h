/* SPDX-License-Identifier: MIT */
/*
 * validate: the pipeline in userspace (uffd), the kernel's (move_pages) and the
 * model, over the same lists of folios: do they agree?
 *
 * N is the length of a call in base pages. Both cut it into batches of 512
 * pages, and copy and remap folio by folio: the kernel without the series.
 *
 * The events that tell a kernel's latencies slow it. So it is measured twice:
 * untraced for its throughput, traced for all that lies within a call.
 */
#ifndef MIGSIM_BENCH_VALIDATE_H
#define MIGSIM_BENCH_VALIDATE_H

#include <math.h>
#include <stdio.h>

#include "options.h"
#include "result.h"

/* NR_MAX_BATCHED_MIGRATION of the kernel, in base pages. */
#define VALIDATE_BATCH	512

enum { UFFD, KERNEL, BACKENDS };

/* One N of one folio size. NAN: not measured. */
struct validate_cell {
	uint64_t folios;		/* of a call */
	uint64_t pages;			/* the same in base pages: N */
	const struct result *of[BACKENDS];	/* NULL: was not run */
	const struct result *traced;	/* the kernel; likewise */
	bool held;			/* out of the fit */
	double ratio[MIGSIM_METRICS];	/* uffd / kernel, of medians */
	double ratio_ci[MIGSIM_METRICS][2];
	double predicted[MIGSIM_METRICS];	/* by the fitted model */
	double predicted_ci[MIGSIM_METRICS][2];
	double error_pct[MIGSIM_METRICS];	/* predicted / kernel - 1 */
	double trace_cost;		/* kernel's GiB/s, traced / untraced */
};

enum validate_metric {
	VALIDATE_COMPLETE,	/* part of the pages that moved */
	VALIDATE_GIB_S,
	VALIDATE_SHAPE,		/* GiB/s, each side by its own best */
	VALIDATE_PLATEAU,	/* the smallest N near the best */
	VALIDATE_FIRST,
	VALIDATE_GROWTH,	/* d ln(first-folio latency) / d ln(N) */
	VALIDATE_PHASES,	/* part of the time that goes to unmap */
	VALIDATE_MODEL_GIB_S,	/* N that the fit did not see */
	VALIDATE_MODEL_FIRST,
	VALIDATE_METRICS
};

enum agreement { AGREES, DIFFERS, NOT_DECIDED, NOT_MEASURED };

struct validate_verdict {
	enum agreement agreement;
	double bound_pct;
	size_t n;		/* N that were compared */
	size_t of;		/* N that could have been */
	double median_pct;	/* of the absolute errors; NAN: none */
	double worst_pct;	/* with its sign */
	uint64_t worst_pages;	/* the N of it; 0: it is of all N together */
	char note[240];		/* a sentence without its end; "": none */
};

/* One folio size, N ascending. */
struct validate_table {
	unsigned int order;
	struct validate_cell *cell;
	size_t n;
	const char *unseen;	/* why no latency of the kernel is known */
	struct validate_verdict verdict[VALIDATE_METRICS];
};

struct validation {
	struct plan plan;		/* of what was measured */
	struct results rs;
	struct validate_table *table;	/* in the order of --folio */
	size_t n;
	struct migsim_profile *start;	/* where the fit begins */
	struct migsim_profile *fitted;	/* NULL: see no_model */
	const char *no_model;		/* why the model says nothing */
	size_t nr_fitted;		/* values; the rest was held out */
	double rms;			/* of the fit, relative */
	double tolerance;	/* percent, for all; NAN: each its own */
	uint64_t seed;
	bool emulated;
	bool traced;		/* the kernel, in runs of its own */
	bool ended_early;	/* by an error, which was said */
};

/* What the command line asks for. */
struct validate_request {
	struct options options;		/* those that sweep has as well */
	const char *profile;
	double tolerance;
	bool help;
};

/* validate_options.c: 0 or an exit code after a sentence */
int validate_options(int argc, char **argv, struct validate_request *rq);
void validate_help(void);

/*
 * validate_measure.c: runs both backends, @o completed by what is usual. The
 * same; v->rs.interrupted after Ctrl-C, v->ended_early where there is something
 * to write all the same.
 */
int validate_measure(struct validation *v, struct options *o);

/* validate_cells.c */
void validate_free(struct validation *v);

/*
 * validate_cells.c: from results to tables; their ratios, and which N are held
 * out. 0 or -ENOMEM.
 */
int validate_tables(struct validation *v);

/*
 * validate_cells.c: the runs that tell @m of a backend: the kernel's traced ones
 * for a latency, the others for throughput. NULL: were not run.
 */
const struct result *validate_result(const struct validate_cell *c,
				     size_t backend, enum migsim_metric m);

/* validate_cells.c: a value of one run; NAN: not seen */
double validate_sample(const struct sample *s, enum migsim_metric m);
const struct migsim_stats *validate_stats(const struct result *r,
					  enum migsim_metric m);

/* validate_cells.c: were both backends measured at this N? */
bool validate_both(const struct validate_cell *c, enum migsim_metric m);

/*
 * validate_cells.c: where the time of a backend goes, us per GiB: getting
 * pages and unmapping, and all from there to the remap. False: not seen.
 */
bool validate_phases(const struct validate_cell *c, size_t backend,
		     double us[2]);

/*
 * validate_fit.c: fits the model to what the kernel did, and predicts every
 * N. 0, or an exit code after a sentence; -EINTR after Ctrl-C.
 */
int validate_fit(struct validation *v);

/* validate_judge.c: all verdicts. 0 or -ENOMEM */
int validate_judge(struct validation *v);

/* One error and its 95 % interval. */
struct validate_error {
	uint64_t pages;		/* N; 0: of all together */
	double pct;
	double ci[2];
};

/*
 * validate_decide.c: agrees where every interval lies within the bound, differs
 * where one lies outside of it, and else it is not decided, which the note
 * tells. @of: how many could have been compared. Without errors it is not
 * measured. Sorts @e.
 */
void validate_decide(struct validate_verdict *v, struct validate_error *e,
		     size_t n, size_t of);

/* validate_decide.c: more to say of it */
void validate_note(struct validate_verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* validate_decide.c: what was measured is not decided then, for this reason. */
void validate_doubt(struct validate_verdict *v, bool when, const char *why);

/* validate_decide.c: why nothing was compared */
const char *validate_why_none(const struct validate_table *t);

/* An interval over fewer runs tells nothing (as in recommend). */
#define VALIDATE_RUNS	4
extern const char validate_few[];

/* validate_judge_curves.c: shape, plateau, growth. @e: room for t->n. */
int validate_judge_curves(struct validate_table *t, uint64_t seed,
			  struct validate_error *e);

/* The values of a metric at all N that both have, run by run. */
struct validate_curves {
	size_t n, runs;
	uint64_t *pages;	/* by N */
	double *y[BACKENDS];	/* [run * n + N], positive */
};

/* validate_curves.c. Each 0 or -ENOMEM; curves are to be freed in any case. */
int validate_curves_take(struct validate_curves *c,
			 const struct validate_table *t, enum migsim_metric m);
void validate_curves_free(struct validate_curves *c);

/* By N: the errors of uffd's shape against the kernel's. @e has c->n. */
int validate_shape(const struct validate_curves *c, uint64_t seed,
		   struct validate_error *e);

/* Where a backend's plateau begins; 0: beyond the largest N. */
struct validate_plateau {
	uint64_t pages;
	uint64_t from, to;	/* what the intervals allow */
};

int validate_plateau(const struct validate_curves *c, int backend,
		     uint64_t seed, struct validate_plateau *p);

/* Slopes of each side, and their difference. c->n of 2 or more. */
struct validate_growth {
	struct migsim_stats slope[BACKENDS];
	struct migsim_stats difference;
};

int validate_growth(const struct validate_curves *c, uint64_t seed,
		    struct validate_growth *g);

/* validate_words.c: names for people, keys for programs */
extern const char *const validate_backend[BACKENDS];
const char *validate_metric_name(enum validate_metric m);
const char *validate_metric_key(enum validate_metric m);
const char *validate_agreement(enum agreement a);
const char *validate_agreement_key(enum agreement a);
void validate_conditions(FILE *out, const struct validation *v, size_t width);
void validate_model_words(FILE *out, const struct validation *v, size_t width);

/* Each: 0, -ENOMEM or -EIO */
int validate_print(FILE *out, const struct validation *v);
int validate_lkml(FILE *out, const struct validation *v);
int validate_csv(FILE *out, const struct validation *v);
int validate_json(FILE *out, const struct validation *v);

#endif
