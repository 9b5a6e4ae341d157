/* SPDX-License-Identifier: MIT */
/*
 * Engines opened by themselves, by name and from a shared object. Needs BUILD,
 * the build directory, with the skeleton in it.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/migsim.h>

#include "own.h"
#include "said.h"

#define DEPTH	3

static const struct migsim_engine_env nowhere = { .from = -1, .to = -1 };

/* The skeleton with these options, which begin with a colon. */
static const char *skeleton(const char *options)
{
	static char word[512];
	const char *build = getenv("BUILD");

	assert_non_null(build);
	snprintf(word, sizeof(word), "%s/tests/libskeleton.so%s", build,
		 options);
	return word;
}

static void refused(const char *word, int err, const char *names)
{
	struct migsim_engine *e = NULL;

	*said = '\0';
	sentences = 0;
	assert_int_equal(migsim_engine_open(&e, word, &nowhere), err);
	assert_null(e);
	assert_int_equal(sentences, 1);
	if (!strstr(said, names))
		fail_msg("'%s' does not name '%s'", said, names);
}

/* Copies that fill the engine; checks that one more finds no room. */
static void submit_all(const struct migsim_engine *e, char (*dst)[64],
		       char (*src)[64])
{
	struct migsim_copy c[DEPTH + 1];
	unsigned int i;

	for (i = 0; i <= DEPTH; i++) {
		memset(src[i], 'a' + (int)i, 64);
		c[i] = (struct migsim_copy){
			.dst = dst[i], .src = src[i], .len = 64,
			.cookie = 100 + i, .lane = MIGSIM_LANE_ANY,
		};
	}
	assert_int_equal(e->ops->submit(e->priv, c, DEPTH + 1), DEPTH);
	assert_int_equal(e->ops->submit(e->priv, &c[DEPTH], 1), -EBUSY);
	e->ops->kick(e->priv);
}

static void an_object_is_an_engine(void **state)
{
	static _Alignas(64) char dst[DEPTH + 1][64], src[DEPTH + 1][64];
	struct migsim_completion done[DEPTH];
	struct migsim_engine *e;
	unsigned int n = 0, cookies = 0;
	int got;

	(void)state;
	assert_int_equal(migsim_engine_open(&e, skeleton(":depth=3"), &nowhere),
			 0);
	assert_string_equal(e->ops->name, "skeleton");
	assert_int_equal(e->caps.depth, DEPTH);
	assert_int_equal(e->caps.channels, 1);
	submit_all(e, dst, src);
	while (n < DEPTH) {
		got = e->ops->reap(e->priv, done, DEPTH - n, UINT64_MAX);
		assert_true(got > 0);
		n += (unsigned int)got;
		while (got--)
			cookies += (unsigned int)done[got].cookie;
	}
	assert_int_equal(cookies, 100 + 101 + 102);
	assert_memory_equal(dst, src, sizeof(dst[0]) * DEPTH);
	assert_int_equal(dst[DEPTH][0], 0);
	migsim_engine_close(e);
	assert_int_equal(sentences, 0);
}

/* It is found by its path alone: two objects may use one name. */
static void an_object_is_not_registered(void **state)
{
	const struct migsim_engine_ops *ops = migsim_engine_find(
		skeleton(":nonsense")), *other;
	unsigned int i;

	(void)state;
	assert_non_null(ops);
	assert_string_equal(ops->name, "skeleton");
	for (i = 0; (other = migsim_engine_get(i)); i++)
		assert_string_not_equal(other->name, "skeleton");
	refused("skeleton", -EINVAL, "memcpy");
	assert_ptr_equal(migsim_engine_find("memcpy:x"), migsim_engine_get(0));
	assert_null(migsim_engine_find("nobody"));
}

/* A call must not migrate what the object works with. */
static void its_variables_are_known(void **state)
{
	const struct migsim_engine_ops *ops = migsim_engine_find(skeleton(""));
	struct extent found;
	size_t i = 0;

	(void)state;
	assert_non_null(ops);
	assert_true(own_next(extent_of(ops, sizeof(*ops)), &i, &found));
}

static void other_objects_are_refused(void **state)
{
	Dl_info libc;
	char word[512];

	(void)state;
	assert_true(dladdr((void *)(uintptr_t)gnu_get_libc_version, &libc));
	refused(libc.dli_fname, -EINVAL, MIGSIM_ENGINE_SYMBOL);
	refused("./nothing/of/the/kind.so", -EINVAL, "kind.so");
	refused("/dev/null", -EINVAL, "/dev/null");
	refused("/", -EINVAL, "/");
	snprintf(word, sizeof(word), "%s", skeleton(":depth=0"));
	refused(word, -EINVAL, "4096");
	snprintf(word, sizeof(word), "%s", skeleton(":colour=red"));
	refused(word, -EINVAL, "it has: depth");
}

/* An engine of this program, which counts. */
static unsigned int closed;
static int open_err;
static uint32_t depth;

static int open_own(void **priv, const struct migsim_engine_env *env,
		    const void *args)
{
	(void)env;
	(void)args;
	*priv = &closed;
	return open_err;
}

static void close_own(void *priv)
{
	++*(unsigned int *)priv;
}

static void caps_own(void *priv, struct migsim_engine_caps *caps)
{
	(void)priv;
	caps->depth = depth;
}

static int submit_own(void *priv, const struct migsim_copy *c, uint32_t n)
{
	(void)priv;
	(void)c;
	(void)n;
	return -EOPNOTSUPP;
}

static int reap_own(void *priv, struct migsim_completion *done, uint32_t max,
		    uint64_t timeout_ns)
{
	(void)priv;
	(void)done;
	(void)max;
	(void)timeout_ns;
	return 0;
}

static void what_open_returns_is_returned(void **state)
{
	struct migsim_engine *e = NULL;

	(void)state;
	depth = 1;
	closed = 0;
	open_err = -ENODEV;
	assert_int_equal(migsim_engine_open(&e, "own", &nowhere), -ENODEV);
	assert_int_equal(closed, 0);
	open_err = 0;
	depth = 0;
	refused("own", -EINVAL, "depth");
	assert_int_equal(closed, 1);
	depth = 7;
	assert_int_equal(migsim_engine_open(&e, "own", &nowhere), 0);
	assert_int_equal(e->caps.depth, 7);
	migsim_engine_close(e);
	assert_int_equal(closed, 2);
	migsim_engine_close(NULL);
}

/* Its table ends before cancel, and something else lies behind it. */
static void an_older_engine_lacks_cancel(void **state)
{
	struct migsim_engine *e;

	(void)state;
	depth = 1;
	open_err = 0;
	assert_int_equal(migsim_engine_open(&e, "own", &nowhere), 0);
	assert_ptr_equal(e->ops->reap, reap_own);
	assert_null(e->ops->cancel);
	assert_null(e->ops->helper_cpu_ns);
	migsim_engine_close(e);
}

static struct migsim_engine_ops own = {
	.size = offsetof(struct migsim_engine_ops, cancel),
	.abi = MIGSIM_ENGINE_ABI, .name = "own", .help = "counts",
	.open = open_own, .close = close_own, .caps = caps_own,
	.submit = submit_own, .reap = reap_own,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_object_is_an_engine,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(an_object_is_not_registered,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(its_variables_are_known,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(other_objects_are_refused,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(what_open_returns_is_returned,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(an_older_engine_lacks_cancel,
						said_listen, said_quiet),
	};

	memset(&own.cancel, 0x5a, sizeof(own) - own.size);
	if (migsim_engine_register(&own))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
