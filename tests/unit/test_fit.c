/* SPDX-License-Identifier: MIT */
/* Fits to data whose truth is known: predictions of another profile. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <migsim/migsim.h>

#include "model/keys.h"

#define LENGTH(a)	(sizeof(a) / sizeof(*(a)))
#define MAX_DATA	256

/* What is cold cools down within the short calls that are fitted here. */
#define START		"zen3-ptdma:cold_isolate_folios=1024,cold_unmap_folios=100"

/* The truth is the start times these, one coefficient after the other. */
static const double truth_factor[] = {
	1.35, 0.70, 1.40, 0.65, 1.50, 0.75, 1.30, 0.60, 1.25,
};

/* Port and stream stay near each other: else one of them would not be seen. */
#define PORT_FACTOR	1.2
#define STREAM_FACTOR	1.1

/* Orders, calls and batches; each with every number of channels. */
static const struct migsim_cell shapes[] = {
	{ .order = 0, .folios = 16, .batch_pages = 512 },
	{ .order = 0, .folios = 512, .batch_pages = 512 },
	{ .order = 0, .folios = 4096, .batch_pages = 512 },
	{ .order = 0, .folios = 4096, .batch_pages = 4096 },
	{ .order = 3, .folios = 2048, .batch_pages = 4096 },
	{ .order = 6, .folios = 64, .batch_pages = 512 },
	{ .order = 8, .folios = 64, .batch_pages = 1024 },
	{ .order = 8, .folios = 1024, .batch_pages = 262144 },
	{ .order = 9, .folios = 16, .batch_pages = 512 },
	{ .order = 9, .folios = 128, .batch_pages = 8192 },
};

static const uint32_t channels[] = { 0, 1, 2, 4, 16 };

static char sentence[512];
static unsigned int sentences;

static void hear(void *arg, enum migsim_log_level level, const char *text)
{
	(void)arg;
	if (level != MIGSIM_LOG_ERROR)
		return;
	sentences++;
	snprintf(sentence, sizeof(sentence), "%s", text);
}

static struct migsim_profile *open_profile(const char *word)
{
	struct migsim_profile *p;

	assert_int_equal(migsim_profile_open(&p, word), 0);
	return p;
}

static unsigned int count_coefficients(void)
{
	unsigned int key, n = 0;

	for (key = 0; key < PROFILE_KEYS; key++)
		n += profile_keys[key].coefficient;
	return n;
}

static struct migsim_profile *open_truth(void)
{
	struct migsim_profile *p = open_profile(START);
	unsigned int key;
	double factor;

	for (key = 0; key < PROFILE_KEYS; key++) {
		if (!profile_keys[key].coefficient)
			continue;
		factor = key == KEY_PORT ? PORT_FACTOR :
			 key == KEY_STREAM ? STREAM_FACTOR :
			 truth_factor[key % LENGTH(truth_factor)];
		assert_int_equal(migsim_profile_set(p, key, factor *
				 migsim_profile_value(p, key), 0, "truth"), 0);
	}
	return p;
}

/* Both metrics of all shapes; channels[] from @from to before @to. */
static size_t measure(const struct migsim_profile *truth, size_t from,
		      size_t to, struct migsim_datum *data)
{
	struct migsim_predictor *pr = migsim_predictor_open();
	struct migsim_prediction out;
	unsigned int metric;
	size_t s, c, n = 0;

	assert_non_null(pr);
	for (c = from; c < to; c++)
		for (s = 0; s < LENGTH(shapes); s++) {
			struct migsim_cell cell = shapes[s];

			cell.channels = channels[c];
			cell.copy_inline = !cell.channels;
			assert_int_equal(migsim_predict(pr, truth, &cell, &out),
					 0);
			for (metric = 0; metric < MIGSIM_METRICS; metric++) {
				assert_true(n < MAX_DATA);
				data[n++] = (struct migsim_datum){
					cell, metric, out.value[metric] };
			}
		}
	migsim_predictor_close(pr);
	return n;
}

