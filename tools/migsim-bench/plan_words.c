/* SPDX-License-Identifier: MIT */
/*
 * What the words of the options mean: one setter for each dimension.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "plan.h"

/* Returned by a setter that has said what is wrong. */
#define SAID	(-ECANCELED)

#define DEFAULT_ENGINE	"memcpy"
#define DEFAULT_POLICY	"batch:pages=512"
#define KERNEL_POLICY	"batch:pages=512,copy=inline"
#define DEFAULT_PROFILE	"zen3-ptdma"

#define MAX_BUSY	1024

static bool is_kernel(const struct config *c)
{
	return !strcmp(c->backend, "kernel");
}

static int keep_word(char **where, const char *word)
{
	*where = strdup(word);
	return *where ? 0 : -ENOMEM;
}

static int set_backend(struct config *c, const char *word)
{
	c->untraced = !strcmp(word, "kernel:trace=off");
	if (c->untraced || !strcmp(word, "kernel:trace=on"))
		word = "kernel";
	if (strcmp(word, "uffd") && strcmp(word, "kernel") &&
	    strcmp(word, "model"))
		return -EINVAL;
	return keep_word(&c->backend, word);
}

static int set_folio(struct config *c, const char *word)
{
	int err = parse_mix(word, &c->mix);

	if (err == -EDOM)
		say("the percentages of %.100s do not add up to 100", word);
	else if (err == -EEXIST)
		say("%.100s names a folio size twice", word);
	else
		return err;
	return SAID;
}

/* The kernel copies by itself: by the CPU, or by DMA if it has the knobs. */
static int set_kernel_engine(struct config *c, const char *word)
{
	char space[256];
	int err;

	if (!word)
		return 0;
	if (strcmp(word, "memcpy") && strcmp(word, "dma") &&
	    strncmp(word, "dma:", 4)) {
		say("engine %.100s has no part in backend kernel, which copies by itself; take memcpy, dma:channels=N (the batch-copy series' knobs), or leave --engine out",
		    word);
		return SAID;
	}
	err = keep_word(&c->engine, word);
	if (!err)
		err = config_space(c, space, sizeof(space));
	if (!err && migsim_space_check(space))
		err = SAID;
	return err;
}

static int set_engine(struct config *c, const char *word)
{
	if (!word && !is_kernel(c))
		word = config_is_model(c) ? "model" : DEFAULT_ENGINE;
	if (is_kernel(c))
		return set_kernel_engine(c, word);
	return migsim_engine_check(word) ? SAID : keep_word(&c->engine, word);
}

static int set_policy(struct config *c, const char *word)
{
	if (!is_kernel(c))
		return migsim_policy_check(word) ? SAID :
						   keep_word(&c->policy, word);
	/* What the kernel does by itself may be said, as job files do. */
	if (!strcmp(word, DEFAULT_POLICY) || !strcmp(word, KERNEL_POLICY))
		return 0;
	say("policy %.100s has no part in backend kernel, which cuts its batches itself; leave --policy and --batch out",
	    word);
	return SAID;
}

static int set_profile(struct config *c, const char *word)
{
	if (config_is_model(c))
		return keep_word(&c->profile, word ? word : DEFAULT_PROFILE);
	if (!word)
		return 0;
	say("a profile belongs to backend model, and backend %s measures; leave --profile out",
	    c->backend);
	return SAID;
}

static int set_folios_per_call(struct config *c, const char *word)
{
	if (!word)
		return 0;
	if (parse_count(word, &c->folios_per_call) || !c->folios_per_call)
		return -EINVAL;
	return 0;
}

static int set_total(struct config *c, const char *word)
{
	return parse_size(word, &c->total) || !c->total ? -EINVAL : 0;
}

static int set_node(int *node, const char *word)
{
	uint64_t v;

	*node = -1;
	if (!word)
		return 0;
	if (parse_count(word, &v) || v > INT_MAX)
		return -EINVAL;
	*node = (int)v;
	return 0;
}

static int set_from(struct config *c, const char *word)
{
	return set_node(&c->from, word);
}

static int set_to(struct config *c, const char *word)
{
	return set_node(&c->to, word);
}

int choose(const char *word, const char *const *words)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return -EINVAL;
}

static const char *const layouts[] = { "contiguous", "scattered", NULL };
static const char *const pools[] = { "warm", "cold", NULL };
static const char *const modes[] = { "async", "sync", NULL };
static const char *const answers[] = { "no", "yes", NULL };

static int set_layout(struct config *c, const char *word)
{
	int i = choose(word, layouts);

	c->layout = i > 0 ? LAYOUT_SCATTERED : LAYOUT_CONTIGUOUS;
	if (i > 0 && config_is_model(c)) {
		say("layout scattered has no part in backend model, whose folios lie nowhere; leave --layout out");
		return SAID;
	}
	return i < 0 ? i : 0;
}

static int set_pool(struct config *c, const char *word)
{
	int i = choose(word, pools);

	c->cold_pool = i > 0;
	if (i > 0 && (is_kernel(c) || config_is_model(c))) {
		say("pool cold has no part in backend %s, which has no pool; leave --pool out",
		    c->backend);
		return SAID;
	}
	return i < 0 ? i : 0;
}

