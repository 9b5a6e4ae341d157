/* SPDX-License-Identifier: MIT */
/*
 * recommend: candidates become points, points of one engine and folio size a
 * group, those of one policy kind in a group an entry: the recommendation.
 *
 * Two figures are told apart where their 95 % intervals do not overlap. Two
 * predictions of one profile share most of its errors, which cancel in their
 * ratio: they are told apart where the 95 % interval of the ratio leaves out 1
 * (the coefficients' errors where both hang on them unlike, and the scatter of
 * a measurement around the fit, twice). Within a kind that chooses. Between
 * kinds more is asked of a winner: intervals as printed must not overlap where
 * it is better, and no ratio may show it worse.
 */
#ifndef MIGSIM_BENCH_RECOMMEND_H
#define MIGSIM_BENCH_RECOMMEND_H

#include <jansson.h>

#include "options.h"
#include "result.h"

#define USUAL_BOUND_US	500
#define ENOUGH		0.95	/* of the most throughput */

/* One candidate, and what came of it. Owns its words. */
struct point {
	char *engine;		/* the word that opens it */
	char *label;		/* the same without channels= */
	char *policy;		/* the word */
	char *kind;		/* name of the policy */
	char *profile;		/* NULL: measured */
	size_t place;		/* among all points: the order of their words */
	const struct migsim_profile *model; /* the advice's; NULL: none */
	struct migsim_slopes *slopes;	/* NULL: only the intervals are known */
	char *folio;		/* 4K, or a mix */
	int64_t order;		/* -1: a mix */
	int64_t channels;	/* -1: means nothing */
	int64_t batch_pages;	/* -1: means nothing */
	int64_t window_pages;	/* -1: unbounded or unknown */
	size_t setting;		/* equal: one machine and equal conditions */
	bool cpu;		/* one thread copies: what is to be beaten */
	bool copies_inline;	/* the kernel without the series */
	bool only_cpu;		/* to compare with: nobody asked for it */
	bool sought;		/* by recommend_bound(), not of the grid */
	bool knows_interval;
	double gib_s, gib_s_ci[2];
	double first_us, first_ci[2], first_p99;
	double away_mean, away_p99, away_max;	/* inaccessible, us */
	double caller_cpu, helper_cpu;		/* s per GiB */
	int extrapolated;	/* -1: its profile is not at hand */
	char **why;		/* sentences */
	size_t nr_why;
	double stall_p99;	/* us, of a load's operations; NAN: none ran */
	double ops_kept;	/* of its operations per second */
	bool meets;		/* the bounds */
	int today;		/* fits the posted series; -1: nobody knows */
	bool pareto;		/* no other point of its group dominates it */
	bool pareto_today;	/* none of those that fit the posted series */
};

struct bounds {
	double first_us;	/* mean first-folio latency */
	double away_us;		/* p99 of inaccessible time; INFINITY: none */
};

enum knee_kind { KNEE_CHORD, KNEE_95, KNEE_POWER, KNEES };

/* @at NULL: none. @from: the intervals from there to @at overlap. */
struct knee {
	const struct point *at;
	const struct point *from;
};

/* All candidates of one policy kind in a group. */
struct entry {
	struct group *group;
	const char *kind;
	const struct point **point;	/* by first-folio latency */
	size_t n;
	size_t met;			/* of them keep the bounds */
	const struct point *best;	/* NULL: none keeps them */
	const struct point *fastest;	/* most GiB/s of those */
	const struct point *beyond;	/* faster, over a bound; NULL: none */
	const struct point *largest;	/* batch: the largest that keeps them */
	const struct point *pays;	/* the smallest that beats the CPU */
	bool has_cpu;			/* seen: copy=batch by the CPU */
	bool has_inline;		/* the kernel without the series */
	struct knee knee[KNEES];
	bool knees_agree;		/* on one point, or that there is none */
	const struct entry *beaten_by;	/* a kind of the group that is better */
	bool unbeaten;			/* there is none, and it has a best */
	char *reason;
};

/* One engine with its channels, and one folio size. */
struct group {
	const struct point *first;
	struct entry *entry;
	size_t n;
	const struct entry *winner;	/* NULL: none, or intervals overlap */
	char *sentence;
};

struct advice {
	struct bounds bounds;
	struct point **point;
	size_t n;
	struct group *group;
	size_t nr_groups;
	struct migsim_profile *profile;	/* of what was predicted here */
	struct migsim_sysinfo sysinfo;
	json_t *file_sysinfo;	/* of the first file; NULL: measured here */
	char *origin;		/* lines: a machine, or a profile */
	char *conditions;	/* that hold for all points */
	char **warnings;
	size_t nr_warnings;
	bool predicts;		/* points come with what they hang on */
	bool measured;		/* on a machine, not by the model */
	bool emulated;
	bool interrupted;
};

/* What the command line asks for. */
struct request {
	struct options options;	/* those that sweep has as well */
	struct bounds bounds;
	bool help;
	char **files;		/* in argv */
	size_t nr_files;
};

/* recommend_options.c: 0 or an exit code after a sentence */
int recommend_options(int argc, char **argv, struct request *rq);
void recommend_help(void);

/* recommend_point.c. 0 or -ENOMEM */
int advice_add(struct advice *a, const struct result *r, bool only_cpu);
void advice_free(struct advice *a);
void point_free(struct point *p);
bool same_group(const struct point *a, const struct point *b);
bool engine_is_cpu(const char *engine, int64_t channels);