/* Nearly normal, from a generator that is the same everywhere. */
static double noise(uint64_t *state)
{
	double sum = 0;
	int i;

	for (i = 0; i < 12; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		sum += (double)(*state >> 11) / (double)((uint64_t)1 << 53);
	}
	return sum - 6;
}

static void add_noise(struct migsim_datum *data, size_t n, double sd,
		      uint64_t seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		data[i].value *= exp(sd * noise(&seed));
}

static char *text_of(const struct migsim_profile *p)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(migsim_profile_write(p, out), 0);
	fclose(out);
	return text;
}

static struct migsim_fit fit_with(struct migsim_profile *p,
				  const struct migsim_datum *data, size_t n,
				  const struct migsim_fit_options *o)
{
	struct migsim_fit fit = { .size = sizeof(fit) };

	assert_int_equal(migsim_fit(p, data, n, o, &fit), 0);
	return fit;
}

static double ratio(const struct migsim_profile *a,
		    const struct migsim_profile *b, unsigned int key)
{
	return migsim_profile_value(a, key) / migsim_profile_value(b, key);
}

static void finds_the_truth(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth(), *p = open_profile(START);
	struct migsim_datum data[MAX_DATA];
	size_t n = measure(truth, 0, LENGTH(channels), data);
	unsigned int key, told = 0;
	struct migsim_fit fit;

	(void)state;
	o.data_sd = 1e-4;
	fit = fit_with(p, data, n, &o);
	assert_true(fit.converged);
	assert_true(fit.rms < 1e-3);
	assert_in_range(fit.steps, 1, 30);
	for (key = 0; key < PROFILE_KEYS; key++) {
		if (fit.informed[key] < 0.9)
			continue;
		told++;
		assert_true(fabs(ratio(p, truth, key) - 1) < 0.01);
		assert_true(migsim_profile_se(p, key) > 0);
		assert_string_equal(migsim_profile_source(p, key),
				    "fitted to 100 values");
	}
	assert_int_equal(told, count_coefficients());
	migsim_profile_close(truth);
	migsim_profile_close(p);
}

static bool keep_least(void *arg, unsigned int step, double rms)
{
	double *least = arg;

	(void)step;
	*least = fmin(*least, rms);
	return true;
}

/*
 * A start that is wrong by orders of magnitude overflows nothing; and the best
 * that was tried is kept, not the last.
 */
static void comes_from_far_away(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth();
	struct migsim_profile *p = open_profile(START
		",copy_us=10000,unmap_us=0.001,link_us=40");
	struct migsim_datum data[MAX_DATA];
	size_t n = measure(truth, 0, LENGTH(channels), data);
	double least = INFINITY;
	struct migsim_fit fit;

	(void)state;
	o.prior_sd = 0;
	o.progress = keep_least;
	o.arg = &least;
	fit = fit_with(p, data, n, &o);
	assert_true(fit.rms == least);
	assert_true(fabs(ratio(p, truth, KEY_COPY) - 1) < 0.01);
	assert_true(fabs(ratio(p, truth, KEY_LINK) - 1) < 0.01);
	migsim_profile_close(truth);
	migsim_profile_close(p);
}

