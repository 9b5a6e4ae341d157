/* SPDX-License-Identifier: MIT */
#include <migsim/version.h>

const char *migsim_version(void)
{
	return MIGSIM_VERSION;
}