/* What the policy words are to be tried for. */
struct grid_ask {
	const struct value *policies;	/* of the command line; n 0: all */
	const struct bounds *bounds;
	unsigned int order;		/* of the largest folio */
	uint64_t call_pages;
	bool cpu;			/* the engine is the CPU's copy */
	bool only_cpu;			/* batch alone, to compare with */
	bool real;			/* every candidate takes its time */
};

struct word_list {
	const struct grid_ask *ask;
	char **word;
	size_t n;
	bool broken;		/* memory ran out */
};

/* recommend_grid.c: the words of one kind; none for a kind that has no grid */
void words_try(struct word_list *l, const char *kind);
void words_add(struct word_list *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* recommend_candidates.c: fills @words. 0, or an exit code after a sentence */
int candidates(const struct grid_ask *ask, struct value *words);
bool asks_for_kind(const struct value *policies, const char *kind);

/* recommend_measure.c, recommend_bound.c, recommend_load.c: likewise */
int recommend_measure(struct advice *a, struct request *rq);
int recommend_bound(struct advice *a, const struct request *rq);
int recommend_load(struct advice *a, const struct request *rq);

/*
 * recommend_take.c: the points of @rs. Configurations from @cpu on are only to
 * compare with; NULL: none. 0 or -ENOMEM.
 */
int advice_take(struct advice *a, const struct results *rs,
		const struct config *cpu);

/* Copies what @from says of one dimension. recommend_measure.c */
int option_pick(struct options *to, const struct options *from,
		enum option_id id, const char *word);
/* Runs the plan of @sets; the last @nr_cpu of them are only_cpu. */
int measure_sets(struct advice *a, const struct options *sets, size_t n,
		 size_t nr_cpu);

/*
 * recommend_read.c: @r and @c point into @from. False: that is no result with
 * a throughput.
 */
bool result_read(struct result *r, struct config *c, const json_t *from);
void sysinfo_read(struct migsim_sysinfo *si, const json_t *from);

/*
 * recommend_choose.c: groups, entries, the best of each; and then the rest and
 * the words. 0 or -ENOMEM
 */
int advice_group(struct advice *a);
void advice_ungroup(struct advice *a);
int advice_choose(struct advice *a);
/* Cannot be told from @fastest, and has 95 % of its GiB/s. */
bool as_good(const struct point *p, const struct point *fastest);

/*
 * recommend_apart.c: 1: @a is more beyond doubt; -1: less; 0: cannot be told
 * apart. intervals_apart() goes by the intervals alone.
 */
int told_apart(const struct point *a, const struct point *b,
	       enum migsim_metric metric);
int intervals_apart(const struct point *a, const struct point *b,
		    enum migsim_metric metric);

/* recommend_knee.c, recommend_front.c */
void entry_knees(struct entry *e);
const char *knee_word(enum knee_kind kind);
void group_front(struct advice *a, const struct group *g);
void group_winner(struct group *g);
/*
 * recommend_front.c: better in throughput or in first-folio latency, beyond
 * the intervals as they are printed, and worse in neither as far as can be
 * told. stands_against(): @p keeps the bounds, and @best has nothing on it as
 * far as can be told. kind_beats(): the best of @a is better than that of @b,
 * and no candidate of @b stands against it.
 */
bool is_better(const struct point *a, const struct point *b);
bool stands_against(const struct point *p, const struct point *best);
bool kind_beats(const struct entry *a, const struct entry *b);
void entry_offload(const struct advice *a, struct entry *e);

/* recommend_words.c: appends to a text on the heap; NULL: memory ran out */
void add_words(char **text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void add_figures(char **text, const struct point *p);
void add_bounds(char **text, const struct bounds *b);
void add_place(char **text, const struct point *p); /* recommend_mail.c */

/* recommend_words.c: sentences; 0 or -ENOMEM, or a text to free */
int entry_words(const struct advice *a, struct entry *e);
char *offload_words(const struct entry *e);
char *knee_words(const struct entry *e);

/* recommend_winner.c: likewise */
int group_words(struct group *g);
char *beaten_words(const struct group *g);

/* recommend_mail.c: the three sentences; free them. NULL without memory */
const struct entry *entry_named(const struct group *g, const char *kind);
char *today_sentence(const struct advice *a);
char *best_sentence(const struct advice *a);
char *doubt_sentence(const struct advice *a);

/*
 * recommend_table.c: what both tables have. print_words() frees @words; NULL
 * says that memory has run out. 0, -ENOMEM or -EIO.
 */
const char *entry_marks(const struct entry *e);
void print_advice_head(FILE *out, const struct advice *a, const char *words,
		       size_t width);
void print_advice_warnings(FILE *out, const struct advice *a, size_t width);
int print_words(FILE *out, const char *lead, char *words, size_t width);
int advice_written(FILE *out, int err);

/* Renderers. 0, -ENOMEM or -EIO */
int recommend_table(FILE *out, const struct advice *a);
int recommend_lkml(FILE *out, const struct advice *a);
int recommend_csv(FILE *out, const struct advice *a);
int recommend_json(FILE *out, const struct advice *a);

/*
 * Of the grids, which are alike for all kinds; a single finer point would
 * favour its kind.
 */
static inline bool is_candidate(const struct point *p)
{
	return !p->only_cpu && !p->sought;
}

static inline const struct migsim_policy_ops *policy_named(const char *name)
{
	const struct migsim_policy_ops *ops;
	unsigned int i;

	for (i = 0; (ops = migsim_policy_get(i)); i++)
		if (!strcmp(ops->name, name))
			return ops;
	return NULL;
}

#endif