static void knows_its_errors(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth();
	struct migsim_datum clean[MAX_DATA], data[MAX_DATA];
	size_t n = measure(truth, 0, LENGTH(channels), clean);
	unsigned int key, near = 0, within = 0, all = 0;
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 3; seed++) {
		struct migsim_profile *p = open_profile(START);
		double off, se, expected;

		memcpy(data, clean, sizeof(data));
		add_noise(data, n, 0.05, seed);
		fit_with(p, data, n, &o);
		for (key = 0; key < PROFILE_KEYS; key++) {
			if (!profile_keys[key].coefficient)
				continue;
			off = fabs(migsim_profile_value(p, key) -
				   migsim_profile_value(truth, key));
			se = migsim_profile_se(p, key);
			within += off < 2.5 * se;
			near += off < se;
			all++;
		}
		/* The scatter is that of the noise, not the one expected. */
		expected = migsim_profile_value(p, KEY_SCATTER_GIB_S);
		assert_true(expected > 0.035 && expected < 0.065);
		expected = migsim_profile_value(p, KEY_SCATTER_FIRST);
		assert_true(expected > 0.035 && expected < 0.065);
		migsim_profile_close(p);
	}
	assert_true(within >= all * 9 / 10);
	/* Nor are they far too large: two of three lie within one. */
	assert_in_range(near, all / 2, all * 9 / 10);
	migsim_profile_close(truth);
}

/* Call and flush cost every batch of a lone size the same. */
static void tells_what_goes_together(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth(), *p = open_profile(START);
	struct migsim_datum data[MAX_DATA];
	size_t n = measure(truth, 0, 1, data);
	double r;

	(void)state;
	add_noise(data, n, 0.03, 5);
	fit_with(p, data, n, &o);
	r = migsim_profile_correlation(p, KEY_COLD_CALL, KEY_FLUSH_BASE);
	assert_true(r < -0.3 && r >= -1);
	assert_true(migsim_profile_correlation(p, KEY_FLUSH_BASE,
					       KEY_COLD_CALL) == r);
	migsim_profile_close(truth);
	migsim_profile_close(p);
}

/* The CPU's copies say nothing of channels. */
static void leaves_what_it_cannot_tell(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth(), *p = open_profile(START);
	struct migsim_profile *start = open_profile(START);
	struct migsim_datum all[MAX_DATA], data[MAX_DATA];
	size_t i, n = measure(truth, 0, 3, all), nr = 0;
	struct migsim_fit fit;

	(void)state;
	for (i = 0; i < n && nr < 24; i++)
		if (all[i].metric == MIGSIM_METRIC_GIB_S &&
		    all[i].cell.channels < 2)
			data[nr++] = all[i];
	assert_in_range(nr, 12, 24);
	fit = fit_with(p, data, nr, &o);
	assert_true(fit.converged);
	assert_true(fit.rms < 0.02);
	/* One channel shares neither a port nor the link. */
	assert_true(fit.informed[KEY_PORT] < 0.01);
	assert_true(fabs(ratio(p, start, KEY_PORT) - 1) < 1e-6);
	assert_string_equal(migsim_profile_source(p, KEY_PORT),
			    "20 values hardly tell it");
	assert_true(fit.informed[KEY_COPY] > 0.9);
	assert_true(fabs(ratio(p, truth, KEY_COPY) - 1) < 0.03);
	/* Three first latencies would have told how they scatter. */
	assert_true(migsim_profile_value(p, KEY_SCATTER_FIRST) ==
		    migsim_profile_value(start, KEY_SCATTER_FIRST));
	migsim_profile_close(truth);
	migsim_profile_close(start);
	migsim_profile_close(p);
}

/*
 * A port that is fast enough holds up nobody, and has no slope at the start:
 * only from further up the search sees what it is.
 */
static void finds_what_hides_at_the_start(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth();
	struct migsim_datum data[MAX_DATA];
	size_t n = measure(truth, 0, LENGTH(channels), data);
	double prior[] = { 0, 1 };
	struct migsim_fit fit;
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(prior); i++) {
		struct migsim_profile *p = open_profile(START ",port_us=0.03");

		o.prior_sd = prior[i];
		o.data_sd = 1e-3;
		fit = fit_with(p, data, n, &o);
		assert_true(fit.converged);
		assert_true(fit.rms < 1e-3);
		assert_true(fabs(ratio(p, truth, KEY_PORT) - 1) < 0.01);
		assert_true(fabs(ratio(p, truth, KEY_STREAM) - 1) < 0.01);
		assert_true(fit.informed[KEY_PORT] > 0.9);
		migsim_profile_close(p);
	}
	migsim_profile_close(truth);
}

