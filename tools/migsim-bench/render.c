/* SPDX-License-Identifier: MIT */
/*
 * One result object, four formats.
 */
#include <errno.h>

#include "render.h"

int render(FILE *out, const struct results *rs, enum format format)
{
	int err = -EINVAL;

	switch (format) {
	case FORMAT_TABLE:
		err = render_table(out, rs);
		break;
	case FORMAT_LKML:
		err = render_lkml(out, rs);
		break;
	case FORMAT_CSV:
		err = render_csv(out, rs);
		break;
	case FORMAT_JSON:
		err = render_json(out, rs);
		break;
	}
	/* A full disk shows only when the last buffer is written. */
	if (fflush(out) || ferror(out))
		return err ? err : -EIO;
	return err;
}