static int set_mode(struct config *c, const char *word)
{
	int i = choose(word, modes);

	c->mode = i > 0 ? MIGSIM_MODE_SYNC : MIGSIM_MODE_ASYNC;
	if (!i && is_kernel(c)) {
		say("mode async has no part in backend kernel: move_pages(2) is always sync; leave --mode out");
		return SAID;
	}
	return i < 0 ? i : 0;
}

static int set_verify(struct config *c, const char *word)
{
	int i = choose(word, answers);

	c->verify = i > 0;
	if (c->verify && config_is_model(c)) {
		say("there is no memory in backend model that could be verified; leave --verify out");
		return SAID;
	}
	return i < 0 ? i : 0;
}

static int set_read_after(struct config *c, const char *word)
{
	int i = choose(word, answers);

	c->read_after = i > 0;
	if (c->read_after && config_is_model(c)) {
		say("there is no memory in backend model that could be read; leave --read-after out");
		return SAID;
	}
	return i < 0 ? i : 0;
}

static int set_reason(struct config *c, const char *word)
{
	char all[256] = "";
	size_t at = 0;
	int i = migsim_reason_parse(word);

	if (i >= 0 && i != MIGSIM_REASON_SYSCALL && is_kernel(c)) {
		say("reason %.100s has no part in backend kernel: that of move_pages(2) is syscall_or_cpuset; leave --reason out",
		    word);
		return SAID;
	}
	if (i >= 0) {
		c->reason = (enum migsim_reason)i;
		return 0;
	}
	for (i = 0; i < MIGSIM_REASONS && at < sizeof(all); i++)
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s",
				       i ? ", " : "",
				       migsim_reason_name((enum migsim_reason)i));
	say("%.100s is no reason; there are %s", word, all);
	return SAID;
}

static int set_between(unsigned int *value, const char *word,
		       unsigned int least, unsigned int most)
{
	uint64_t v;

	if (parse_count(word, &v) || v < least || v > most)
		return -EINVAL;
	*value = (unsigned int)v;
	return 0;
}

static int set_runs(struct config *c, const char *word)
{
	return set_between(&c->runs, word, 1, 1000000);
}

static int set_warmup(struct config *c, const char *word)
{
	return set_between(&c->warmup, word, 0, 1000000);
}

static int set_busy(struct config *c, const char *word)
{
	if (set_between(&c->busy, word, 0, MAX_BUSY))
		return -EINVAL;
	if (!c->busy || !config_is_model(c))
		return 0;
	say("busy threads have no part in backend model, whose time is virtual; leave --busy out");
	return SAID;
}

static int set_load(struct config *c, const char *word)
{
	int err = load_parse(word, config_is_model(c), &c->load);

	return err == -EINVAL ? SAID : err;
}

/* @word: when nothing was given; NULL is for the setter to decide. */
static const struct dimension {
	int (*set)(struct config *c, const char *word);
	const char *word;
	const char *expected;
} dimensions[DIMENSIONS] = {
	[OPT_BACKEND] = { set_backend, "uffd", "a backend; there are uffd, kernel (or kernel:trace=off) and model" },
	[OPT_FOLIO] = { set_folio, "4K", "a folio size (4K, 8K, 16K and so on up to 2M), nor a mix such as 4K:80/2M:20" },
	[OPT_ENGINE] = { set_engine, NULL, "an engine" },
	[OPT_POLICY] = { set_policy, DEFAULT_POLICY, "a policy" },
	[OPT_PROFILE] = { set_profile, NULL, "a profile" },
	[OPT_FOLIOS_PER_CALL] = { set_folios_per_call, NULL, "a number of folios from 1" },
	[OPT_TOTAL] = { set_total, "1G", "a number of bytes from 1 to 2^64 (K, M or G may follow it)" },
	[OPT_FROM] = { set_from, NULL, "the number of a node" },
	[OPT_TO] = { set_to, NULL, "the number of a node" },
	[OPT_LAYOUT] = { set_layout, "contiguous", "a layout; there are contiguous and scattered" },
	[OPT_POOL] = { set_pool, "warm", "a kind of pool; there are warm and cold" },
	[OPT_MODE] = { set_mode, "sync", "a mode; there are async and sync" },
	[OPT_REASON] = { set_reason, "syscall_or_cpuset", "a reason" },
	[OPT_BUSY] = { set_busy, "0", "a number of threads from 0 to 1024" },
	[OPT_LOAD] = { set_load, "none", "a load" },
	[OPT_RUNS] = { set_runs, "5", "a number of runs from 1 to 1000000" },
	[OPT_WARMUP] = { set_warmup, "1", "a number of runs from 0 to 1000000" },
	[OPT_VERIFY] = { set_verify, "no", "yes or no" },
	[OPT_READ_AFTER] = { set_read_after, "no", "yes or no" },
};

int config_set(struct config *c, enum option_id id, const struct value *v,
	       size_t index)
{
	const struct dimension *d = &dimensions[id];
	const char *word = v->n ? v->words[index] : d->word;
	int err;

	say_where(v->where);
	err = d->set(c, word);
	if (err && err != SAID && err != -ENOMEM)
		say("%.100s is not %s", word, d->expected);
	say_where(NULL);
	if (err == -ENOMEM)
		return out_of_memory();
	return err ? EXIT_USAGE : 0;
}