/* Without a prior nothing holds what the data do not tell: no harm. */
static void survives_what_is_singular(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth(), *p = open_profile(START);
	struct migsim_profile *start = open_profile(START);
	struct migsim_datum data[MAX_DATA];
	size_t n = measure(truth, 0, 1, data);
	struct migsim_fit fit;
	unsigned int key;

	(void)state;
	o.prior_sd = 0;
	fit = fit_with(p, data, n, &o);
	assert_true(fit.informed[KEY_LINK] == 0);
	assert_true(ratio(p, start, KEY_LINK) == 1);
	assert_true(fit.informed[KEY_COPY] == 1);
	assert_true(fabs(ratio(p, truth, KEY_COPY) - 1) < 0.01);
	/* The data scatter less than was expected. */
	assert_true(migsim_profile_se(p, KEY_COPY) <
		    1e-3 * migsim_profile_value(p, KEY_COPY));
	for (key = 0; key < PROFILE_KEYS; key++)
		assert_true(isfinite(migsim_profile_se(p, key)));
	migsim_profile_close(truth);
	migsim_profile_close(start);
	migsim_profile_close(p);
}

static void leaves_what_is_fixed(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth();
	struct migsim_profile *p = open_profile("zen3-ptdma:spill_us=0");
	struct migsim_profile *start = open_profile("zen3-ptdma:spill_us=0");
	struct migsim_datum data[MAX_DATA];
	size_t n = measure(truth, 0, 2, data);
	bool fixed[MIGSIM_PROFILE_MAX_KEYS] = { false };
	struct migsim_fit fit;

	(void)state;
	fixed[KEY_REMAP] = true;
	o.fixed = fixed;
	fit = fit_with(p, data, n, &o);
	assert_true(ratio(p, start, KEY_REMAP) == 1);
	assert_true(migsim_profile_se(p, KEY_REMAP) ==
		    migsim_profile_se(start, KEY_REMAP));
	assert_string_equal(migsim_profile_source(p, KEY_REMAP),
			    migsim_profile_source(start, KEY_REMAP));
	assert_true(fit.informed[KEY_REMAP] == 0);
	/* A coefficient of 0 has no logarithm. */
	assert_true(migsim_profile_value(p, KEY_SPILL) == 0);
	assert_string_equal(migsim_profile_source(p, KEY_SPILL),
			    migsim_profile_source(start, KEY_SPILL));
	assert_true(ratio(p, start, KEY_COPY) != 1);
	/* What is no coefficient is not touched, but for what was measured. */
	assert_true(ratio(p, start, KEY_COLD_UNMAP_FOLIOS) == 1);
	assert_int_equal(migsim_profile_value(p, KEY_MEASURED_CHANNELS), 1);
	assert_int_equal(migsim_profile_value(p, KEY_MEASURED_BATCH_MIN), 512);
	assert_int_equal(migsim_profile_value(p, KEY_MEASURED_BATCH_MAX),
			 262144);
	assert_int_equal(migsim_profile_value(p, KEY_MEASURED_ORDER_MIN), 0);
	assert_int_equal(migsim_profile_value(p, KEY_MEASURED_ORDER_MAX), 9);
	migsim_profile_close(truth);
	migsim_profile_close(start);
	migsim_profile_close(p);
}

/* What lmder() should have made smaller: one datum, one coefficient. */
static double cost(const struct migsim_profile *start, double copy,
		   const struct migsim_datum *d,
		   const struct migsim_fit_options *o)
{
	struct migsim_predictor *pr = migsim_predictor_open();
	struct migsim_profile *p = migsim_profile_copy(start);
	struct migsim_prediction out;
	double data, prior;

	assert_int_equal(migsim_profile_set(p, KEY_COPY, copy, 0, ""), 0);
	assert_int_equal(migsim_predict(pr, p, &d->cell, &out), 0);
	data = log(out.value[d->metric] / d->value) / o->data_sd;
	prior = log(copy / migsim_profile_value(start, KEY_COPY)) / o->prior_sd;
	migsim_profile_close(p);
	migsim_predictor_close(pr);
	return data * data + prior * prior;
}

static struct migsim_fit_options only_copy(bool fixed[MIGSIM_PROFILE_MAX_KEYS])
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;

	memset(fixed, true, MIGSIM_PROFILE_MAX_KEYS * sizeof(*fixed));
	fixed[KEY_COPY] = false;
	o.fixed = fixed;
	return o;
}

static const struct migsim_cell copy_cell = {
	.copy_inline = true, .order = 9, .folios = 64, .batch_pages = 512,
};

static void weighs_data_against_the_prior(void **state)
{
	struct migsim_profile *p = open_profile(START);
	struct migsim_profile *start = open_profile(START);
	struct migsim_datum d = { copy_cell, MIGSIM_METRIC_GIB_S, 20 };
	bool fixed[MIGSIM_PROFILE_MAX_KEYS];
	struct migsim_fit_options o = only_copy(fixed);
	double copy, se, least;

	(void)state;
	o.prior_sd = 0.1;
	o.data_sd = 0.1;
	fit_with(p, &d, 1, &o);
	copy = migsim_profile_value(p, KEY_COPY);
	least = cost(start, copy, &d, &o);
	assert_true(least < cost(start, copy * 1.005, &d, &o));
	assert_true(least < cost(start, copy / 1.005, &d, &o));
	/* One value says nothing of its scatter: it is what was expected. */
	se = migsim_profile_se(p, KEY_COPY) / copy;
	assert_true(se > 0.06 && se < 0.09);
	assert_true(ratio(p, start, KEY_SCATTER_GIB_S) == 1);
	migsim_profile_close(start);
	migsim_profile_close(p);
}

/* What values say of one coefficient and of their scatter, in closed form. */
static void counts_what_is_left_over(void **state)
{
	static const double value[] = { 18, 20, 20.5, 22 };
	struct migsim_profile *p = open_profile(START);
	struct migsim_predictor *pr = migsim_predictor_open();
	bool fixed[MIGSIM_PROFILE_MAX_KEYS];
	struct migsim_fit_options o = only_copy(fixed);
	struct migsim_datum data[LENGTH(value)];
	struct migsim_prediction out;
	double n = LENGTH(value), squares = 0, slope, used, sd, variance, r;
	struct migsim_fit fit;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(value); i++)
		data[i] = (struct migsim_datum){ copy_cell,
			MIGSIM_METRIC_GIB_S, value[i] };
	o.prior_sd = 0.5;
	o.data_sd = 0.1;
	fit = fit_with(p, data, LENGTH(value), &o);
	assert_int_equal(migsim_predict(pr, p, &copy_cell, &out), 0);
	slope = out.slopes.d[MIGSIM_METRIC_GIB_S][KEY_COPY];
	for (i = 0; i < LENGTH(value); i++) {
		r = log(out.value[MIGSIM_METRIC_GIB_S] / value[i]);
		squares += r * r;
	}
	used = n * slope * slope / 0.01 / (n * slope * slope / 0.01 + 4);
	sd = sqrt(squares / (n - used));
	variance = 1 / (n * slope * slope / (sd * sd) + 4);
	assert_true(fabs(migsim_profile_value(p, KEY_SCATTER_HUGE_GIB_S) / sd -
			 1) < 1e-4);
	assert_true(fabs(fit.informed[KEY_COPY] - (1 - variance / 0.25)) <
		    1e-4);
	/* One cell says nothing of how cells differ: as if independent. */
	r = migsim_profile_se(p, KEY_COPY) / migsim_profile_value(p, KEY_COPY);
	assert_true(fabs(r / sqrt(variance) - 1) < 1e-3);
	migsim_predictor_close(pr);
	migsim_profile_close(p);
}

/* Huge folios scatter by less: each class has what its own residuals say. */
static void tells_classes_apart(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	static const unsigned int key[MIGSIM_METRICS][2] = {
		{ KEY_SCATTER_GIB_S, KEY_SCATTER_HUGE_GIB_S },
		{ KEY_SCATTER_FIRST, KEY_SCATTER_HUGE_FIRST },
	};
	static const double sd[MIGSIM_METRICS][2] = {
		{ 0.03, 0.01 }, { 0.06, 0.02 },
	};
	struct migsim_profile *truth = open_truth(), *p = open_profile(START);
	struct migsim_datum data[MAX_DATA];
	size_t n = measure(truth, 0, LENGTH(channels), data), i;
	uint64_t seed = 3;
	unsigned int m, huge;

	(void)state;
	for (i = 0; i < n; i++)
		add_noise(&data[i], 1,
			  sd[data[i].metric][data[i].cell.order == 9], ++seed);
	fit_with(p, data, n, &o);
	for (m = 0; m < MIGSIM_METRICS; m++)
		for (huge = 0; huge < 2; huge++) {
			double is = migsim_profile_value(p, key[m][huge]);

			if (is < sd[m][huge] / 1.5 || is > sd[m][huge] * 1.5)
				fail_msg("%s is %g, not %g",
					 profile_keys[key[m][huge]].name, is,
					 sd[m][huge]);
		}
	migsim_profile_close(truth);
	migsim_profile_close(p);
}

/*
 * Both values of a cell err together here: a run that takes longer has less
 * throughput and more latency. Its two values tell no more than one.
 */
static void knows_that_a_cell_errs_as_one(void **state)
{
	static const unsigned int key[] = { KEY_COPY, KEY_CHANNEL, KEY_STREAM,
					    KEY_FLUSH_BASE, KEY_TRANSLATE };
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth();
	struct migsim_datum clean[MAX_DATA], data[MAX_DATA];
	size_t n = measure(truth, 0, LENGTH(channels), clean), i;
	double off, se, squares = 0;
	uint64_t seed = 11;
	unsigned int run, k, runs = 20;

	(void)state;
	for (run = 0; run < runs; run++) {
		struct migsim_profile *p = open_profile(START);

		memcpy(data, clean, sizeof(data));
		for (i = 0; i + 1 < n; i += 2) {
			double e = exp(0.03 * noise(&seed));

			data[i].value /= e;
			data[i + 1].value *= e;
		}
		fit_with(p, data, n, &o);
		for (k = 0; k < LENGTH(key); k++) {
			off = log(ratio(p, truth, key[k]));
			se = migsim_profile_se(p, key[k]) /
			     migsim_profile_value(p, key[k]);
			squares += off * off / (se * se);
		}
		migsim_profile_close(p);
	}
	off = sqrt(squares / (runs * LENGTH(key)));
	if (off < 0.8 || off > 1.2)
		fail_msg("they are %.2f standard errors off", off);
	migsim_profile_close(truth);
}

/* No data lead a coefficient to where its key cannot be. */
static void stays_within_bounds(void **state)
{
	struct migsim_profile *p = open_profile(START);
	struct migsim_datum d = { copy_cell, MIGSIM_METRIC_GIB_S, 1e-12 };
	bool fixed[MIGSIM_PROFILE_MAX_KEYS];
	struct migsim_fit_options o = only_copy(fixed);

	(void)state;
	o.prior_sd = 0;
	fit_with(p, &d, 1, &o);
	assert_true(migsim_profile_value(p, KEY_COPY) <= 1e4);
	d.value = 1e12;
	fit_with(p, &d, 1, &o);
	assert_true(migsim_profile_value(p, KEY_COPY) > 0);
	migsim_profile_close(p);
}

/* Nor to where nothing takes time: the search steps back from there. */
static void stays_where_time_passes(void **state)
{
	struct migsim_profile *p = open_profile(START);
	struct migsim_datum d = { copy_cell, MIGSIM_METRIC_GIB_S, 1e12 };
	bool fixed[MIGSIM_PROFILE_MAX_KEYS];
	struct migsim_fit_options o = only_copy(fixed);
	unsigned int key;

	(void)state;
	for (key = 0; key < PROFILE_KEYS; key++)
		if (profile_keys[key].coefficient && key != KEY_COPY)
			migsim_profile_set(p, key, 0, 0, "");
	o.prior_sd = 0;
	fit_with(p, &d, 1, &o);
	/* The clock ticks in 1e-6 us. */
	assert_true(migsim_profile_value(p, KEY_COPY) > 4e-7);
	assert_true(migsim_profile_value(p, KEY_COPY) < 1e-5);
	migsim_profile_close(p);
}

static void is_the_same_in_any_number_of_threads(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth();
	struct migsim_datum data[MAX_DATA];
	size_t n = measure(truth, 0, LENGTH(channels), data);
	struct migsim_fit first = { 0 }, fit;
	char *expected = NULL, *text;

	(void)state;
	add_noise(data, n, 0.05, 7);
	for (o.threads = 1; o.threads <= 3; o.threads++) {
		struct migsim_profile *p = open_profile(START);

		fit = fit_with(p, data, n, &o);
		text = text_of(p);
		if (expected) {
			assert_string_equal(text, expected);
			assert_memory_equal(&fit, &first, sizeof(fit));
			free(text);
		} else {
			expected = text;
			first = fit;
		}
		migsim_profile_close(p);
	}
	free(expected);
	migsim_profile_close(truth);
}

static bool stop_at(void *arg, unsigned int step, double rms)
{
	const unsigned int *last = arg;

	assert_true(step == 0 || isfinite(rms));
	return step < *last;
}

static void stops_when_told(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *truth = open_truth(), *p = open_profile(START);
	struct migsim_datum data[MAX_DATA];
	size_t n = measure(truth, 0, 2, data);
	struct migsim_fit fit = { .size = sizeof(fit) };
	char *before = text_of(p), *after;
	unsigned int last;

	(void)state;
	o.progress = stop_at;
	o.arg = &last;
	for (last = 0; last < 3; last++) {
		assert_int_equal(migsim_fit(p, data, n, &o, &fit), -EINTR);
		assert_int_equal(fit.steps, last);
		/* Nor does the first evaluation have to come to its end. */
		assert_true(isnan(fit.rms) == !last);
		assert_false(fit.converged);
		after = text_of(p);
		assert_string_equal(after, before);
		free(after);
	}
	free(before);
	migsim_profile_close(truth);
	migsim_profile_close(p);
}

static void refuses(struct migsim_profile *p, const struct migsim_datum *data,
		    size_t n, const struct migsim_fit_options *o,
		    const char *why)
{
	struct migsim_fit fit = { .size = sizeof(fit) };
	char *before = text_of(p), *after;

	sentences = 0;
	assert_int_equal(migsim_fit(p, data, n, o, &fit), -EINVAL);
	assert_int_equal(sentences, 1);
	if (!strstr(sentence, why))
		fail_msg("'%s' does not say '%s'", sentence, why);
	after = text_of(p);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void refuses_bad_data(void **state)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *p = open_profile(START);
	const struct migsim_datum good = {
		.cell = { .order = 0, .channels = 1, .folios = 8,
			  .batch_pages = 512 },
		.metric = MIGSIM_METRIC_GIB_S, .value = 1,
	};
	struct migsim_datum data[2] = { good, good };

	(void)state;
	migsim_set_log(hear, NULL);
	refuses(p, data, 0, &o, "not 0");
#define REFUSED(field, bad, why)			\
	do {						\
		data[1] = good;				\
		data[1].field = bad;			\
		refuses(p, data, 2, &o, why);		\
	} while (0)
	REFUSED(value, 0, "value 2 to fit to is no positive number");
	REFUSED(value, -1, "no positive number");
	REFUSED(value, NAN, "no positive number");
	REFUSED(value, INFINITY, "no positive number");
	REFUSED(metric, MIGSIM_METRICS, "no known metric");
	REFUSED(cell.order, 10, "value 2 to fit to is of a call that the model cannot run");
	REFUSED(cell.folios, 0, "cannot run");
	REFUSED(cell.folios, (uint64_t)1 << 32, "cannot run");
	REFUSED(cell.batch_pages, 0, "cannot run");
	REFUSED(cell.batch_pages, UINT64_MAX, "cannot run");
	REFUSED(cell.channels, 65, "cannot run");
	/* Possible, but in one batch, and one by one too long. */
	data[1].cell.folios = data[1].cell.batch_pages = 100000000;
	data[1].cell.channels = 0;
	refuses(p, data, 2, &o, "value 2 to fit to is of a call that the model cannot run");
	migsim_set_log(NULL, NULL);
	migsim_profile_close(p);
}

static void refuses_bad_options(void **state)
{
	const struct migsim_fit_options good = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_profile *p = open_profile(START);
	bool fixed[MIGSIM_PROFILE_MAX_KEYS];
	struct migsim_fit_options o;
	const struct migsim_datum datum = {
		.cell = { .folios = 8, .batch_pages = 512 }, .value = 1,
	};

	(void)state;
	memset(fixed, true, sizeof(fixed));
	migsim_set_log(hear, NULL);
	o = good;
	o.fixed = fixed;
	refuses(p, &datum, 1, &o, "nothing is left to fit");
	o = good;
	o.prior_sd = -1;
	refuses(p, &datum, 1, &o, "prior_sd of 0 or more");
	o = good;
	o.data_sd = 0;
	refuses(p, &datum, 1, &o, "data_sd above 0");
	o = good;
	o.prior_sd = 0;
	refuses(p, &datum, 1, &o, "1 values cannot fit");
	migsim_set_log(NULL, NULL);
	migsim_profile_close(p);
}

#ifdef __SANITIZE_THREAD__
#define THREADS_WATCHED	true
#else
#define THREADS_WATCHED	false
#endif

int main(void)
{
	const struct CMUnitTest threads[] = {
		cmocka_unit_test(finds_the_truth),
		cmocka_unit_test(is_the_same_in_any_number_of_threads),
		cmocka_unit_test(stops_when_told),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_truth),
		cmocka_unit_test(comes_from_far_away),
		cmocka_unit_test(knows_its_errors),
		cmocka_unit_test(tells_what_goes_together),
		cmocka_unit_test(leaves_what_it_cannot_tell),
		cmocka_unit_test(finds_what_hides_at_the_start),
		cmocka_unit_test(survives_what_is_singular),
		cmocka_unit_test(leaves_what_is_fixed),
		cmocka_unit_test(weighs_data_against_the_prior),
		cmocka_unit_test(counts_what_is_left_over),
		cmocka_unit_test(tells_classes_apart),
		cmocka_unit_test(knows_that_a_cell_errs_as_one),
		cmocka_unit_test(stays_within_bounds),
		cmocka_unit_test(stays_where_time_passes),
		cmocka_unit_test(is_the_same_in_any_number_of_threads),
		cmocka_unit_test(stops_when_told),
		cmocka_unit_test(refuses_bad_data),
		cmocka_unit_test(refuses_bad_options),
	};

	/* Where every access is watched, the rest would take minutes. */
	if (THREADS_WATCHED)
		return cmocka_run_group_tests(threads, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
